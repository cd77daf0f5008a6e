"""The truth beside the exports: what every record means, what hangs on what, and what was planted."""

import numpy as np
import pandas as pd

from features.demo.exports.ledgers import Sheets

__all__ = ["export_truth"]


def export_truth(sheets: Sheets, repeated: dict[str, str], faults: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of truth by name; no reconciliation may read them.

    `node` has one row for every record of equipment (`node_id` empty for a stranger), `parent` the chain of nodes,
    `customer_area`, `application_area` and `repeat` what hangs on and repeats what, `fault` what was planted.
    """
    territory = sheets.territory
    nodes = territory.frame("node").drop_duplicates("node_id", keep="last")
    customers = territory.frame("customer").drop_duplicates("customer_id", keep="last")
    applications = territory.frame("application").drop_duplicates("application_id", keep="last")
    return {
        "node": _records(sheets, nodes, faults),
        "parent": nodes.loc[nodes["parent_id"].notna(), ["node_id", "parent_id"]].reset_index(drop=True),
        "customer_area": customers[["customer_id", "area_id"]]
        .rename(columns={"area_id": "node_id"})
        .reset_index(drop=True),
        "application_area": applications[["application_id", "node_id"]].reset_index(drop=True),
        "repeat": pd.DataFrame({"application_id": list(repeated), "repeats_id": list(repeated.values())}, dtype="str"),
        "fault": faults,
    }


def _records(sheets: Sheets, nodes: pd.DataFrame, faults: pd.DataFrame) -> pd.DataFrame:
    kind = nodes.set_index("node_id")["kind"].astype("str")
    parts = []
    for system in sheets.naming.ids:
        known = kind.index if system in ("marketing", "collection") else kind.index[kind != "area"]
        parts.append(
            pd.DataFrame(
                {
                    "system": system,
                    "source_id": sheets.naming.ids[system].loc[known].to_numpy(),
                    "kind": kind[known].to_numpy(),
                    "node_id": known,
                }
            )
        )
    banks = sheets.territory.frame("transformer").drop_duplicates("transformer_id")
    area = banks["node_id"].isin(sheets.territory.area_ids).to_numpy()
    for system, rows in (("assets", np.ones(len(banks), dtype=bool)), ("topology", area)):
        mine = banks[rows]
        ids = sheets.transformer_ids.loc[mine["transformer_id"], system].to_numpy()
        parts.append(
            pd.DataFrame(
                {"system": system, "source_id": ids, "kind": "transformer", "node_id": mine["node_id"].to_numpy()}
            )
        )
    strangers = faults.loc[faults["kind"] == "stranger", "subject"].str.removeprefix("assets:")
    parts.append(pd.DataFrame({"system": "assets", "source_id": strangers, "kind": "transformer", "node_id": None}))
    return pd.concat(parts, ignore_index=True).astype({"system": "str", "source_id": "str", "kind": "str"})
