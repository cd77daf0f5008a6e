"""A week in figures: counted from single things, cut at the week's ends, the same for the same inputs."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from serving.decisions.digest import Inputs, Week, digest_of

FIRST = datetime(2026, 3, 1, 16, tzinfo=UTC)
WEEK = Week("2026-W10", FIRST, FIRST + timedelta(days=7))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = frozenset({"C", "D1", "H1", "H2"})


def event(start: float, hours: float | None, kind: str = "overload", hall: str = "H1", **more: Any) -> dict[str, Any]:
    begun = FIRST + start * HOUR
    row = {"event_id": f"{kind}{start}{hall}", "node_id": f"A{hall}", "name": "东湖", "kind": kind, "hall_id": hall}
    row |= {"start_utc": begun, "end_utc": None if hours is None else begun + hours * HOUR, "customers": 10}
    row |= {"worst_value": 1.2, "unit": "1", "threshold": 1.0, "foreseen": False, "probability": None}
    return row | more


def case(entered: float, hall: str = "H1", kva: float = 100, **more: Any) -> dict[str, Any]:
    row = {"application_id": f"Y{entered}", "hall_id": hall, "requested_kva": kva, "entered_at": FIRST + entered * DAY}
    row |= {"state": "waiting", "released_at": None, "ended_at": None}
    return row | {"binding_node_id": "F1", "binding_level": "feeder", "reason": "FEEDER_N1"} | more


def digest(units: frozenset[str] = ALL, **parts: Any) -> dict[str, Any]:
    return digest_of(units, WEEK, Inputs(**({"events": [], "cases": [], "promises": [], "capacity": []} | parts)))


def test_hours_are_those_within_the_week_and_customers_count_once_a_node() -> None:
    events = [event(-5, 8), event(20, 2), event(167, None), event(-9, 8), event(168, 2)]
    told = digest(events=events)["events"]["kinds"]["overload"]
    assert told == {"events": 3, "begun": 2, "open": 1, "hours": 6.0, "nodes": 1, "customers": 10}


def test_a_company_is_counted_from_single_events_and_not_from_its_halls() -> None:
    events = [event(1, 2), event(2, 2, hall="H2", node_id="AH1")]
    halls = [digest(frozenset({hall}), events=events)["events"]["kinds"]["overload"] for hall in ("H1", "H2")]
    whole = digest(events=events)["events"]["kinds"]["overload"]
    assert [one["nodes"] for one in halls] == [1, 1]
    assert (whole["nodes"], whole["events"]) == (1, 2)


def test_the_queue_is_as_it_stood_at_the_end_of_the_week() -> None:
    cases = [
        case(-3),
        case(2, kva=50),
        case(1, released_at=FIRST + 5 * DAY, state="released"),
        case(3, released_at=FIRST + 9 * DAY, state="released"),
        case(4, ended_at=FIRST + 6 * DAY, state="withdrawn"),
        case(9),
    ]
    told = digest(cases=cases)["queue"]
    assert (told["waiting"], told["waiting_kva"], told["entered"], told["released"]) == (3, 250.0, 4, 1)
    assert (told["median_days"], told["longest_days"], told["released_after_days"]) == (5.0, 10.0, 4.0)
    assert (told["withdrawn"], told["lapsed"]) == (1, 0)
    assert told["bound_by"][0] == {
        "node_id": "F1",
        "level": "feeder",
        "reason": "FEEDER_N1",
        "applications": 3,
        "kva": 250.0,
    }


def test_what_is_foreseen_is_of_the_days_after() -> None:
    ahead = [event(170 + n, None, foreseen=True, probability=n / 10, event_id=f"f{n}") for n in range(3)]
    told = digest(events=[*ahead, event(24 * 15, None, foreseen=True, probability=0.9)])
    assert [one["probability"] for one in told["foreseen"]] == [0.2, 0.1, 0.0]
    assert told["events"]["kinds"] == {}


def test_areas_by_what_is_open_and_never_a_sum() -> None:
    areas = [
        {"hall_id": "H1", "kind": "area", "open_kva": kva, "reason": "PENDING"}
        for kva in (0.0, 5.0, 50.0, 55.0, 500.0, None)
    ]
    told = digest(capacity=[*areas, {"hall_id": "H1", "kind": "feeder", "open_kva": 0.0, "reason": "X"}])["capacity"]
    assert told["bands"] == {"nothing": 1, "under_50": 2, "under_200": 1, "more": 1, "unknown": 1}
    assert told["nothing_because"] == {"PENDING": 1}


def test_promises_are_made_and_ended() -> None:
    def promise(kind: str, made: float, changed: float, state: str) -> dict[str, Any]:
        at = {"created_at": FIRST + made * DAY, "changed_at": FIRST + changed * DAY}
        return {"hall_id": "H2", "kind": kind, "state": state, "kva": 40.0, **at}

    told = digest(
        promises=[
            promise("release", 1, 1, "held"),
            promise("release", -9, 2, "expired"),
            promise("offer", 9, 9, "held"),
        ]
    )
    assert told["promises"]["made"] == {"release": {"promises": 1, "kva": 40.0}}
    assert told["promises"]["ended"]["expired"] == {"promises": 1, "kva": 40.0}


def test_the_order_of_what_comes_in_does_not_matter() -> None:
    rng = random.Random(3)
    events = [event(rng.uniform(-20, 180), rng.uniform(1, 9), rng.choice(["overload", "heavy"])) for _ in range(40)]
    cases = [
        case(rng.uniform(-20, 6), kva=rng.randrange(10, 90), binding_node_id=rng.choice(["F1", "A1"]))
        for _ in range(20)
    ]
    first = json.dumps(digest(events=events, cases=cases))
    rng.shuffle(events)
    rng.shuffle(cases)
    assert json.dumps(digest(events=events, cases=cases)) == first
