"""Rows of `link`: everything reconciliation holds for true, with its score and what speaks for it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from features.contracts import AVAILABLE_AT
from features.frames import each_row
from features.reconcile.applications import Placed
from features.reconcile.ledgers import Ledgers
from features.reconcile.matching import Match, Matched
from features.reconcile.rows import framed
from features.reconcile.votes import Parent

__all__ = ["link_rows"]

Row = dict[str, Any]


def link_rows(
    ledgers: Ledgers, matched: Matched, upstream: Iterable[Parent], customers: Iterable[Parent], placed: Placed
) -> pd.DataFrame:
    """One row for every link, those of the past included where a ledger tells of them."""
    customers = list(customers)
    rows = [*_of_records(ledgers, matched)]
    rows += [_of_parent("parent", one) for one in upstream]
    rows += [_of_parent("area", one) for one in customers]
    rows += _past(ledgers, matched, {one.child: one.valid_from for one in customers})
    rows += _of_applications(placed)
    return framed("link", rows)


def _of_records(ledgers: Ledgers, matched: Matched) -> Iterator[Row]:
    """Records of systems and the node each stands for or belongs to."""
    records = pd.concat([ledgers.records, ledgers.former])
    known = records[AVAILABLE_AT].to_dict()
    began = records["valid_from"].to_dict()
    until = records["valid_to"].to_dict()
    kinds = records["kind"].to_dict()
    first = {
        node_id: min(known[r] for r in node.records) for ns in matched.nodes.values() for node_id, node in ns.items()
    }
    for record, match in sorted(matched.of.items()):
        relation = "transformer" if kinds[record] == "transformer" else "node"
        # It takes both: the record, and something of the node to compare it with.
        moment = max(known[record], first[match.node_id])
        yield {
            "relation": relation,
            "from_id": record,
            "to_id": match.node_id,
            "score": round(match.score, 6),
            "method": _method(match),
            "evidence": json.dumps({name: round(odds, 2) for name, odds in sorted(match.evidence.items())}),
            "valid_from": began[record],
            "valid_to": until[record],
            AVAILABLE_AT: moment,
        }


def _method(match: Match) -> str:
    """By key where an identifier alone would have done, else by likeness."""
    if match.anchor:
        return "key"
    reference = match.evidence.get("reference", 0.0) > 0 or match.evidence.get("customers", 0.0) > 0
    return "key" if reference else "likeness"


def _of_parent(relation: str, one: Parent) -> Row:
    return {
        "relation": relation,
        "from_id": one.child,
        "to_id": one.parent,
        "score": round(one.score, 6),
        "method": one.method,
        "evidence": one.evidence,
        "valid_from": one.valid_from,
        "valid_to": pd.NaT,
        AVAILABLE_AT: one.available_at,
    }


def _past(ledgers: Ledgers, matched: Matched, began: dict[str, pd.Timestamp]) -> Iterator[Row]:
    """Where customers hung before, as marketing tells: its word is all there is of the past."""
    rows = ledgers.links
    rows = rows[(rows["child_kind"] == "customer") & (rows["system"] == "marketing") & rows["valid_to"].notna()]
    for row in each_row(rows.sort_values(["child", "valid_from"])):
        node, child = matched.node(str(row.parent)), str(row.child)
        since = began.get(child)
        if node is None or row.valid_to > ledgers.now or (since is not None and row.valid_from >= since):
            continue
        yield {
            "relation": "area",
            "from_id": child,
            "to_id": node,
            "score": 0.9,
            "method": "ledger",
            "evidence": json.dumps({"says": {"marketing": [node]}}),
            "valid_from": row.valid_from,
            "valid_to": row.valid_to if since is None else min(row.valid_to, since),
            AVAILABLE_AT: row.available_at,
        }


def _of_applications(placed: Placed) -> Iterator[Row]:
    """Which area an application is for, and which earlier one it repeats."""
    same = ("applicant_id", "site_id", "kind", "kva")
    for relation, column, keys, frame in (
        ("application", "node_id", ("area_id",), placed.matched),
        ("repeats", "repeats_id", same, placed.repeated),
    ):
        for row in frame.drop_duplicates("application_id", keep="first").to_dict("records"):
            yield {
                "relation": relation,
                "from_id": row["application_id"],
                "to_id": row[column],
                "score": 1.0,
                "method": "key",
                "evidence": json.dumps({key: row[key] for key in keys}, ensure_ascii=False, sort_keys=True),
                "valid_from": row["submitted_at"],
                "valid_to": pd.NaT,
                AVAILABLE_AT: row[AVAILABLE_AT],
            }
