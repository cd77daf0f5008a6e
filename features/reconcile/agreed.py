"""What the ledgers come to once they agree: nodes, transformers, customers and applications under one set of names."""

from collections.abc import Iterable, Mapping

import pandas as pd

from features.contracts import AVAILABLE_AT
from features.frames import each_row
from features.reconcile.applications import Placed
from features.reconcile.ledgers import Ledgers, record_id
from features.reconcile.matching import Matched
from features.reconcile.policy import ReconcilePolicy
from features.reconcile.ratings import Rating
from features.reconcile.rows import framed
from features.reconcile.votes import Parent

__all__ = ["application_rows", "customer_rows", "node_rows", "transformer_rows"]

_NAMED_BY = ("marketing", "collection", "assets", "topology")
_RATED_BY = ("assets", "marketing", "topology", "collection")


def node_rows(ledgers: Ledgers, matched: Matched, parents: Iterable[Parent], policy: ReconcilePolicy) -> pd.DataFrame:
    """Rows of `node`: one for every period in which the system that names a node's hall says the same of it.

    A feeder's rating is what the first system that rates it says; an area's and a substation's are their
    transformers'. The parent is the one held now.
    """
    parent = {one.child: one for one in parents}
    rows = ledgers.frames["ledger_node"]
    rows = rows.assign(record=record_id(rows["system"], rows["source_id"]))
    periods = dict(iter(rows.groupby("record")))
    made = []
    for level in ("substation", "feeder", "area"):
        for node_id, node in sorted(matched.nodes[level].items()):
            everything = ledgers.records.loc[sorted(node.records & set(ledgers.records.index))]
            mine = everything[everything["kind"] == level]
            facts = _node_facts(mine, everything, level)
            held = parent.get(node_id)
            facts |= {"node_id": node_id, "kind": level, "parent_id": None if held is None else held.parent}
            known = mine[AVAILABLE_AT].max()
            if held is not None:
                known = max(known, held.available_at)
            teller = _first(mine, _NAMED_BY)
            for period in each_row(periods[teller]):
                hall = period.hall_id if isinstance(period.hall_id, str) else facts["hall_id"]
                span = {"valid_from": period.valid_from, "valid_to": period.valid_to}
                made.append(facts | span | {"hall_id": hall, AVAILABLE_AT: max(known, period.available_at)})
    return framed("node", made, power_factor=policy.power_factor, allowed_utilisation=policy.allowed_utilisation)


def _first(records: pd.DataFrame, order: tuple[str, ...], column: str | None = None) -> str:
    """The first record by order of systems (that says anything in `column`); any, where none does."""
    usable = records if column is None else records[records[column].notna()]
    usable = usable if len(usable) else records
    rank = usable["system"].astype("str").map({system: place for place, system in enumerate(order)})
    return str(usable.assign(rank=rank).sort_values("rank", kind="stable").index[0])


def _node_facts(mine: pd.DataFrame, everything: pd.DataFrame, level: str) -> dict[str, object]:
    """Name, hall, place and rating of a node from the records that should know best.

    An area stands where its transformers do: `everything` has them beside the records of the node itself.
    """
    place = everything.loc[_first(everything, ("topology", "assets", "marketing", "collection"), "longitude")]
    hall = mine.loc[_first(mine, ("marketing", "assets", "collection", "topology"), "hall_id"), "hall_id"]
    name = mine.loc[_first(mine, _NAMED_BY, "name"), "name"]
    rated = mine.loc[_first(mine, _RATED_BY, "rating_kva"), "rating_kva"]
    return {
        "name": name if isinstance(name, str) else str(mine.index[0]),
        "hall_id": hall if isinstance(hall, str) else None,
        "longitude": place["longitude"],
        "latitude": place["latitude"],
        "rating_kva": rated if level == "feeder" else float("nan"),
        "rating_assumed": False,
        "weather_station_id": None,
    }


def transformer_rows(ledgers: Ledgers, matched: Matched, held: Mapping[str, Rating]) -> pd.DataFrame:
    """Rows of `transformer`: the asset ledger's, all periods; where it has none of an area, marketing's capacity."""
    rows = ledgers.frames["ledger_node"]
    rows = rows.assign(record=record_id(rows["system"], rows["source_id"]))
    rows = rows.assign(node_id=rows["record"].map(matched.node)).dropna(subset=["node_id", "rating_kva"])
    assets = rows[(rows["system"] == "assets") & (rows["kind"] == "transformer")]
    rated = set(assets["node_id"])
    other = rows[(rows["system"] == "marketing") & (rows["kind"] == "area") & ~rows["node_id"].isin(rated)]
    both = pd.concat([assets, other])
    both = both[both["rating_kva"] >= 1]
    in_va = both["record"].map({record: rating.in_va for record, rating in held.items()}).fillna(False).astype(bool)
    frame = both.assign(transformer_id=both["source_id"], phases=3)
    frame["rating_kva"] = frame["rating_kva"].where(~in_va, frame["rating_kva"] / 1000)
    return framed("transformer", frame, rating_summer_kva=float("nan"), rating_winter_kva=float("nan"))


def customer_rows(ledgers: Ledgers, links: pd.DataFrame) -> pd.DataFrame:
    """Rows of `customer`: every period of a link to an area crossed with every period of the account."""
    area = links[links["relation"] == "area"]
    area = area.rename(columns={"from_id": "customer_id", "to_id": "area_id"})
    account = ledgers.frames["ledger_customer"]
    both = area[["customer_id", "area_id", "valid_from", "valid_to", AVAILABLE_AT]].merge(
        account, on="customer_id", suffixes=("_link", "")
    )
    both["valid_from"] = both[["valid_from", "valid_from_link"]].max(axis=1)
    both["valid_to"] = both[["valid_to", "valid_to_link"]].min(axis=1)
    both[AVAILABLE_AT] = both[[AVAILABLE_AT, f"{AVAILABLE_AT}_link"]].max(axis=1)
    both = both[both["valid_to"].isna() | (both["valid_to"] > both["valid_from"])]
    return framed("customer", both)


def application_rows(placed: Placed) -> pd.DataFrame:
    """Rows of `application`: every version of those that match an area and repeat nothing."""
    frame = placed.matched.assign(requested_kva=_mended_kva(placed))
    return framed("application", frame)


def _mended_kva(placed: Placed) -> pd.Series:
    """The capacity as each version writes it, a thousandth where VA were written."""
    written = placed.matched["requested_kva"]
    wrong = placed.matched["application_id"].isin(placed.in_va)
    return written.where(~wrong, written / 1000)
