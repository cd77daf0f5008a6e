"""Rolling scores against the backtest: the node that got worse is named, holidays do not count."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.history import History
from training.watch import WatchPolicy
from training.watch.performance import judge_performance, judged_days, replayed_scores

CHINA = Calendar("Asia/Shanghai", "CN")
POLICY = WatchPolicy()
NODES = [f"A{n}" for n in range(8)]
KINDS = pd.Series("area", index=pd.Index(NODES, name="node_id"))


def daily(first: str, days: int, seed: int = 1, worse: dict[str, float] | None = None) -> pd.DataFrame:
    """Scores of every node and day: pinball about 3 kW, coverage about 0.9."""
    rng = np.random.default_rng(seed)
    starts = pd.date_range(pd.Timestamp(first, tz="Asia/Shanghai"), periods=days, freq="D").tz_convert("UTC")
    frame = pd.DataFrame([(node, day) for node in NODES for day in starts], columns=["node_id", "day"])
    frame["pinball_kw"] = 3.0 * np.exp(rng.normal(0, 0.25, len(frame)))
    frame["pinball_kw"] *= frame["node_id"].map(worse or {}).fillna(1.0)
    frame["coverage"] = np.clip(0.9 + rng.normal(0, 0.04, len(frame)), 0, 1)
    return frame.assign(load_kw=40.0, source="served")


def alarms(recent: pd.DataFrame, backtest: pd.DataFrame | None = None) -> set[tuple[str, str]]:
    before = daily("2025-11-01", 28) if backtest is None else backtest
    found = judge_performance(before, recent, KINDS, CHINA, POLICY, 40)
    return {(one.kind, one.subject) for one in found.findings if one.severity == "alarm"}


def test_as_good_as_the_backtest_raises_nothing() -> None:
    recent = daily("2025-12-01", 7, seed=2)
    assert alarms(recent) == set()
    table = judge_performance(daily("2025-11-01", 28), recent, KINDS, CHINA, POLICY, 40).table
    assert list(table.index) == NODES
    assert (table["served_days"] == 7).all()
    assert table["pinball_ratio"].between(0.6, 1.6).all()


def test_the_node_that_got_worse_is_named() -> None:
    assert alarms(daily("2025-12-01", 7, seed=2, worse={"A3": 5.0})) == {("PINBALL", "A3")}


def test_a_little_worse_everywhere_is_said_of_the_kind() -> None:
    found = alarms(daily("2025-12-01", 7, seed=2, worse=dict.fromkeys(NODES, 2.8)))
    assert ("PINBALL", "area nodes") in found


def test_lost_coverage_is_named() -> None:
    recent = daily("2025-12-01", 7, seed=2)
    recent.loc[recent["node_id"] == "A1", "coverage"] = 0.1
    assert ("COVERAGE", "A1") in alarms(recent)


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_the_unit_of_the_loads_does_not_matter(factor: float) -> None:
    before, recent = daily("2025-11-01", 28), daily("2025-12-01", 7, seed=2, worse={"A3": 5.0})
    many = [one.assign(pinball_kw=one["pinball_kw"] * factor, load_kw=40.0 * factor) for one in (before, recent)]
    assert alarms(many[1], many[0]) == alarms(recent, before)


def test_a_heat_wave_that_raises_load_and_error_alike_raises_nothing() -> None:
    hot = daily("2025-12-01", 7, seed=2, worse=dict.fromkeys(NODES, 2.8))
    assert alarms(hot.assign(load_kw=40.0 * 2.8)) == set()


def test_spring_festival_is_not_judged() -> None:
    festival = daily("2026-02-15", 7, worse=dict.fromkeys(NODES, 9.0))
    assert alarms(festival) == set()
    found = judge_performance(daily("2025-11-01", 28), festival, KINDS, CHINA, POLICY, 40)
    assert found.table.empty


class Flat:
    """Tells the same for every node and hour."""

    def forecast(self, history: History, issued_at: pd.Timestamp, horizon_hours: int) -> pd.DataFrame:
        times = pd.date_range(issued_at, periods=horizon_hours, freq="h")
        frame = pd.DataFrame({"node_id": np.repeat(history.node_ids, horizon_hours)})
        frame["start_utc"] = np.tile(times, len(history.node_ids))
        quantiles: dict[str, Any] = {f"q{level:02d}": float(level) for level in (5, 10, 25, 50, 75, 90, 95)}
        return frame.assign(lead_hours=0.0, **quantiles)


def test_days_are_replayed_as_they_begin(history_of: Callable[..., History]) -> None:
    history = history_of(nodes=2, days=40)
    days = judged_days(history, POLICY, history.as_of, history.as_of - pd.Timedelta(days=5))
    assert len(days) == 4, "whole local days after the training data, the last one before today"
    scores = replayed_scores(Flat(), history, days)
    assert set(scores["source"]) == {"replayed"}
    assert len(scores) == 2 * len(days)
    assert (history.calendar.local(pd.DatetimeIndex(scores["day"])).hour == 0).all()
    assert replayed_scores(Flat(), history, []).empty
