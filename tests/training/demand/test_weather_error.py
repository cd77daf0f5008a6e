"""What forecasts of the weather are off widens the quantiles: measured from what was known, and enough to hold."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from features.load.grid import Grid
from features.load.history import History
from features.load.weather import ForecastIssue
from training.demand import DemandConfig, DemandModel
from training.demand.weather_error import TemperatureError, forecast_age_hours, widened

# Models are fitted with and without forecasts.
pytestmark = pytest.mark.slow

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
START = pd.Timestamp("2026-01-01", tz="UTC")
DAY = pd.Timedelta(days=1)


def told(truth: Grid, days: range, error_c: Callable[[int], np.ndarray], reach_days: int = 4) -> list[ForecastIssue]:
    """A forecast at the start of each of `days` of the truth, off by `error_c` of each day it reaches [reach_days]."""
    found = []
    for day in days:
        said = truth.values[:, 24 * day : 24 * (day + reach_days)]
        off = np.repeat(error_c(day), 24)[: said.shape[1]]
        at = truth.start + day * DAY
        found.append(ForecastIssue(at, at, 60, {"temperature_c": said + off}))
    return found


def flat(days: int, stations: int = 2) -> Grid:
    return Grid(tuple("WXYZ"[:stations]), START, 60, np.full((stations, 24 * days), 10.0))


def means(hourly: np.ndarray, hours: int) -> np.ndarray:
    return hourly.reshape(len(hourly), -1, hours).mean(axis=2)


class TestMeasured:
    def test_the_error_of_each_day_ahead_is_found(self) -> None:
        rng, sd = np.random.default_rng(0), np.array([0.5, 1.0, 2.0, 4.0])
        issues = told(flat(70), range(60), lambda _: rng.normal(0, 1, 4) * sd)
        found = TemperatureError.measured(issues, flat(70)).by_day_c
        np.testing.assert_allclose(found[:4], sd, rtol=0.3)
        assert (np.diff(found[4:]) > 0).all(), "beyond the forecasts' reach what is assumed stands"

    def test_little_evidence_leaves_the_assumption_and_much_of_it_wins(self) -> None:
        def after(issues: int) -> float:
            return float(
                TemperatureError.measured(told(flat(70), range(issues), lambda _: np.zeros(4)), flat(70)).by_day_c[0]
            )

        assert after(0) == pytest.approx(1.5)
        assert 0.25 < after(60) / after(1) < 0.3, "√(3 / 63) over √(3 / 4)"

    def test_only_the_latest_count(self) -> None:
        issues = told(flat(200), range(190), lambda day: np.full(4, 9.0 if day < 120 else 1.0))
        assert TemperatureError.measured(issues, flat(200)).by_day_c[1] < 1.2

    def test_what_was_not_observed_does_not_count(self) -> None:
        truth = flat(20)
        issues = told(truth, range(16), lambda _: np.full(4, 5.0))
        truth.values[:] = np.nan
        nothing = TemperatureError.measured((), truth)
        np.testing.assert_array_equal(TemperatureError.measured(issues, truth).by_day_c, nothing.by_day_c)

    @pytest.mark.parametrize(("hours_said", "hours_observed"), [(1, 24), (24, 1), (3, 1), (1, 3), (1, 1)])
    def test_a_right_forecast_is_right_at_whatever_interval(self, hours_said: int, hours_observed: int) -> None:
        shape = 10 + 8 * np.sin(2 * np.pi * np.arange(70 * 24) / 24)[None] + np.repeat(np.arange(70) % 5, 24)
        observed = Grid(("W",), START, 60 * hours_observed, means(shape, hours_observed))
        issues = []
        for day in range(60):
            at, said = START + day * DAY, means(shape[:, 24 * day : 24 * (day + 4)], hours_said)
            issues.append(ForecastIssue(at, at, 60 * hours_said, {"temperature_c": said}))
        assert TemperatureError.measured(issues, observed).by_day_c[:4].max() < 0.5

    def test_coarse_forecasts_and_those_of_before_the_observations_are_judged_where_they_meet(self) -> None:
        truth = flat(10)
        said = np.full((2, 3 * 8), 12.0)
        early = ForecastIssue(START - 2 * DAY, START - 2 * DAY, 180, {"temperature_c": said})
        error = TemperatureError.measured([early], truth).by_day_c
        assert error[2] == pytest.approx(np.sqrt((2.0**2 + 3 * 1.9**2) / 4))
        assert error[1] == pytest.approx(1.7), "no observation there"


def test_ages_count_from_the_latest_forecast_that_reaches_a_target() -> None:
    issues = told(flat(20), range(3), lambda _: np.zeros(4))
    issues = [issues[0], replace(issues[1], values={"temperature_c": issues[1].values["temperature_c"][:, :24]})]
    ages = forecast_age_hours(issues, START + pd.to_timedelta([23, 24, 47, 48, 95, 96], unit="h"))
    np.testing.assert_array_equal(ages, [23, 0, 23, 48, 95, np.nan])
    error = TemperatureError.measured((), flat(5))
    np.testing.assert_allclose(error.at(np.array([np.nan, 5.0, 30.0, 9999.0])), [0.0, 1.5, 1.7, 1.5 + 14 * 0.2])


class TestWidened:
    def test_two_normal_errors_add_up(self) -> None:
        found = widened(100 + 3.0 * ndtri(np.array(LEVELS))[None], np.array([4.0]), LEVELS)
        np.testing.assert_allclose(found[0], 100 + 5.0 * ndtri(np.array(LEVELS)))

    @given(st.lists(st.floats(-1e4, 1e4), min_size=5, max_size=5), st.floats(0, 1e4))
    @settings(max_examples=100, deadline=None)
    def test_order_and_median_stay_and_no_quantile_comes_nearer(self, values: list[float], spread: float) -> None:
        before = np.sort(np.array([values]), axis=1)
        after = widened(before, np.array([spread]), LEVELS)
        assert (np.diff(after) >= -1e-9).all()
        assert after[0, 2] == before[0, 2]
        assert (np.abs(after - before[:, 2:3]) >= np.abs(before - before[:, 2:3]) - 1e-9).all()


@pytest.fixture(scope="module")
def world(history_of: Callable[..., History], quick: DemandConfig) -> tuple[History, DemandModel]:
    plain = history_of(nodes=3, days=200, noise=0.02)
    truth = plain.weather.actual()["temperature_c"]
    factor = np.exp(0.06 * (truth.values[0] - truth.values.mean()))[: plain.versions.width]
    warm = replace(plain, versions=replace(plain.versions, value=plain.versions.value * factor[plain.versions.column]))
    rng = np.random.default_rng(1)
    days = truth.values.shape[1] // 24
    issues = told(truth, range(days - 60, days - 2), lambda _: np.full(4, rng.normal(0, 3.0)))
    history = replace(warm, weather=replace(warm.weather, forecasts=tuple(issues)))
    return history, DemandModel.fit(warm.until(warm.as_of - 60 * DAY), quick)


class TestForecast:
    """A model that never saw a forecast of the weather, among forecasts that are off by about three degrees."""

    def outside(self, history: History, model: DemandModel) -> float:
        shares = []
        for back in range(30, 3, -1):
            issue = history.as_of.floor("D") - back * DAY
            found = model.forecast(history, issue, 24)
            actual = history.loads.values[:, history.loads.column(issue) :][:, :24].reshape(-1)
            shares.append(np.mean((actual < found["q05"]) | (actual > found["q95"])))
        return float(np.mean(shares))

    def test_quantiles_hold_under_forecasts_and_would_not_without_their_error(
        self, world: tuple[History, DemandModel], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.outside(*world) < 0.15
        monkeypatch.setattr(TemperatureError, "at", lambda _self, age: np.zeros_like(age))
        assert self.outside(*world) > 0.35

    def test_what_came_after_the_issue_changes_nothing(self, world: tuple[History, DemandModel]) -> None:
        history, model = world
        issue = history.as_of.floor("D") - 20 * DAY
        observed = history.weather.observed["temperature_c"]
        later = observed.available > issue.value // 1000
        other = replace(observed, value=np.where(later, observed.value + 9.0, observed.value))
        forecasts = [one for one in history.weather.forecasts if one.available_at <= issue]
        changed = replace(
            history.weather, observed={**history.weather.observed, "temperature_c": other}, forecasts=tuple(forecasts)
        )
        mine = model.forecast(history, issue, 24)
        pd.testing.assert_frame_equal(model.forecast(replace(history, weather=changed), issue, 24), mine)

    def test_explained_quantiles_are_those_of_a_plain_forecast(self, world: tuple[History, DemandModel]) -> None:
        history, model = world
        issue = history.as_of.floor("D") - 20 * DAY
        plain, explained = model.forecast(history, issue, 24), model.forecast(history, issue, 24, explain=True)
        pd.testing.assert_frame_equal(explained[plain.columns], plain)
