"""A week of one org unit in figures: what happened at its nodes, who waited, what was promised, what is open.

Everything is counted from single events, cases, promises and nodes of the unit and the units below it; a unit above is
never the sum of the digests below. The same inputs give the same digest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

__all__ = ["BANDS", "Inputs", "Week", "digest_of"]

BANDS = (("nothing", 0.0), ("under_50", 50.0), ("under_200", 200.0), ("more", float("inf")))
"""Bands of open capacity of an area, kVA: each up to its bound; `unknown` beside them."""

_WORST = 8
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Week:
    """A local calendar week: its name (ISO, `2026-W01`), and its first and last moment (UTC, exclusive)."""

    name: str
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Inputs:
    """Single things, with `hall_id`, of any unit.

    `events` as `node_event` has them, with `name` of the node; `cases` and `promises` as rows of the queue and of the
    ledger; `capacity` as it was published last before the week's end (`publication_id`, None where there was none).
    """

    events: Sequence[Row]
    cases: Sequence[Row]
    promises: Sequence[Row]
    capacity: Sequence[Row]
    publication_id: str | None = None


def digest_of(units: frozenset[str], week: Week, inputs: Inputs) -> dict[str, Any]:
    """The digest of `units` (one unit and all below it) for a week, as plain values fit for JSON."""
    events = [one for one in inputs.events if one["hall_id"] in units]
    cases = [one for one in inputs.cases if one["hall_id"] in units]
    promises = [one for one in inputs.promises if one["hall_id"] in units]
    capacity = [one for one in inputs.capacity if one["hall_id"] in units]
    return {
        "events": _events([one for one in events if not one["foreseen"]], week),
        "foreseen": _foreseen([one for one in events if one["foreseen"]], week),
        "queue": _queue(cases, week),
        "promises": _promises(promises, week),
        "capacity": _capacity(capacity, inputs.publication_id),
    }


def _events(events: Sequence[Row], week: Week) -> dict[str, Any]:
    """By kind: events that went on within the week, those that began in it, hours within it, nodes and customers."""
    within = [one for one in events if one["start_utc"] < week.last and _end(one, week) > week.first]
    kinds = {}
    for kind in sorted({str(one["kind"]) for one in within}):
        mine = [one for one in within if one["kind"] == kind]
        at = {str(one["node_id"]): int(one["customers"]) for one in mine}
        kinds[kind] = {
            "events": len(mine),
            "begun": sum(one["start_utc"] >= week.first for one in mine),
            "open": sum(_end(one, week) >= week.last for one in mine),
            "hours": round(sum(_hours(one, week) for one in mine), 2),
            "nodes": len(at),
            "customers": sum(at.values()),
        }
    worst = sorted(within, key=lambda one: (-_hours(one, week) * (1 + one["customers"]), str(one["event_id"])))
    shown = ("node_id", "name", "kind", "worst_value", "unit", "threshold", "customers")
    told = [{name: one[name] for name in shown} | {"hours": round(_hours(one, week), 2)} for one in worst[:_WORST]]
    return {"kinds": kinds, "worst": told}


def _end(event: Row, week: Week) -> datetime:
    """The end of an event; one that goes on lasts at least to the week's end."""
    end: datetime | None = event["end_utc"]
    return week.last if end is None else end


def _hours(event: Row, week: Week) -> float:
    within: timedelta = min(_end(event, week), week.last) - max(event["start_utc"], week.first)
    return max(within.total_seconds(), 0.0) / 3600


def _foreseen(events: Sequence[Row], week: Week) -> list[dict[str, Any]]:
    """What was foreseen for the days after the week, the likeliest first."""
    ahead = [one for one in events if week.last <= one["start_utc"] < week.last + timedelta(days=7)]
    likeliest = sorted(ahead, key=lambda one: (-(one["probability"] or 0.0), str(one["event_id"])))
    shown = ("node_id", "name", "kind", "probability", "customers")
    return [{name: one[name] for name in shown} | {"at": _iso(one["start_utc"])} for one in likeliest[:_WORST]]


def _queue(cases: Sequence[Row], week: Week) -> dict[str, Any]:
    """Who waited at the week's end, and what happened in it."""

    def within(moment: datetime | None) -> bool:
        return moment is not None and week.first <= moment < week.last

    def still(case: Row) -> bool:
        gone = [at for at in (case["released_at"], case["ended_at"]) if at is not None]
        return bool(case["entered_at"] < week.last and all(at >= week.last for at in gone))

    waiting = [one for one in cases if still(one)]
    days = [(week.last - one["entered_at"]).total_seconds() / 86_400 for one in waiting]
    released = [one for one in cases if within(one["released_at"])]
    took = [(one["released_at"] - one["entered_at"]).total_seconds() / 86_400 for one in released]
    bound: dict[str, list[Row]] = {}
    for one in waiting:
        bound.setdefault(str(one["binding_node_id"]), []).append(one)
    tight = sorted(bound, key=lambda node: (-sum(one["requested_kva"] for one in bound[node]), node))
    return {
        "waiting": len(waiting),
        "waiting_kva": round(sum(one["requested_kva"] for one in waiting), 3),
        "median_days": round(median(days), 2) if days else None,
        "longest_days": round(max(days), 2) if days else None,
        "entered": sum(within(one["entered_at"]) for one in cases),
        "released": len(released),
        "released_after_days": round(median(took), 2) if took else None,
        **{state: sum(one["state"] == state and within(one["ended_at"]) for one in cases) for state in _ENDS},
        "bound_by": [
            {
                "node_id": node,
                "level": bound[node][0]["binding_level"],
                "reason": bound[node][0]["reason"],
                "applications": len(bound[node]),
                "kva": round(sum(one["requested_kva"] for one in bound[node]), 3),
            }
            for node in tight[:_WORST]
        ],
    }


_ENDS = ("connected", "withdrawn", "lapsed")


def _promises(promises: Sequence[Row], week: Week) -> dict[str, Any]:
    """Made in the week, by kind; ended in the week, by state; and what holds now beside the published figures."""
    made = [one for one in promises if week.first <= one["created_at"] < week.last]
    ended = [one for one in promises if week.first <= one["changed_at"] < week.last]
    kinds, states = sorted({str(one["kind"]) for one in made}), ("confirmed", "cancelled", "expired", "fulfilled")
    return {
        "made": {kind: _sum([one for one in made if one["kind"] == kind]) for kind in kinds},
        "ended": {state: _sum([one for one in ended if one["state"] == state]) for state in states},
    }


def _sum(promises: Sequence[Row]) -> dict[str, float]:
    return {"promises": len(promises), "kva": round(sum(one["kva"] for one in promises), 3)}


def _capacity(rows: Sequence[Row], publication_id: str | None) -> dict[str, Any]:
    """Areas by band of what is open, and by what binds those with nothing; areas share pools, so nothing is summed."""
    areas = [one for one in rows if one["kind"] == "area"]
    known = [one for one in areas if one["open_kva"] is not None]
    bands, low = {}, -1.0
    for name, high in BANDS:
        bands[name] = sum(low < one["open_kva"] <= high for one in known)
        low = high
    full: dict[str, int] = {}
    for one in known:
        if one["open_kva"] <= 0:
            full[str(one["reason"])] = full.get(str(one["reason"]), 0) + 1
    return {
        "publication_id": publication_id,
        "areas": len(areas),
        "bands": bands | {"unknown": len(areas) - len(known)},
        "nothing_because": dict(sorted(full.items())),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
