"""Explanations add up, leave the forecast as it is, and find what was planted."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import ModelError
from features.load.grid import Grid, Versions
from features.load.groups import EVENTS, GROUPS, LEVEL, WEATHER
from features.load.history import History
from features.load.issue import LINEAR, feature_groups, feature_names
from features.load.terms import term_groups
from features.load.weather import WEATHER_VARIABLES, Weather
from training.demand import DemandConfig, DemandModel
from training.demand.explain import absorb, pass_on

# Models are fitted to be taken apart.
pytestmark = pytest.mark.slow

Make = Callable[..., History]
DAY = pd.Timedelta(days=1)
COLUMNS = list(GROUPS)


@pytest.fixture(scope="module")
def fitted(history_of: Make, quick: DemandConfig) -> tuple[DemandModel, History]:
    """Two years, so that holidays have been seen; the Spring Festival of 2025 lies ahead of the fit."""
    history = with_holidays(history_of(nodes=3, days=760))
    return DemandModel.fit(history.until(history.as_of - 20 * DAY), quick), history


def with_holidays(history: History) -> History:
    """Loads fall by 40 % on public holidays."""
    grid = history.loads
    local = history.calendar.local(grid.times)
    holiday = history.calendar.days(local).loc[local.normalize(), "holiday"].to_numpy(dtype=bool)
    return with_loads(history, np.where(holiday, 0.6, 1.0) * grid.values)


def with_loads(history: History, load_kw: np.ndarray) -> History:
    return replace(history, versions=Versions.from_grid(replace(history.loads, values=load_kw)))


def gap(frame: pd.DataFrame) -> float:
    """The worst relative difference between a median and what adds up to it."""
    known = frame.dropna(subset=["q50"])
    assert len(known)
    total = known[COLUMNS].sum(axis=1)
    return float(((total - known["q50"]).abs() / known["q50"].abs().clip(lower=1e-9)).max())


def test_every_feature_and_every_term_has_one_group(fitted: tuple[DemandModel, History]) -> None:
    groups = feature_groups(WEATHER_VARIABLES)
    assert tuple(groups) == feature_names(WEATHER_VARIABLES)
    assert set(groups.values()) == {*GROUPS, LINEAR}
    assert len(term_groups(fitted[0].stage.names)) == len(fitted[0].stage.names)
    with pytest.raises(ModelError, match="moon_phase"):
        term_groups(("const", "moon_phase"))


@settings(max_examples=12, deadline=None)
@given(back=st.integers(20 * 24, 400 * 24), hours=st.integers(1, 72), actual=st.booleans())
def test_parts_add_up_and_the_median_is_the_forecasts(
    fitted: tuple[DemandModel, History], back: int, hours: int, actual: bool
) -> None:
    model, history = fitted
    issue = history.as_of - pd.Timedelta(hours=back)
    parts = model.explain(history, issue, hours, node_ids=["N2", "N0"], actual_weather=actual)
    plain = model.forecast(history, issue, hours, node_ids=["N2", "N0"], actual_weather=actual)
    assert gap(parts) < 1e-9
    pd.testing.assert_frame_equal(parts[["node_id", "start_utc", "q50"]], plain[["node_id", "start_utc", "q50"]])


def test_an_explained_forecast_has_the_same_quantiles(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    issue = history.as_of - 5 * DAY
    plain = model.forecast(history, issue, 48, actual_weather=True)
    explained = model.forecast(history, issue, 48, actual_weather=True, explain=True)
    pd.testing.assert_frame_equal(explained[plain.columns], plain)


def test_loads_around_zero_and_exports_are_explained_too(history_of: Make, quick: DemandConfig) -> None:
    history = history_of(nodes=3, days=150, offset_kw=180.0)
    model = DemandModel.fit(history, quick)
    found = model.explain(history, history.as_of - DAY, 48, actual_weather=True)
    assert (found["q50"] < 0).any()
    total = found[COLUMNS].sum(axis=1)
    np.testing.assert_allclose(total, found["q50"], rtol=1e-9, atol=1e-9)


def test_a_heat_wave_shows_as_weather(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    issue = (history.as_of - 5 * DAY).floor("D")
    observed = history.weather.observed["temperature_c"]
    ahead = observed.start + pd.to_timedelta(observed.column * 60, unit="min") >= issue
    hot = replace(observed, value=observed.value + np.where(ahead, 15.0, 0.0))
    heated = replace(history, weather=Weather({"temperature_c": hot}))
    before, after = (model.explain(one, issue, 24, actual_weather=True) for one in (history, heated))
    moved = (after[COLUMNS] - before[COLUMNS]).abs().mean()
    assert moved.idxmax() == WEATHER
    assert moved[WEATHER] > 3 * moved.drop(WEATHER).max()


def test_a_holiday_shows_as_events_and_an_ordinary_day_has_none(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    # 2025-01-29 is the first day of the Spring Festival, which the two years before have had, too.
    local = pd.Timestamp("2025-01-29", tz="Asia/Shanghai").tz_convert("UTC")
    found = model.explain(history, local - pd.Timedelta(hours=6), 30, actual_weather=True)
    day = found[found["lead_hours"] >= 6]
    assert (day[EVENTS].sum() / day["q50"].sum()) < -0.15
    plain = model.explain(history, pd.Timestamp("2024-11-12T16:00Z"), 24, actual_weather=True)
    assert (plain[EVENTS] == 0).all()


def test_a_jump_shows_as_level(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    issue = history.as_of - 2 * DAY
    grid = history.loads
    jump = np.where(grid.times >= issue - 6 * DAY, 2.0, 1.0)
    before, after = (
        model.explain(one, issue, 24, node_ids=["N1"], actual_weather=True)
        for one in (history, with_loads(history, grid.values * jump))
    )
    assert (after["reason"] == "LEVEL_SHIFT").all()
    moved = (after[COLUMNS] - before[COLUMNS]).mean()
    assert moved[LEVEL] > 0.7 * moved.sum() > 0


def test_nodes_without_history_are_explained_by_those_who_speak_for_them(
    fitted: tuple[DemandModel, History],
) -> None:
    model, history = fitted
    row = history.nodes.loc[["N0"]].rename(index={"N0": "NEW"})
    grown = replace(history, nodes=pd.concat([history.nodes, row]))
    found = model.explain(grown, history.as_of - DAY, 24, node_ids=["NEW"], actual_weather=True)
    assert (found["reason"] == "NO_HISTORY").all()
    assert gap(found) < 1e-9
    alone = replace(grown, nodes=grown.nodes.assign(kind=["a", "b", "c", "d"], parent_id=None))
    silent = model.explain(alone, history.as_of - DAY, 24, node_ids=["NEW"], actual_weather=True)
    assert silent[["q50", *COLUMNS]].isna().all(axis=None)


def test_a_stale_node_is_explained(fitted: tuple[DemandModel, History]) -> None:
    model, history = fitted
    values = history.loads.values.copy()
    values[2, -40 * 24 :] = np.nan
    found = model.explain(with_loads(history, values), history.as_of - DAY, 24, node_ids=["N2"], actual_weather=True)
    assert (found["reason"] == "STALE_LOAD").all()
    assert gap(found) < 1e-9
    among_all = model.explain(with_loads(history, values), history.as_of - DAY, 24, actual_weather=True)
    expected = among_all[among_all["node_id"] == "N2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3, 3))
def test_what_is_passed_on_is_passed_on_whole(seed: int, told: float) -> None:
    rng = np.random.default_rng(seed)
    linear = rng.normal(0, 50, (2, 3, len(GROUPS)))
    said = np.full((2, 3), 40.0 * told)
    shared = pass_on(said, linear, np.array([30.0, 70.0]))
    np.testing.assert_allclose(shared.sum(axis=-1), said, rtol=1e-9, atol=1e-9)
    assert np.isfinite(shared).all()


def test_what_is_lacking_goes_to_the_group_named_and_nothing_stays_nothing() -> None:
    found = absorb(np.ones((2, len(GROUPS))), np.array([7.0, np.nan]), WEATHER)
    assert found[0].tolist() == [1.0, 1.0, 3.0, 1.0, 1.0]
    assert np.isnan(found[1]).all()


def test_grids_of_other_resolution_add_up(history_of: Make, quick: DemandConfig) -> None:
    history = history_of(nodes=2, days=120, step_minutes=30)
    model = DemandModel.fit(history, quick)
    found = model.explain(history, history.as_of - DAY, 12, actual_weather=True)
    assert len(found) == 2 * 24
    assert gap(found) < 1e-9
    assert isinstance(history.loads, Grid)
