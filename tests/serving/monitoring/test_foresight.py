"""Foreseen events in the state: opened, kept, withdrawn, ended by the fact or by the day, and told."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from serving.decisions.monitoring.foreseen import COLUMNS
from serving.foreseen import Foreseen
from serving.messages import EventsAnswer
from serving.monitoring.foresight import Foresight, foresee_nodes
from tests.serving.conftest import LAST_LOAD
from tests.serving.test_web_ingest import post, rows, told

DAY = pd.Timedelta(days=1)
TODAY = pd.Timestamp("2026-01-01")
"""The local day of the last load, 2026-01-01 08:00 in Shanghai."""


def chance(day: int, probability: float, node: str = "A1", kind: str = "overload") -> dict[str, Any]:
    start = (TODAY + day * DAY).tz_localize("Asia/Shanghai").tz_convert("UTC") + pd.Timedelta(hours=18)
    row = {"node_id": node, "kind": kind, "day": TODAY + day * DAY, "start_utc": start, "probability": probability}
    return row | {"expected_worst": 1.05, "lead_days": day, "limit_kw": 380.0}


@pytest.fixture
def run(own: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Foresight]:
    """Foresee by given chances, at a moment so many hours after the last load."""
    monkeypatch.setattr("training.demand.DemandModel.load", lambda _path: None)

    def one(*chances: dict[str, Any], hours: float = 0, reason: str | None = None) -> Foresight:
        now = LAST_LOAD + pd.Timedelta(hours=hours)
        frame = pd.DataFrame(list(chances), columns=list(COLUMNS))
        monkeypatch.setattr("serving.monitoring.foresight.foresee", lambda *_: Foreseen(now, frame, reason))
        own.backend.applications.queue()
        return foresee_nodes(
            own.workspace, own.backend.keys().engine, "a", own.backend.answers.holdings.history()[1], now
        )

    return one


def events(own: Any, **params: Any) -> list[Any]:
    return EventsAnswer.model_validate_json(own.get("/v1/events", foreseen=True, **params).content).events


def test_what_is_likely_is_an_event_with_its_probability(own: Any, run: Callable[..., Foresight]) -> None:
    found = run(chance(1, 0.8), chance(2, 0.4), chance(3, 0.9, "A3", "heavy"))
    assert (found.foreseen, found.opened) == (2, 2)
    assert {(one.node_id, one.kind, one.probability, one.foreseen, one.state) for one in events(own)} == {
        ("A1", "overload", 0.8, True, "open"),
        ("A3", "heavy", 0.9, True, "open"),
    }
    assert [one.node_id for one in events(own, org_unit="H2")] == ["A3"]


def test_the_same_again_writes_nothing_and_small_doubts_keep_it(own: Any, run: Callable[..., Foresight]) -> None:
    run(chance(1, 0.8))
    assert run(chance(1, 0.8)).opened == 0
    (before,) = events(own)
    assert run(chance(1, 0.35), hours=3).foreseen == 1
    (after,) = events(own)
    assert (after.event_id, after.probability) == (before.event_id, 0.35)


def test_what_is_no_longer_likely_is_withdrawn_and_may_come_back(own: Any, run: Callable[..., Foresight]) -> None:
    run(chance(1, 0.8))
    assert run(chance(1, 0.1), hours=3).ended == {"withdrawn": 1}
    assert events(own) == []
    assert run(chance(1, 0.7), hours=6).opened == 1
    assert [one.probability for one in events(own)] == [0.7]


def test_a_day_that_passed_ends_it(own: Any, run: Callable[..., Foresight]) -> None:
    run(chance(1, 0.8))
    assert run(hours=48).ended == {"passed": 1}
    (one,) = events(own)
    assert (one.state, one.end_utc) == ("closed", pd.Timestamp("2026-01-02T16:00Z"))


def test_the_fact_takes_its_place(own: Any, run: Callable[..., Foresight]) -> None:
    run(chance(1, 0.8))
    start = LAST_LOAD + pd.Timedelta(hours=20)
    told(post(own, rows(3, start=start.strftime("%Y-%m-%dT%H:%M:%SZ"), kw=600.0)))
    own.backend.happenings.watch()
    assert run(chance(1, 0.9), hours=24).ended == {"superseded": 1}


def test_without_a_calibration_nothing_is_made_up(own: Any, run: Callable[..., Foresight]) -> None:
    run(chance(1, 0.8))
    found = run(reason="OTHER_VERSION")
    assert (found.reason, found.opened, found.foreseen) == ("OTHER_VERSION", 0, 1)
