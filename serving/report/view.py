"""The rows a person reads, drawn from a publication: tightest, roomiest, by feeder, what binds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from serving.report.words import reason_words

__all__ = ["block_columns", "by_feeder", "by_reason", "roomiest", "standing", "summary", "tightest", "under_name"]


def block_columns(capacity: pd.DataFrame) -> list[str]:
    """The columns of the six time-of-day blocks, in order."""
    return [name for name in (f"block_kva_{k}" for k in range(6)) if name in capacity]


def tightest(capacity: pd.DataFrame, count: int, kind: str = "area") -> pd.DataFrame:
    """The `count` nodes of one kind with the least open capacity, the most loaded first among equals."""
    known = _known(capacity, kind)
    return known.sort_values(["open_kva", "use", "node_id"], ascending=[True, False, True]).head(count)


def roomiest(capacity: pd.DataFrame, count: int, kind: str = "area") -> pd.DataFrame:
    """The `count` nodes of one kind with the most open capacity, the least loaded first among equals."""
    known = _known(capacity, kind)
    return known.sort_values(["open_kva", "use", "node_id"], ascending=[False, True, True]).head(count)


def _known(capacity: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Nodes with a published figure; `use` is the P95 peak as a share of the limit."""
    part = capacity[(capacity["kind"] == kind) & capacity["open_kva"].notna()].copy()
    limit = part["limit_kw"].where(part["limit_kw"] > 0)
    part["use"] = part["peak_p95_kw"] / limit
    part["status"] = [standing(row) for _, row in part.iterrows()]
    part["why"] = [reason_words(code) for code in part["reason"]]
    if "voltage_node_id" in part:
        low = part["reason"] == "VOLTAGE_LOW"
        hour = pd.to_datetime(part.loc[low, "voltage_at"], utc=True).dt.strftime("%Y-%m-%d %H:%M UTC")
        part.loc[low, "why"] += ", lowest at " + part.loc[low, "voltage_node_id"].astype(str) + " in an hour as " + hour
    return part


def by_feeder(capacity: pd.DataFrame, parents: pd.Series) -> list[dict[str, Any]]:
    """One row per substation and, below it, per feeder: peak against limit, the shared pool, the areas' figures.

    `parents` maps node_id to the node above. Areas' figures are not additive, so their spread is told, not a sum.
    """
    rows = []
    indexed = capacity.set_index("node_id", drop=False)
    children = parents.reindex(capacity["node_id"]).to_numpy()
    substations = list(indexed.index[indexed["kind"] == "substation"])
    feeders = indexed.index[indexed["kind"] == "feeder"]
    orphans = [f for f in feeders if parents.get(f) not in set(substations)]
    for top in [*substations, None]:
        below = orphans if top is None else [f for f in feeders if parents.get(f) == top]
        for node in ([] if top is None else [top]) + below:
            areas = capacity[(children == node) & (capacity["kind"] == "area").to_numpy()]
            rows.append(_level_row(indexed.loc[node], areas["open_kva"]))
    return rows


def _level_row(node: pd.Series, areas: pd.Series) -> dict[str, Any]:
    limit = float(node["limit_kw"]) if pd.notna(node["limit_kw"]) and node["limit_kw"] > 0 else np.nan
    known = areas.dropna()
    return {
        "node_id": node["node_id"],
        "name": node["name"],
        "kind": node["kind"],
        "limit_kw": limit,
        "p50": float(node["peak_p50_kw"]) / limit,
        "p95": float(node["peak_p95_kw"]) / limit,
        "pool_kva": node["pool_kva"],
        "confidence": node["confidence"],
        "areas": len(areas),
        "poor": int(areas.isna().sum()),
        "full": int((known <= 0).sum()),
        "median_kva": float(known.median()) if len(known) else np.nan,
        "standing": standing(node),
    }


def standing(row: pd.Series) -> str:
    """`scenario: BEYOND_FIRM_HORIZON` of a row of a publication; empty where its figures are firm."""
    reason = row.get("standing_reason")
    return f"{row['standing']}: {reason}" if isinstance(reason, str) else ""


def by_reason(capacity: pd.DataFrame) -> list[dict[str, Any]]:
    """What binds the areas: count per reason code with the levels at which it binds, most frequent first."""
    areas = capacity[capacity["kind"] == "area"]
    rows = []
    for code, part in areas.groupby("reason", sort=True):
        rows.append(
            {
                "code": str(code),
                "words": reason_words(code),
                "areas": len(part),
                "share": len(part) / len(areas),
                "median_kva": float(part["open_kva"].median()) if part["open_kva"].notna().any() else np.nan,
            }
        )
    return sorted(rows, key=lambda row: (-row["areas"], row["code"]))


def summary(capacity: pd.DataFrame) -> dict[str, Any]:
    """The figures at the top of the page."""
    areas = capacity[capacity["kind"] == "area"]
    known = areas["open_kva"].dropna()
    upper = capacity[capacity["kind"] != "area"]
    return {
        "nodes": len(capacity),
        "areas": len(areas),
        "answered": len(known),
        "poor": int(areas["open_kva"].isna().sum()),
        "full": int((known <= 0).sum()),
        "median_kva": float(known.median()) if len(known) else np.nan,
        "upper_full": int((upper["pool_kva"] <= 0).sum()),
        "upper": len(upper),
        "scenarios": int(capacity["standing_reason"].notna().sum()) if "standing_reason" in capacity else 0,
        "assumed": int(capacity["rating_assumed"].fillna(False).astype(bool).sum()),
    }


def under_name(ids: Sequence[str], names: pd.Series) -> list[str]:
    """`name (id)` for each id, the id alone where no name is known."""
    return [f"{names[i]} ({i})" if i in names.index and names[i] != i else i for i in ids]
