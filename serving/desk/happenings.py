"""The use case of events: listed by the key's own scope, and brought up to date when readings come in."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from serving.access import Permission, Principal
from serving.holdings import Holdings
from serving.messages.events import EventsQuery
from serving.monitoring.run import load_policy, watch_nodes
from serving.monitoring.store import NodeEvents
from serving.orgs import Orgs

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.monitoring.run import WatchedNodes

__all__ = ["Happenings"]

_log = logging.getLogger("headroom.service")

_SHOWN = (
    "event_id",
    "node_id",
    "hall_id",
    "kind",
    "rule_set",
    "start_utc",
    "end_utc",
    "state",
    "worst_value",
    "worst_at",
    "threshold",
    "unit",
    "duration_minutes",
    "customers",
    "foreseen",
    "probability",
)


class Happenings:
    """Answers as plain values, in the shape `serving.messages.events` declares."""

    def __init__(self, holdings: Holdings, engine: Callable[[], "Engine"]) -> None:
        self.holdings, self.orgs, self._engine = holdings, Orgs(holdings), engine

    def events(self, who: Principal, query: EventsQuery) -> dict[str, Any]:
        """One page of events, newest first."""
        who.require(Permission.EVENTS)
        units = self.orgs.halls(who, query.org_unit)
        if query.node_id is not None:
            self.orgs.node(who, query.node_id)
        store, rules = NodeEvents(self._engine()), query.rule_set or self.holdings.settings.rule_set
        rows, total = store.find(
            rule_set=rules,
            units=units,
            node_ids=None if query.node_id is None else [query.node_id],
            kinds=[] if query.kind is None else [query.kind],
            state=query.state,
            first=query.first,
            last=query.last,
            foreseen=query.foreseen,
            limit=query.limit,
            offset=query.offset,
        )
        until = store.watched_until(rules)
        return {
            "total": total,
            "watched_until": None if until is None else _plain(until),
            "events": [self._entry(row) for row in rows],
        }

    def _entry(self, row: dict[str, Any]) -> dict[str, Any]:
        node = self.holdings.territory().nodes.get(row["node_id"])
        return {name: _plain(row[name]) for name in _SHOWN} | {"name": None if node is None else node.name}

    def watch(self) -> "WatchedNodes":
        """Bring the events up to date with the readings in the lake, by the rule set in force, and foresee others."""
        policy = load_policy(self.holdings.settings.rule_set)
        watched = watch_nodes(self.holdings.workspace, None, policy, self._engine())
        self._foresee()
        return watched

    def _foresee(self) -> None:
        from serving.foreseen import calibration_path
        from serving.monitoring.foresight import foresee_nodes

        # Who never calibrated does not want to pay for forecasts that open nothing.
        workspace = self.holdings.workspace
        if calibration_path(workspace).is_file():
            rules, history = self.holdings.settings.rule_set, self.holdings.history()[1]
            found = foresee_nodes(workspace, self._engine(), rules, history)
            if found.reason is not None:
                _log.warning("nothing is foreseen: %s", found.reason)


def _plain(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
