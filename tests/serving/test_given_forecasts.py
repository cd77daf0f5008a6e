"""Forecasts that were given: stored once, on each kind of database; a store that is down costs no answer."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from features.errors import ConfigError
from features.workspace import Workspace
from serving.served import Given, ServedForecasts, ServedLog
from serving.settings import ServiceSettings
from serving.state import open_state
from training.demand.config import LEVELS

ISSUED = pd.Timestamp("2026-01-01T00:00Z")
LARGE = 10_000_000


def given(nodes: int = 2, steps: int = 24, version: int = 1, issued: pd.Timestamp = ISSUED, base: float = 0.0) -> Given:
    values = base + np.arange(nodes * steps * 3, dtype=np.float32).reshape(nodes, steps, 3)
    return Given("demand", version, issued, 60, (0.05, 0.5, 0.95), tuple(f"A{n}" for n in range(nodes)), values)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A fresh state on each kind of database."""
    sqlite = f"sqlite:///{tmp_path / 'state.db'}"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = open_state(url)
    yield opened
    opened.dispose()


def test_what_is_asked_a_thousand_times_is_stored_once(engine: Engine) -> None:
    store = ServedForecasts(engine)
    for _ in range(50):
        store.record(given())
    assert store.count() == 2
    store.record(given(version=2))
    store.record(given(issued=ISSUED + pd.Timedelta(hours=1)))
    assert store.count() == 6


def test_what_is_read_is_what_was_given(engine: Engine) -> None:
    store, one = ServedForecasts(engine), given(nodes=3, steps=48)
    store.record(one)
    found = store.read("demand", 1, ISSUED, ISSUED + pd.Timedelta(hours=1))
    assert found.columns.tolist() == ["node_id", "issued_at", "start_utc", "lead_hours", "q05", "q50", "q95"]
    assert found[["q05", "q50", "q95"]].to_numpy() == pytest.approx(one.values.reshape(-1, 3))
    assert found["node_id"].tolist() == np.repeat(one.node_ids, 48).tolist()
    assert (found["start_utc"] - found["issued_at"]).equals(pd.to_timedelta(found["lead_hours"], unit="h"))
    assert str(found["start_utc"].dt.tz) == "UTC"
    near = store.read("demand", 1, ISSUED, ISSUED + pd.Timedelta(hours=1), within_hours=24)
    assert len(near) == 3 * 24
    assert near["lead_hours"].max() == 23
    assert store.read("demand", 2, ISSUED, ISSUED + pd.Timedelta(hours=1)).empty
    assert store.read("demand", 1, ISSUED - pd.Timedelta(days=1), ISSUED).empty


def test_the_longer_horizon_stays(engine: Engine) -> None:
    store = ServedForecasts(engine)
    store.record(given(nodes=1, steps=24))
    store.record(given(nodes=1, steps=72, base=1000.0))
    store.record(given(nodes=1, steps=12, base=9.0))
    found = store.read("demand", 1, ISSUED, ISSUED + pd.Timedelta(hours=1))
    assert len(found) == 72
    assert found["q05"].iloc[0] == 1000.0


def test_old_ones_are_forgotten(engine: Engine) -> None:
    store = ServedForecasts(engine)
    store.record(given(), served_at=datetime.now(UTC) - timedelta(days=10))
    store.record(given(version=2))
    assert store.forget(datetime.now(UTC) - timedelta(days=5)) == 2
    assert store.count() == 2


def test_the_log_writes_what_it_takes_and_forgets_by_its_setting(engine: Engine) -> None:
    ServedForecasts(engine).record(given(version=7), served_at=datetime.now(UTC) - timedelta(days=10))
    counted: list[tuple[str, int]] = []
    log = ServedLog(lambda: engine, LARGE, 5, lambda what, number: counted.append((what, number)))
    for _ in range(1000):
        log.offer(given())
    log.close()
    assert counted == [("stored", 2)]
    assert ServedForecasts(engine).count() == 2
    assert log.notes() == []


def test_many_threads_offer_at_once(engine: Engine) -> None:
    log = ServedLog(lambda: engine, LARGE, 400)
    together = threading.Barrier(6)

    def work(version: int) -> None:
        together.wait()
        for hour in range(5):
            log.offer(given(version=version, issued=ISSUED + pd.Timedelta(hours=hour)))

    threads = [threading.Thread(target=work, args=(version,)) for version in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    log.close()
    assert ServedForecasts(engine).count() == 6 * 5 * 2


def test_a_full_queue_drops_counts_and_says_so(tmp_path: Path) -> None:
    engine, gate = open_state(f"sqlite:///{tmp_path / 'state.db'}"), threading.Event()

    def slow() -> Engine:
        gate.wait(10)
        return engine

    counted: list[tuple[str, int]] = []
    size = given().values.nbytes
    log = ServedLog(slow, 2 * size, 400, lambda what, number: counted.append((what, number)))
    for hour in range(10):
        log.offer(given(issued=ISSUED + pd.Timedelta(hours=hour)))
    assert log.dropped >= 2 * 7
    assert "the queue is full" in log.notes()[0]
    gate.set()
    log.close()
    assert sum(number for what, number in counted if what == "stored") == ServedForecasts(engine).count() == log.stored
    assert sum(number for _, number in counted) == 20
    engine.dispose()


def test_a_database_that_is_down_drops_and_recovers(tmp_path: Path) -> None:
    engine = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    down = threading.Event()
    down.set()

    def opened() -> Engine:
        if down.is_set():
            raise ConfigError("cannot be reached")
        return engine

    log = ServedLog(opened, LARGE, 400)
    log.offer(given())
    assert log.flush()
    assert log.dropped == 2
    assert "state database" in log.notes()[0]
    down.clear()
    log.offer(given())
    log.close()
    assert (log.stored, ServedForecasts(engine).count()) == (2, 2)
    engine.dispose()


def test_after_closing_nothing_is_taken(tmp_path: Path) -> None:
    engine = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    log = ServedLog(lambda: engine, LARGE, 400)
    log.close()
    log.offer(given())
    assert log.dropped == 2
    engine.dispose()


BODY: dict[str, Any] = {"node_ids": ["A1", "A2"], "horizon_hours": 24, "quantiles": [0.5]}


class TestService:
    def test_answers_are_kept_with_every_scored_level_and_not_those_of_the_past(self, own: Any) -> None:
        answer = own.post("/v1/forecast", BODY).json()
        assert list(answer["nodes"][0]["rows"][0]["quantiles_kw"]) == ["0.5"]
        past = BODY | {"issue_time": "2025-12-30T00:00:00Z"}
        assert own.post("/v1/forecast", past).status_code == 200
        own.post("/v1/forecast", BODY)
        assert own.backend.served.flush()
        issued = pd.Timestamp(answer["issue_time"])
        engine = own.backend.keys().engine
        assert ServedForecasts(engine).count() == 2
        found = ServedForecasts(engine).read("demand", 1, issued, issued + pd.Timedelta(hours=1))
        assert sum(name.startswith("q") for name in found.columns) == len(LEVELS)
        assert found.loc[found["node_id"] == "A1", "q50"].iloc[0] == pytest.approx(150.0)
        assert 'headroom_forecasts_kept_total{outcome="stored"} 2.0' in own.client.get("/metrics").text

    def test_without_a_place_for_them_answers_are_the_same_and_readiness_says_so(
        self, serve: Callable[..., Any], full_workspace: Workspace, copied: Callable[[Workspace], Workspace]
    ) -> None:
        own = serve(copied(full_workspace), ServiceSettings(keep_queue_bytes=0))
        assert own.post("/v1/forecast", BODY).status_code == 200
        notes = own.client.get("/readyz").json()["notes"]
        assert any("2 forecast(s) given were not kept" in note for note in notes)
        assert 'headroom_forecasts_kept_total{outcome="dropped"} 2.0' in own.client.get("/metrics").text

    def test_keeping_can_be_switched_off(
        self, serve: Callable[..., Any], full_workspace: Workspace, copied: Callable[[Workspace], Workspace]
    ) -> None:
        own = serve(copied(full_workspace), ServiceSettings(keep_forecasts=False))
        assert own.post("/v1/forecast", BODY).status_code == 200
        assert own.backend.served.flush()
        assert ServedForecasts(own.backend.keys().engine).count() == 0
