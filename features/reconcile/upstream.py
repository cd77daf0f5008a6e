"""The feeder of every area and the substation of every feeder."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT
from features.reconcile.balance import gain
from features.reconcile.ledgers import Ledgers
from features.reconcile.matching import Matched
from features.reconcile.policy import ReconcilePolicy
from features.reconcile.readings import Readings
from features.reconcile.votes import Dispute, Outcome, Parent, agreed, decided, spoken, votes

__all__ = ["parents_of_nodes"]


def parents_of_nodes(ledgers: Ledgers, matched: Matched, readings: Readings, policy: ReconcilePolicy) -> Outcome:
    """The feeder of every area and the substation of every feeder."""
    found: list[Parent] = []
    disputes: list[Dispute] = []
    says = _node_says(ledgers, matched)
    for level in ("feeder", "area"):
        mine = {node: says[node] for node in sorted(matched.nodes[level]) if node in says}
        settled = {node: next(iter(_named(said))) for node, said in mine.items() if len(_named(said)) == 1}
        for node, said in mine.items():
            if node in settled:
                found.append(agreed(node, settled[node], said))
                continue
            disputes.append(Dispute(node, spoken(said)))
            found.append(_by_balance(node, said, settled, readings, policy))
    return found, disputes


def _node_says(ledgers: Ledgers, matched: Matched) -> dict[str, pd.DataFrame]:
    """What systems say of every node's parent: frames of `system`, `parent`, `valid_from`, `available_at`."""
    rows = ledgers.standing[~ledgers.standing["child_kind"].isin(("customer", "meter"))]
    frame = rows.assign(child=rows["child"].map(matched.node), parent=rows["parent"].map(matched.node))
    frame = frame.dropna(subset=["child", "parent"])
    # A substation's own transformer hangs on the substation: that says nothing of the network.
    frame = frame[frame["child"] != frame["parent"]]
    columns = ["system", "parent", "valid_from", AVAILABLE_AT]
    return {str(node): part[columns] for node, part in frame.groupby("child")}


def _named(said: pd.DataFrame) -> set[str]:
    return set(said["parent"])


def _by_balance(
    node: str, said: pd.DataFrame, settled: Mapping[str, str], readings: Readings, policy: ReconcilePolicy
) -> Parent:
    odds = votes(said, policy)
    members = {parent: sorted(child for child, held in settled.items() if held == parent) for parent in odds}
    everyone = [node, *odds, *(child for part in members.values() for child in part)]
    loads = readings.loads(everyone, policy.comovement.days)
    place = {name: row for row, name in enumerate(everyone)}
    measured = {}
    if loads.shape[1]:
        for parent, part in members.items():
            others = loads[[place[child] for child in part]].sum(axis=0) if part else np.zeros(loads.shape[1])
            measured[parent] = gain(loads[place[parent]], others, loads[place[node]])
    told = measured if any(measured.values()) else None
    return decided(node, said, odds, told, "load", policy, readings.known_at)
