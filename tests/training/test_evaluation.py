"""Held-out scores against an oracle forecaster whose errors are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from training.demand.config import LEVELS
from training.evaluation import evaluate
from training.scoring import summary

START = pd.Timestamp("2025-01-01", tz="UTC")
CUT = START + pd.Timedelta(days=20)
DAYS = 4


def _history(gap: bool = False) -> History:
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 1, (3, 24 * 24)) * np.array([[1.0], [10.0], [100.0]])
    if gap:
        values[1, -48:] = np.nan
    grid = Grid(("S", "F", "A"), START, 60, values)
    nodes = pd.DataFrame({"kind": ["substation", "feeder", "area"]}, index=pd.Index(["S", "F", "A"], name="node_id"))
    return History(Versions.from_grid(grid), Weather({}), nodes, Calendar("Asia/Shanghai", "CN"), grid.end)


class _Uniform:
    """Knows that each node's load is uniform between 0 and its scale; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[pd.Timestamp, int]] = []

    def forecast(self, history: History, issued_at: pd.Timestamp, horizon_hours: int) -> pd.DataFrame:
        self.asked.append((issued_at, horizon_hours))
        times = pd.date_range(issued_at, periods=horizon_hours, freq="h")
        parts = [
            pd.DataFrame({"node_id": node, "start_utc": times, "lead_hours": np.arange(len(times))})
            .assign(**{f"q{round(100 * level):02d}": level * scale for level in LEVELS})
            .assign(reason="")
            for node, scale in (("S", 1.0), ("F", 10.0), ("A", 100.0))
        ]
        return pd.concat(parts, ignore_index=True)


def test_a_forecaster_that_knows_the_law_scores_as_theory_says() -> None:
    model = _Uniform()
    steps: list[int] = []
    found = evaluate(model, _history(), CUT, DAYS, step=lambda: steps.append(1))
    theory = 2 * np.mean([level * (1 - level) / 2 for level in LEVELS]) / 0.98
    assert found.metrics["rcrps"] == pytest.approx(theory, rel=0.12)
    assert found.metrics["coverage"] == pytest.approx(0.9, abs=0.05)
    assert found.metrics["coverage_worst"] <= found.metrics["coverage"]
    pooled = found.shares.groupby("level")["below"].mean()
    assert np.allclose(pooled, pooled.index, atol=0.1)
    assert set(found.shares["kind"]) == {"substation", "feeder", "area"}
    assert len(steps) == DAYS + 1


def test_issues_are_daily_and_one_for_the_whole_stretch() -> None:
    model = _Uniform()
    evaluate(model, _history(), CUT, DAYS)
    assert model.asked == [(CUT + pd.Timedelta(days=day), 24) for day in range(DAYS)] + [(CUT, 24 * DAYS)]


def test_truth_stands_beside_its_own_forecast_and_gaps_stay_gaps() -> None:
    history = _history(gap=True)
    fans = evaluate(_Uniform(), history, CUT, DAYS).fans
    truth = pd.DataFrame(history.loads.values.T, index=history.loads.times, columns=["S", "F", "A"])
    for node in ("S", "F", "A"):
        part = fans[fans["node_id"] == node]
        expected = truth.loc[part["start_utc"], node].to_numpy()
        np.testing.assert_allclose(part["load_kw"], expected, rtol=1e-6)
    assert fans.loc[fans["node_id"] == "F", "load_kw"].isna().sum() == 48


def test_before_ends_where_the_forecast_begins() -> None:
    history = _history()
    before = evaluate(_Uniform(), history, CUT, DAYS).before
    assert before["start_utc"].max() == CUT - pd.Timedelta(hours=1)
    one = before[before["node_id"] == "A"]
    np.testing.assert_allclose(one["load_kw"], history.loads.values[2, 15 * 24 : 20 * 24], rtol=1e-6)


def test_nothing_known_gives_no_scores_rather_than_wrong_ones(tmp_path: Path) -> None:
    frame = pd.DataFrame({"node_id": ["A"], "load_kw": [np.nan], **{f"q{round(100 * q):02d}": [1.0] for q in LEVELS}})
    assert summary(frame)["nodes"] == 0
    assert np.isnan(summary(frame)["rcrps"])
    found = evaluate(_Uniform(), _history(), CUT, DAYS)
    found.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"{name}.parquet" for name in ("before", "daily", "fans", "shares")
    ]
