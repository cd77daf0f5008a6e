"""How likely it is that a record means a node: what is known of both, weighed and added up.

The weights are log odds (Fellegi and Sunter, A theory for record linkage, 1969), stated as policy: there are no
labelled pairs of a utility's ledgers to learn them from.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from features.reconcile.policy import Likeness

__all__ = ["Among", "Facts", "Name", "NodeFacts", "distance_m", "evidence", "probability"]

Name = tuple[str, float | None]
"""A place and the number of the thing there, None where it has none."""
_EARTH_M = 6_371_000.0
_VAGUE = 0.4
"""What a name that is nearly the same is worth of one that is the same."""
_WHERE_SAME, _WHERE_DIFFERS = 0.75, 0.4


@dataclass(frozen=True)
class Facts:
    """What is known of one record. `names` are (place, number); `parents` nodes it hangs on by its own system."""

    record: str
    names: frozenset[Name] = frozenset()
    reference: str | None = None
    parents: frozenset[str] = frozenset()
    where: frozenset[str] = frozenset()
    coordinates: tuple[float, float] | None = None
    rating_kva: float | None = None
    customers: frozenset[str] = frozenset()


@dataclass
class NodeFacts:
    """What is known of a node by the records that were brought to it so far."""

    node_id: str
    records: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    names: set[Name] = field(default_factory=set)
    parents: set[str] = field(default_factory=set)
    where: set[str] = field(default_factory=set)
    coordinates: list[tuple[float, float]] = field(default_factory=list)
    ratings_kva: set[float] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)

    def add(self, facts: Facts) -> None:
        """One more record means this node."""
        self.records.add(facts.record)
        self.names |= facts.names
        self.parents |= facts.parents
        self.where |= facts.where
        self.customers |= facts.customers
        if facts.reference is not None:
            self.references.add(facts.reference)
        if facts.coordinates is not None:
            self.coordinates.append(facts.coordinates)
        if facts.rating_kva is not None:
            self.ratings_kva.add(facts.rating_kva)


@dataclass(frozen=True)
class Among:
    """The nodes a record is compared with: what agreement is worth depends on how rarely it comes by chance.

    `owner_of` names the node that a record was brought to already, or that a reference claims.
    """

    nodes: int
    owner_of: Mapping[str, str]
    named: Mapping[Name | str, int]

    def rarity(self, name: Name | str) -> float:
        """Log of how many nodes there are for each of that name, or at each place of that name."""
        return math.log(max(self.nodes, 1) / max(self.named.get(name, 1), 1))


def evidence(facts: Facts, node: NodeFacts, among: Among, weights: Likeness) -> dict[str, float]:
    """What speaks for and against the record meaning the node: log odds by name of the evidence."""
    found: dict[str, float] = {}
    _reference(facts, node, among, weights, found)
    if facts.names and node.names:
        found["name"] = _name(facts.names, node.names, among, weights)
    if node.node_id in facts.parents:
        # A transformer of which its own ledger says on which station it stands.
        found["parent"] = weights.reference + math.log(max(among.nodes, 1))
    elif facts.parents and node.parents:
        found["parent"] = weights.parent_same if facts.parents & node.parents else weights.parent_differs
    if facts.where and node.where:
        likeness = max(_dice(a, b) for a in facts.where for b in node.where)
        if likeness >= _WHERE_SAME:
            found["location"] = weights.location_same
        elif likeness < _WHERE_DIFFERS:
            found["location"] = weights.location_differs
    if facts.coordinates is not None and node.coordinates:
        metres = min(distance_m(facts.coordinates, other) for other in node.coordinates)
        if metres < weights.near_m:
            found["distance"] = weights.near
        elif metres > weights.far_m:
            found["distance"] = weights.far
    if facts.rating_kva is not None and node.ratings_kva:
        same = any(math.isclose(facts.rating_kva, other, rel_tol=0.01) for other in node.ratings_kva)
        found["rating"] = weights.rating_same if same else weights.rating_differs
    if facts.customers and node.customers:
        found["customers"] = _shared(facts.customers, node.customers, weights)
    return found


def _reference(facts: Facts, node: NodeFacts, among: Among, weights: Likeness, found: dict[str, float]) -> None:
    """Either keeps the identifier of the other, or of something else that is known."""
    owners = {among.owner_of.get(name) for name in (facts.reference, facts.record) if name is not None} - {None}
    if facts.reference in node.records or facts.record in node.references:
        found["reference"] = weights.reference + math.log(max(among.nodes, 1))
    elif owners:
        found["reference"] = weights.reference_elsewhere


def _name(mine: Iterable[Name], others: Iterable[Name], among: Among, weights: Likeness) -> float:
    """The best that any name of the one scores against any name of the other."""
    return max(_name_pair(one, other, among, weights) for one in mine for other in others)


def _name_pair(one: Name, other: Name, among: Among, weights: Likeness) -> float:
    (place, number), (place_too, number_too) = one, other
    if place == place_too:
        if number == number_too:
            return weights.name_same + among.rarity(other)
        # One of them may not say which of the place it is; two numbers are two things.
        vague = number is None or number_too is None
        return _VAGUE * weights.name_same + among.rarity(place) if vague else weights.name_number_differs
    close = number == number_too and _dice(place, place_too) >= _WHERE_SAME
    return _VAGUE * weights.name_same if close else weights.name_place_differs


def _shared(mine: frozenset[str], others: set[str], weights: Likeness) -> float:
    """Customers of both over those of the smaller: a record of one transformer has a part of the area's."""
    share = len(mine & others) / min(len(mine), len(others))
    sure = min(1.0, min(len(mine), len(others)) / 5)
    return sure * (weights.customers_differ + (weights.customers_same - weights.customers_differ) * share)


def _dice(a: str, b: str) -> float:
    """Shared pairs of neighbouring signs (Dice's coefficient): 1 for equal texts, 0 for nothing in common."""
    if a == b:
        return 1.0
    first, second = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (a, b))
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Metres between two (longitude, latitude), on a sphere small enough to be flat."""
    east = math.radians(b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return _EARTH_M * math.hypot(east, math.radians(b[1] - a[1]))


def probability(log_odds: float) -> float:
    """The probability of log odds, without overflow."""
    return 1 / (1 + math.exp(-max(min(log_odds, 50.0), -50.0)))
