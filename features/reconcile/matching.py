"""Records of equipment brought to nodes, level by level: what meter collection knows first, then the other systems.

The readings come under collection's identifiers, so those are the nodes' own. A record that nothing is like becomes a
node of its own where its system is trusted to know (marketing's areas), and work for people elsewhere.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.reconcile.ledgers import Ledgers
from features.reconcile.likeness import Among, Facts, Name, NodeFacts, evidence, probability
from features.reconcile.policy import ReconcilePolicy

__all__ = ["Match", "Matched", "match_equipment"]

_SYSTEMS = ("collection", "marketing", "topology", "assets")
_NEAR_DEG = 0.02
"""Places within this many degrees of each other are looked at as candidates."""
_SURER = 2.0

Scored = list[tuple[float, str, dict[str, float]]]
"""Candidates of a record, likeliest first: log odds, node, evidence."""


@dataclass(frozen=True)
class Match:
    """A record and the node it stands for or belongs to; `second` is the next likely node, with its probability."""

    record: str
    node_id: str
    score: float
    evidence: dict[str, float]
    second: str | None = None
    second_score: float = 0.0
    anchor: bool = False


@dataclass
class Matched:
    """Every record that found its node, by record; `doubtful` those that came near to one, or to several."""

    of: dict[str, Match] = field(default_factory=dict)
    doubtful: dict[str, Match] = field(default_factory=dict)
    nodes: dict[str, dict[str, NodeFacts]] = field(default_factory=lambda: defaultdict(dict))

    def node(self, record: str) -> str | None:
        """The node of a record, None where none was found."""
        found = self.of.get(record)
        return None if found is None else found.node_id


def match_equipment(ledgers: Ledgers, policy: ReconcilePolicy) -> Matched:
    """Bring every record that holds now to its node: substations, then feeders, areas, and the areas' transformers."""
    matched = Matched()
    facts = _Facts(ledgers, matched)
    for level in ("substation", "feeder", "area"):
        rows = ledgers.records[ledgers.records["kind"] == level]
        for system in _SYSTEMS:
            mine = [facts.of(record, row) for record, row in rows[rows["system"] == system].iterrows()]
            _match_one_to_one(matched, level, mine, policy, found_new=True)
    present = ledgers.records[ledgers.records["kind"] == "transformer"]
    for rows, system in [(rows, system) for rows in (present, ledgers.former) for system in _SYSTEMS]:
        mine = [facts.of(record, row) for record, row in rows[rows["system"] == system].iterrows()]
        for level in ("area", "substation"):
            _match_many_to_one(matched, level, [one for one in mine if facts.level_of[one.record] == level], policy)
    return matched


class _Facts:
    """Facts of records from the ledgers; parents as nodes, so the levels above must be matched before."""

    def __init__(self, ledgers: Ledgers, matched: Matched) -> None:
        self.matched = matched
        self.parents: dict[str, set[str]] = defaultdict(set)
        self.customers: dict[str, set[str]] = defaultdict(set)
        self.level_of: dict[str, str] = {}
        former = ledgers.links[ledgers.links["child"].isin(ledgers.former.index)]
        links = pd.concat([ledgers.standing, former])
        kinds = dict(zip(links["parent"], links["parent_kind"], strict=True))
        for child, parent in links.loc[
            ~links["child_kind"].isin(("customer", "meter")), ["child", "parent"]
        ].to_numpy():
            self.parents[child].add(parent)
        for customer, parent in ledgers.customer_says[["customer_id", "parent"]].to_numpy():
            self.customers[parent].add(customer)
        transformers = ledgers.records.index[ledgers.records["kind"] == "transformer"]
        for record in transformers.append(ledgers.former.index):
            above = {kinds[parent] for parent in self.parents[record]}
            self.level_of[record] = "substation" if "substation" in above else "area"

    def of(self, record: object, row: pd.Series) -> Facts:
        """What is known of one record."""
        name = str(record)
        parents = (self.matched.node(parent) for parent in self.parents[name])
        known = not math.isnan(row["longitude"]) and not math.isnan(row["latitude"])
        number = row["number"]
        return Facts(
            record=name,
            names=frozenset({(row["place"], None if pd.isna(number) else float(number))} if row["place"] else ()),
            reference=row["reference"] if isinstance(row["reference"], str) else None,
            parents=frozenset(parent for parent in parents if parent is not None),
            where=frozenset({row["where"]} if isinstance(row["where"], str) else ()),
            coordinates=(row["longitude"], row["latitude"]) if known else None,
            rating_kva=None if math.isnan(row["rating_kva"]) else float(row["rating_kva"]),
            customers=frozenset(self.customers[name]),
        )


class _Index:
    """Which nodes of a level a record might mean: those that share anything telling with it."""

    def __init__(self, nodes: dict[str, NodeFacts]) -> None:
        self.nodes = nodes
        self.by: dict[object, set[str]] = defaultdict(set)
        for node in nodes.values():
            for key in _node_keys(node):
                self.by[key].add(node.node_id)

    def candidates(self, facts: Facts) -> set[str]:
        """Nodes worth weighing for the record."""
        return {node for key in _keys(facts) for node in self.by.get(key, ())}


def _keys(facts: Facts) -> Iterable[object]:
    yield facts.record
    if facts.reference is not None:
        yield facts.reference
    yield from (("place", place) for place, _ in facts.names)
    yield from (("where", text) for text in facts.where)
    yield from (("customer", one) for one in sorted(facts.customers)[:20])
    yield from (("under", parent) for parent in facts.parents)
    if facts.coordinates is not None:
        x, y = (round(value / _NEAR_DEG) for value in facts.coordinates)
        yield from (("cell", x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1))


def _node_keys(node: NodeFacts) -> Iterable[object]:
    yield from node.records
    yield from node.references
    yield from (("place", place) for place, _ in node.names)
    yield from (("where", text) for text in node.where)
    yield from (("customer", one) for one in node.customers)
    yield from (("under", parent) for parent in node.parents)
    for place in node.coordinates:
        yield ("cell", *(round(value / _NEAR_DEG) for value in place))


def _owners(matched: Matched, nodes: dict[str, NodeFacts]) -> dict[str, str]:
    """The node each record was brought to, and each record that a node's record refers to."""
    owners = {reference: node.node_id for node in nodes.values() for reference in node.references}
    return owners | {record: match.node_id for record, match in matched.of.items()}


def _weighed(matched: Matched, level: str, mine: list[Facts], policy: ReconcilePolicy) -> list[tuple[Facts, Scored]]:
    """Every record with its candidates, likeliest first: log odds, node, evidence."""
    nodes = matched.nodes[level]
    named: Counter[Name | str] = Counter(name for node in nodes.values() for name in node.names)
    named.update(place for node in nodes.values() for place in {place for place, _ in node.names})
    index, among = _Index(nodes), Among(len(nodes), _owners(matched, nodes), named)
    # Before anything is looked at, each node of the level is as likely as the next.
    prior = policy.likeness.prior - math.log(max(len(nodes), 1))
    weighed = []
    for facts in mine:
        scored = []
        for node_id in sorted(index.candidates(facts)):
            found = evidence(facts, nodes[node_id], among, policy.likeness)
            scored.append((prior + sum(found.values()), node_id, found))
        weighed.append((facts, sorted(scored, key=lambda one: (-one[0], one[1]))))
    return weighed


def _match_one_to_one(
    matched: Matched, level: str, mine: list[Facts], policy: ReconcilePolicy, found_new: bool
) -> None:
    """Bring records of one system to nodes, no two to one node, so that the likelihood of all together is largest."""
    nodes = matched.nodes[level]
    if not nodes:
        for facts in mine:
            _found(matched, level, facts)
        return
    weighed = _weighed(matched, level, mine, policy)
    chosen = _assigned([[(score, node) for score, node, _ in scored] for _, scored in weighed])
    taken = {
        node_id: next(score for score, node, _ in scored if node == node_id)
        for (_, scored), node_id in zip(weighed, chosen, strict=True)
        if node_id is not None
    }
    for (facts, scored), node_id in zip(weighed, chosen, strict=True):
        match = _as_match(facts, scored, node_id, taken)
        if match is not None and match.score >= policy.accept:
            _bring(matched, nodes[match.node_id], facts, match)
            continue
        if match is not None and match.score > 1 - policy.accept:
            matched.doubtful[facts.record] = match
        elif found_new:
            _found(matched, level, facts)


def _match_many_to_one(matched: Matched, level: str, mine: list[Facts], policy: ReconcilePolicy) -> None:
    """Bring transformers to the node they belong to; a node may have several."""
    nodes = matched.nodes[level]
    for facts, scored in _weighed(matched, level, mine, policy):
        match = _as_match(facts, scored, scored[0][1] if scored else None)
        if match is not None and match.score >= policy.accept:
            _bring(matched, nodes[match.node_id], facts, match)
        elif match is not None and match.score > 1 - policy.accept:
            matched.doubtful[facts.record] = match


def _as_match(facts: Facts, scored: Scored, node_id: str | None, taken: dict[str, float] | None = None) -> Match | None:
    """The match to `node_id`, its score lowered by how likely the other candidates are.

    `taken` says by which log odds other nodes went to other records: what is another's far more surely is no rival.
    """
    mine = next(((score, found) for score, node, found in scored if node == node_id), None)
    if mine is None or node_id is None:
        return None
    taken = taken or {}
    others = [(s, node) for s, node, _ in scored if node != node_id and taken.get(node, -np.inf) < s + _SURER]
    odds = np.exp(np.clip([mine[0], *(score for score, _ in others)], -50, 50))
    second = others[0] if others else None
    return Match(
        record=facts.record,
        node_id=node_id,
        score=float(odds[0] / (1 + odds.sum())),
        evidence=mine[1],
        second=None if second is None else second[1],
        second_score=0.0 if second is None else probability(second[0]),
    )


def _assigned(candidates: list[list[tuple[float, str]]]) -> list[str | None]:
    """One node for each record, no node twice, the sum of log odds above zero as large as it can be."""
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes = sorted({node for row in candidates for score, node in row if score > 0})
    place = {node: i for i, node in enumerate(nodes)}
    pairs = [(r, place[n], s) for r, row in enumerate(candidates) for s, n in row if s > 0]
    chosen: list[str | None] = [None] * len(candidates)
    if not pairs:
        return chosen
    rows, columns, scores = (np.array(part) for part in zip(*pairs, strict=True))
    size = len(candidates) + len(nodes)
    graph = coo_array((np.ones(len(rows)), (rows, len(candidates) + columns)), shape=(size, size))
    _, group = connected_components(graph, directed=False)
    # Records that share no candidate have nothing to do with each other: many small problems instead of one large.
    order = np.argsort(group[rows], kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(group[rows][order])) + 1):
        r, r_at = np.unique(rows[part], return_inverse=True)
        c, c_at = np.unique(columns[part], return_inverse=True)
        gain = np.zeros((len(r), len(c)))
        gain[r_at, c_at] = scores[part]
        for i, j in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
            if gain[i, j] > 0:
                chosen[r[i]] = nodes[c[j]]
    return chosen


def _bring(matched: Matched, node: NodeFacts, facts: Facts, match: Match) -> None:
    matched.of[facts.record] = match
    node.add(facts)


def _found(matched: Matched, level: str, facts: Facts) -> None:
    """A node of its own: under collection's identifier where the record is collection's, else under the record's."""
    system, _, source_id = facts.record.partition(":")
    node = NodeFacts(source_id if system == "collection" else facts.record)
    matched.nodes[level][node.node_id] = node
    _bring(matched, node, facts, Match(facts.record, node.node_id, 1.0, {}, anchor=True))
