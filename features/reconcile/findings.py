"""What reconciliation found wrong, as findings for work items: one kind of fault after the other."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from features.frames import each_row
from features.reconcile.items import Finding
from features.reconcile.ledgers import EQUIPMENT, Ledgers
from features.reconcile.matching import Match, Matched
from features.reconcile.policy import ReconcilePolicy
from features.reconcile.ratings import RatingFault
from features.reconcile.votes import Dispute, Parent

__all__ = ["find_in_applications", "find_in_customers", "find_in_nodes", "find_in_ratings", "find_in_records"]

_EXPECTED = {
    "substation": ("collection", "marketing", "assets", "topology"),
    "feeder": ("collection", "marketing", "assets", "topology"),
    "area": ("collection", "marketing"),
    "transformer": ("assets", "topology"),
}
"""The systems whose records of a level should have a counterpart elsewhere."""


def find_in_records(
    ledgers: Ledgers, matched: Matched, policy: ReconcilePolicy, hall: Mapping[str, str]
) -> list[Finding]:
    """Records without a counterpart, matches that are not clear, and references that point elsewhere."""
    found = []
    records = ledgers.records
    alone = _alone(matched)
    for record, row in records[records["kind"].isin(EQUIPMENT)].iterrows():
        name, match = str(record), matched.of.get(str(record))
        if row["system"] not in _EXPECTED[row["kind"]]:
            continue
        node = None if match is None else match.node_id
        unit = hall.get(node or "", row["hall_id"] if isinstance(row["hall_id"], str) else None)
        says = {row["system"]: {"name": row["name"], "kind": row["kind"]}}
        doubt = matched.doubtful.get(name)
        if doubt is not None:
            found.append(Finding("doubtful_match", name, says | _rivals(doubt), None, doubt.node_id, unit))
        elif match is None or (match.anchor and node in alone):
            found.append(Finding("unmatched_record", name, says, node, node, unit))
        elif not match.anchor and match.score < policy.clear:
            found.append(Finding("doubtful_match", name, says | _rivals(match), node, node, unit))
        if match is not None and _points_elsewhere(row["reference"], match, matched, records):
            told = says | {"reference": row["reference"], "leads_to": matched.node(row["reference"])}
            found.append(Finding("reference_disagrees", name, told, node, node, unit))
    return found


def _alone(matched: Matched) -> set[str]:
    """Nodes that one record alone stands for."""
    return {
        node_id
        for nodes in matched.nodes.values()
        for node_id, node in nodes.items()
        if len({record.partition(":")[0] for record in node.records}) == 1
    }


def _rivals(match: Match) -> dict[str, object]:
    rivals = {match.node_id: round(match.score, 3)}
    if match.second is not None:
        rivals[match.second] = round(match.second_score, 3)
    return {"candidates": rivals}


def _points_elsewhere(reference: object, match: Match, matched: Matched, records: pd.DataFrame) -> bool:
    """The record keeps an identifier that exists in the other system and means another node."""
    if not isinstance(reference, str) or reference not in records.index:
        return False
    other = matched.node(reference)
    return other is not None and other != match.node_id


def find_in_ratings(faults: Sequence[RatingFault], hall: Mapping[str, str]) -> list[Finding]:
    """Ratings that differ between systems, and ratings written in VA."""
    return [Finding(f.kind, f.record, f.says, f"{f.held_kva:g} kVA", f.node_id, hall.get(f.node_id)) for f in faults]


def find_in_nodes(disputes: Sequence[Dispute], held: Sequence[Parent], hall: Mapping[str, str]) -> list[Finding]:
    """Nodes that systems hang on different ones."""
    parent = {one.child: one.parent for one in held}
    return [
        Finding("parent_disagrees", one.child, one.says, parent.get(one.child), one.child, hall.get(one.child))
        for one in disputes
    ]


def find_in_customers(
    ledgers: Ledgers, matched: Matched, disputes: Sequence[Dispute], held: Sequence[Parent], hall: Mapping[str, str]
) -> list[Finding]:
    """Customers that systems hang on different areas, meters on two areas at once, and links that lead to nothing."""
    area = {one.child: one.parent for one in held}
    found = []
    for one in disputes:
        node = area.get(one.child)
        unit = hall.get(node or "")
        if one.twice is None:
            found.append(Finding("area_disagrees", one.child, one.says, node, node, unit))
        else:
            meter = str(ledgers.meter_of_customer.get(one.child, one.child))
            found.append(Finding("meter_on_two_areas", meter, one.says, node, node, unit))
    found += _orphans(ledgers, matched, area, hall)
    return found


def _orphans(ledgers: Ledgers, matched: Matched, area: Mapping[str, str], hall: Mapping[str, str]) -> Iterator[Finding]:
    """What points to something its own system does not have."""
    links = ledgers.standing
    for row in each_row(links[~links["parent"].isin(ledgers.records.index)]):
        child = str(row.child)
        node = area.get(child) or matched.node(child)
        yield Finding("orphan_record", child, {str(row.system): str(row.parent_id)}, node, node, hall.get(node or ""))


def find_in_applications(aside: pd.DataFrame, in_va: Sequence[str], matched: pd.DataFrame) -> list[Finding]:
    """Applications that match no area, and those whose capacity was written in VA."""
    latest = aside.drop_duplicates("application_id", keep="last")
    found = []
    for row in each_row(latest):
        hall = row.hall_id if isinstance(row.hall_id, str) else None
        says = {"marketing": row.area_id if isinstance(row.area_id, str) else None}
        found.append(Finding("unmatched_application", str(row.application_id), says, None, None, hall))
    wrong = matched[matched["application_id"].isin(in_va)].drop_duplicates("application_id", keep="last")
    for row in each_row(wrong):
        hall = row.hall_id if isinstance(row.hall_id, str) else None
        written = {"marketing": float(row.requested_kva)}
        held = f"{row.kva:g} kVA"
        found.append(Finding("unit_suspected", str(row.application_id), written, held, str(row.node_id), hall))
    return found
