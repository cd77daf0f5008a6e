"""The use case of weekly digests: of one org unit and of each unit below it, each from single things of its own."""

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from features.clock import time_zone
from serving.access import Permission, Principal
from serving.decisions.digest import Inputs, Week, digest_of
from serving.holdings import Holdings
from serving.ledger import Ledger
from serving.ledger.records import OF_APPLICATIONS, STATES
from serving.monitoring.store import NodeEvents
from serving.orgs import Orgs
from serving.publish import latest_of
from serving.queue.reading import find_cases
from serving.refusals import BadFieldError

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Digests", "last_week", "week_of"]


def week_of(name: str, zone_name: str) -> Week:
    """The local week of an ISO name such as `2026-W10`; BadFieldError for anything else.

    Week 53 of a year that has 52 is the first of the next.
    """
    found = re.fullmatch(r"([0-9]{4})-W([0-9]{2})", name)
    if found is None or not (1971 <= int(found[1]) < 9000 and 1 <= int(found[2]) <= 53):
        raise BadFieldError.of("week", f"{name} is no week: write 2026-W10")
    monday = date.fromisocalendar(int(found[1]), 1, 1) + timedelta(weeks=int(found[2]) - 1)
    year, week, _ = monday.isocalendar()
    name = f"{year}-W{week:02d}"
    zone = time_zone(zone_name)
    ends = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (monday, monday + timedelta(days=7)))
    first, last = (end.astimezone(UTC) for end in ends)
    return Week(name, first, last)


def last_week(now: datetime, zone_name: str) -> str:
    """The name of the last week that is over at `now`."""
    year, week, _ = (now.astimezone(time_zone(zone_name)) - timedelta(days=7)).isocalendar()
    return f"{year}-W{week:02d}"


class Digests:
    """Digests as plain values; the same week of the same state and publications gives the same digest."""

    def __init__(
        self,
        holdings: Holdings,
        engine: Callable[[], "Engine"],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.holdings, self.orgs, self.clock, self._engine = holdings, Orgs(holdings), clock, engine

    def weekly(self, who: Principal, org_unit: str | None, week_name: str | None) -> dict[str, Any]:
        """The digest of every unit the key asks about, from above to below; `week_name` None: the last whole week."""
        who.require(Permission.EVENTS)
        who.require(Permission.APPLICATIONS)
        zone = self.holdings.workspace.territory().time_zone
        week = week_of(week_name or last_week(self.clock(), zone), zone)
        units = list(self.orgs.units(who, org_unit))
        inputs = self._inputs(week)
        return {
            "week": week.name,
            "first": _iso(week.first),
            "last": _iso(week.last),
            "publication_id": inputs.publication_id,
            "units": [
                {"org_unit": unit.unit_id, "name": unit.name, "kind": unit.kind, **digest_of(below, week, inputs)}
                for unit, below in units
            ],
        }

    def _inputs(self, week: Week) -> Inputs:
        engine, nodes = self._engine(), self.holdings.territory().nodes
        found, _ = NodeEvents(engine).find(
            rule_set=self.holdings.settings.rule_set, first=week.first, last=week.last + timedelta(days=7), limit=None
        )
        events = [row | {"name": nodes[row["node_id"]].name if row["node_id"] in nodes else None} for row in found]
        promises = [asdict(one) | {"kva": one.kva} for one in Ledger(engine).find(STATES, kind=OF_APPLICATIONS)]
        known = [one for one in self.holdings.publications() if one.provenance.now <= week.last]
        if not known:
            return Inputs(events, [asdict(one) for one in find_cases(engine)], promises, [])
        newest = latest_of(known[::-1])
        capacity = list(self.holdings.published(newest.id).rows.values())
        return Inputs(events, [asdict(one) for one in find_cases(engine)], promises, capacity, newest.id)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
