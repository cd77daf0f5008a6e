"""Who sees what: the part of the organisation a key asks about, as halls, as units with all below them, as nodes."""

from collections.abc import Iterator

from serving.access import Principal, Scope
from serving.holdings import Holdings, Node, Unit
from serving.refusals import FieldFault, OutOfScopeError, UnknownNodeError, UnknownUnitError

__all__ = ["Orgs"]


class Orgs:
    """The organisation as it is now, seen by one key or another."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings

    def halls(self, who: Principal, org_unit: str | None) -> frozenset[str] | None:
        """Units whose things may be shown: those of `org_unit` and below, or all the key sees (None: everything)."""
        territory = self.holdings.territory()
        scope = Scope.of(who, territory.parents)
        if org_unit is None:
            return scope.units
        if org_unit not in territory.parents:
            message = f"org unit {org_unit} is unknown"
            raise UnknownUnitError(message, [FieldFault("org_unit", message)])
        scope.require(org_unit, f"org unit {org_unit}")
        return territory.below(org_unit)

    def units(self, who: Principal, org_unit: str | None) -> Iterator[tuple[Unit, frozenset[str]]]:
        """Each unit the key asks about, from above to below, with all units below it and itself."""
        territory, seen = self.holdings.territory(), self.halls(who, org_unit)
        wanted = [unit for unit in territory.units.values() if seen is None or unit.unit_id in seen]
        depth = {"company": 0, "department": 1, "hall": 2}
        for unit in sorted(wanted, key=lambda one: (depth.get(one.kind, 3), one.unit_id)):
            yield unit, territory.below(unit.unit_id)

    def node(self, who: Principal, node_id: str) -> Node:
        """A node the key sees; refuses one nobody knows, and one that is not its own."""
        territory = self.holdings.territory()
        if node_id not in territory.nodes:
            message = f"node {node_id} is unknown"
            raise UnknownNodeError(message, [FieldFault("node_id", message)])
        node = territory.nodes[node_id]
        if not Scope.of(who, territory.parents).covers(node.hall_id):
            raise OutOfScopeError(
                f"node {node_id} is outside the org unit of this key", [FieldFault("node_id", "out of scope")]
            )
        return node
