"""The demand model end to end: sharp, calibrated, never crossing, the same after a reload, honest when data lack."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError, NotFoundError
from features.load.history import History
from features.load.weather import Weather
from training.demand import DemandConfig, DemandModel
from training.demand.model import rows_until

# Models are fitted at several resolutions.
pytestmark = pytest.mark.slow

Make = Callable[..., History]
QUANTILES = ["q05", "q10", "q25", "q50", "q75", "q90", "q95"]


@pytest.fixture(scope="module")
def fitted(history_of: Make, quick: DemandConfig) -> tuple[DemandModel, History]:
    history = history_of()
    return DemandModel.fit(history.until(history.as_of - pd.Timedelta(days=20)), quick), history


def test_forecasts_are_near_the_truth_and_cover_it(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    truth, misses, inside = history.loads, [], []
    for day in range(20, 4, -1):
        issue = history.as_of - pd.Timedelta(days=day)
        found = model.forecast(history, issue, 48, actual_weather=True)
        actual = truth.values[:, truth.column(issue) :][:, :48].reshape(-1)
        misses.append(np.abs(actual - found["q50"]) / actual)
        inside.append((actual >= found["q05"]) & (actual <= found["q95"]))
    # Noise of 5 % alone costs a mean error of 4 %.
    assert np.mean(misses) < 0.06
    assert 0.82 <= np.mean(inside) <= 0.97


def test_rows_and_columns_are_as_promised(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    issue = history.as_of - pd.Timedelta(days=5)
    found = model.forecast(history, issue, 24, node_ids=["N2", "N0"], actual_weather=True)
    assert found.columns.tolist() == ["node_id", "start_utc", "lead_hours", *QUANTILES, "reason"]
    assert found["node_id"].tolist() == ["N2"] * 24 + ["N0"] * 24
    assert found["start_utc"].iloc[0] == issue
    assert (np.diff(found[QUANTILES].to_numpy(), axis=1) >= 0).all()
    assert (found["reason"] == "").all()


def test_a_subset_gets_the_same_figures_as_all(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    issue = history.as_of - pd.Timedelta(days=5)
    whole = model.forecast(history, issue, 24, actual_weather=True)
    part = model.forecast(history, issue, 24, node_ids=["N3"], actual_weather=True)
    expected = whole[whole["node_id"] == "N3"].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected)


def test_other_levels_on_request_lie_between_their_neighbours(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    issue = history.as_of - pd.Timedelta(days=5)
    usual = model.forecast(history, issue, 24, actual_weather=True)
    other = model.forecast(history, issue, 24, quantiles=(0.02, 0.6, 0.99), actual_weather=True)
    assert (other["q02"] <= usual["q05"]).all()
    assert other["q60"].between(usual["q50"], usual["q75"]).all()
    assert (other["q99"] >= usual["q95"]).all()


def test_reload_predicts_the_same(fitted: tuple[DemandModel, History], tmp_path: Path) -> None:
    model, history = fitted
    model.save(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix in {".pkl", ".joblib"}]
    issue = history.as_of - pd.Timedelta(days=5)
    again = DemandModel.load(tmp_path)
    pd.testing.assert_frame_equal(model.forecast(history, issue, 24), again.forecast(history, issue, 24))


def test_a_damaged_artifact_is_refused(fitted: tuple[DemandModel, History], tmp_path: Path) -> None:
    fitted[0].save(tmp_path)
    victim = next(tmp_path.glob("booster-*.txt"))
    victim.write_text(victim.read_text()[:-50])
    with pytest.raises(ModelError, match=victim.name):
        DemandModel.load(tmp_path)


def test_without_a_weather_forecast_past_years_speak(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    issue = history.as_of - pd.Timedelta(days=5)
    blind = model.forecast(history, issue, 48)
    assert (blind["reason"] == "NO_WEATHER_FORECAST").all()
    assert np.isfinite(blind[QUANTILES].to_numpy()).all()


def test_what_comes_after_the_issue_changes_nothing(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    issue = history.as_of - pd.Timedelta(days=5)
    pd.testing.assert_frame_equal(model.forecast(history, issue, 24), model.forecast(history.until(issue), issue, 24))


def test_a_node_without_readings_stands_on_its_siblings(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    nodes = pd.concat([history.nodes, history.nodes.iloc[[1]].rename({"N1": "COLD"})])
    asked = replace(history, nodes=nodes)
    issue = history.as_of - pd.Timedelta(days=5)
    found = model.forecast(asked, issue, 24, node_ids=["COLD"], actual_weather=True)
    like = model.forecast(asked, issue, 24, node_ids=["N1"], actual_weather=True)
    assert (found["reason"] == "NO_HISTORY").all()
    # Same rating and same use per rating as N1: the middle must be near, the band wider or equal.
    np.testing.assert_allclose(found["q50"], like["q50"], rtol=0.1)


def test_a_node_silent_for_weeks_is_stale_and_named(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    silent = history.versions.ids.index("N1")
    cut = history.versions.width - 40 * 24
    keep = (history.versions.row != silent) | (history.versions.column < cut)
    versions = replace(
        history.versions,
        **{name: getattr(history.versions, name)[keep] for name in ("row", "column", "value", "available")},
    )
    found = model.forecast(replace(history, versions=versions), history.as_of, 24, actual_weather=True)
    reasons = found.groupby("node_id")["reason"].first()
    assert "STALE_LOAD" in reasons["N1"]
    assert "STALE_LOAD" not in reasons["N0"]
    assert found.loc[found["node_id"] == "N1", "q50"].between(120, 320).all()


def test_an_unknown_node_is_named(fitted: tuple[DemandModel, History]) -> None:
    with pytest.raises(NotFoundError, match="GHOST"):
        fitted[0].forecast(fitted[1], fitted[1].as_of, 24, node_ids=["N0", "GHOST"])


@pytest.mark.parametrize("step_minutes", [15, 30])
def test_finer_resolution_with_export_and_gaps(history_of: Make, quick: DemandConfig, step_minutes: int) -> None:
    history = history_of(nodes=2, days=75, step_minutes=step_minutes, offset_kw=150.0, noise=0.08)
    gone = np.random.default_rng(0).random(len(history.versions.row)) < 0.05
    versions = replace(
        history.versions,
        **{name: getattr(history.versions, name)[~gone] for name in ("row", "column", "value", "available")},
    )
    history = replace(history, versions=versions)
    model = DemandModel.fit(history.until(history.as_of - pd.Timedelta(days=5)), quick)
    issue = history.as_of - pd.Timedelta(days=3)
    found = model.forecast(history, issue, 24, actual_weather=True)
    steps = 24 * 60 // step_minutes
    truth = history.loads
    actual = truth.values[:, truth.column(issue) :][:, :steps].reshape(-1)
    known = np.isfinite(actual)
    assert len(found) == 2 * steps
    assert np.nanmean(actual[:steps]) < 0, "the first node exports"
    error = np.abs(actual - found["q50"])[known].mean()
    assert error < 0.15 * np.std(actual[known]) + 0.1 * 150


def test_without_any_weather(history_of: Make, quick: DemandConfig) -> None:
    history = history_of(nodes=2, days=100, with_weather=False)
    model = DemandModel.fit(history, quick)
    found = model.forecast(history, history.as_of, 24)
    assert np.isfinite(found[QUANTILES].to_numpy()).all()
    assert (found["reason"] == "").all()


def test_a_jump_is_recentred_and_flagged(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    row = history.versions.ids.index("N2")
    jump = (history.versions.row == row) & (history.versions.column >= history.versions.width - 10 * 24)
    value = np.where(jump, history.versions.value * 3.0, history.versions.value)
    jumped = replace(history, versions=replace(history.versions, value=value))
    issue = history.as_of - pd.Timedelta(days=3)
    found = model.forecast(jumped, issue, 24, node_ids=["N2"], actual_weather=True)
    truth = jumped.loads
    actual = truth.values[row, truth.column(issue) :][:24]
    assert (found["reason"] == "LEVEL_SHIFT").all()
    assert (np.abs(found["q50"] - actual) / actual).mean() < 0.2


def test_too_little_data_fails_fast(history_of: Make, quick: DemandConfig) -> None:
    with pytest.raises(ModelError):
        DemandModel.fit(history_of(nodes=1, days=2), quick)


def test_stations_may_come_and_go_after_training(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    observed = history.weather.observed["temperature_c"]
    more = replace(
        observed,
        ids=("V", *observed.ids),
        row=np.concatenate([observed.row + 1, observed.row * 0]),
        column=np.concatenate([observed.column] * 2),
        value=np.concatenate([observed.value, observed.value + 30.0]),
        available=np.concatenate([observed.available] * 2),
    )
    order = np.argsort(more.available, kind="stable")
    more = replace(more, **{name: getattr(more, name)[order] for name in ("row", "column", "value", "available")})
    issue = history.as_of - pd.Timedelta(days=5)
    usual = model.forecast(history, issue, 24, actual_weather=True)
    with_more = replace(history, weather=Weather({"temperature_c": more}))
    pd.testing.assert_frame_equal(model.forecast(with_more, issue, 24, actual_weather=True), usual)
    with pytest.raises(ModelError, match="weather_observed"):
        model.forecast(replace(history, weather=Weather({})), issue, 24)


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_rows_of_a_part_are_as_dense_as_those_of_decades(unit: str) -> None:
    first, middle, last = (
        pd.Timestamp(day, tz="UTC").as_unit(unit) for day in ("1990-01-01", "2010-01-01", "2030-01-01")
    )
    assert rows_until(last, first, last, 150_000) == 150_000
    assert rows_until(middle, first, last, 150_000) == pytest.approx(75_000, rel=1e-3)
