"""Determinism, size limits, and the parts of the simulation by themselves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.demo import DemoConfig, Territory, simulate
from features.demo.climate import with_marked_years, year_marks
from features.demo.days import days_of
from features.demo.growth import stratified_normal
from features.demo.load import settled_growth
from features.demo.network import ARCHETYPES
from features.demo.shapes import component_shapes
from features.demo.weather import felt_temperature, simulate_weather
from features.errors import ConfigError
from features.settings import parse_settings

TINY = DemoConfig(substations=1, feeders=1, areas=3, customers=12, years=2, customer_years=1, weather_stations=1)


def test_the_same_seed_gives_the_same_territory_and_another_does_not() -> None:
    first, again, other = simulate(TINY), simulate(TINY), simulate(TINY.model_copy(update={"seed": 8}))
    np.testing.assert_array_equal(first.load_kw, again.load_kw)
    for table in ("node", "application", "consumption", "node_load", "weather_forecast"):
        pd.testing.assert_frame_equal(first.frame(table), again.frame(table))
    for name, table in first.truth.items():
        pd.testing.assert_frame_equal(table, again.truth[name])
    assert not np.array_equal(first.true_kw, other.true_kw)


@settings(max_examples=6, deadline=None)
@given(substations=st.integers(1, 3), feeders=st.integers(1, 5), areas=st.integers(1, 9), customers=st.integers(0, 20))
def test_any_size_can_be_simulated(substations: int, feeders: int, areas: int, customers: int) -> None:
    size = {"substations": substations, "feeders": feeders, "areas": areas, "customers": customers}
    territory = simulate(TINY.model_copy(update=size))
    assert territory.load_kw.shape == (len(territory.node_ids), (365 * 2 + 1) * 24)
    assert np.isfinite(territory.true_kw).all()
    S, F, _ = territory.config.network_size
    assert set(territory.network.feeder_of_area) == set(range(F))
    assert set(territory.network.substation_of_feeder) == set(range(S))
    assert territory.frame("customer")["customer_id"].nunique() == customers


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ConfigError, match="aeras"):
        parse_settings(DemoConfig, {"aeras": 3}, "demo.yaml")


def test_hours_cover_whole_local_years(small_territory: Territory) -> None:
    assert small_territory.start == pd.Timestamp("2024-01-01", tz="Asia/Shanghai")
    assert small_territory.end == pd.Timestamp("2026-01-01", tz="Asia/Shanghai")
    hours = small_territory.days.hours
    assert len(hours) == small_territory.load_kw.shape[1]
    assert hours[-1] + pd.Timedelta(hours=1) == small_territory.end


def test_moved_working_days_are_worked_and_spring_festival_is_not() -> None:
    days = days_of(DemoConfig(years=2))
    rest = dict(zip(days.dates.strftime("%Y-%m-%d"), days.rest, strict=True))
    assert rest["2025-01-26"] == 0, "a Sunday worked for the Spring Festival of 2025"
    assert rest["2025-01-29"] == 1, "New Year's Day of the lunar calendar"
    assert rest["2025-03-08"] == 1, "a plain Saturday"
    festival = dict(zip(days.dates.strftime("%Y-%m-%d"), days.festival, strict=True))
    assert festival["2025-01-29"] == 1
    assert festival["2024-02-10"] == 1
    assert festival["2025-06-15"] == 0


def test_felt_temperature_is_a_mean_that_lags() -> None:
    step = np.concatenate([np.full(200, 10.0), np.full(200, 20.0)])
    felt = felt_temperature(step)
    assert felt[199] == pytest.approx(10)
    assert felt[399] == pytest.approx(20)
    assert felt[200] == pytest.approx(10 + 10 * (0.35 + 0.40 / 24 + 0.25 / 72))


def test_summers_meet_their_marks() -> None:
    config = DemoConfig(years=4)
    days, rng = days_of(config), np.random.default_rng(5)
    weather = simulate_weather(days, 2, rng)
    marks = np.array([0.0, 0.05, -0.04, 0.02])
    mix = np.array(ARCHETYPES["urban"])
    moved, shift = with_marked_years(weather, days, marks, mix)
    assert shift.shape == (4, 2)
    felt = felt_temperature(moved.temperature_c)
    hourly = np.stack([np.tensordot(mix, component_shapes(days, one), axes=1) for one in felt])
    summer = (days.dates.month >= 6) & (days.dates.month <= 9)
    peaks = [np.log(hourly[:, summer & (days.year == y)].max(axis=(1, 2))).mean() for y in range(4)]
    np.testing.assert_allclose(np.diff(peaks), np.diff(marks), atol=0.004)


def test_year_marks_return_after_an_exceptional_year() -> None:
    draws = np.stack([year_marks(6, 0.04, np.random.default_rng(seed)) for seed in range(400)])
    change = np.diff(draws, axis=1)
    assert change[:, 1:].std() == pytest.approx(0.04, rel=0.15)
    assert np.abs(change[:, 3] + change[:, 4]).max() < 0.03
    assert abs(change.mean()) < 0.003


def test_settled_growth_brings_the_share_that_was_asked_for() -> None:
    rng = np.random.default_rng(3)
    level = np.exp(np.cumsum(rng.normal(0.02, 0.08, (200, 5)), axis=1))
    period = np.repeat(np.arange(5), 365)
    extra = settled_growth(level[:, period], period, 0.45)
    change = np.diff(np.log(level), axis=1) + extra
    assert (change <= 0).mean() == pytest.approx(0.45, abs=0.01)


def test_stratified_draws_have_one_value_in_every_stratum() -> None:
    values = np.sort(stratified_normal(40, np.random.default_rng(1)))
    assert abs(values.mean()) < 0.02
    assert values.std() == pytest.approx(1, abs=0.08)
    assert (np.diff(values) > 0).all()


def test_load_follows_heat_weekends_and_festivals(small_territory: Territory) -> None:
    days = small_territory.days
    company = small_territory.true_kw[0].reshape(-1, 24).sum(axis=1)
    heat = small_territory.temperature_c.mean(axis=0).reshape(-1, 24).mean(axis=1)
    summer = (days.dates.month >= 6) & (days.dates.month <= 8)
    assert np.corrcoef(company[summer], heat[summer])[0, 1] > 0.7
    winter = (days.dates.month <= 3) & (days.festival == 0)
    industrial = small_territory.load.class_kwh["industrial"].sum(axis=0)
    assert industrial[winter & (days.rest == 1)].mean() < 0.85 * industrial[winter & (days.rest == 0)].mean()
    assert industrial[days.festival == 1].mean() < 0.6 * industrial[winter & (days.rest == 0)].mean()


def test_planted_overloads_are_hours_above_the_rating(small_territory: Territory) -> None:
    use = small_territory.true_kw[-len(small_territory.area_ids) :] / small_territory.network.capacity_kw(
        len(small_territory.days.dates)
    )
    overload = small_territory.truth["overload"]
    hours = (overload["end_utc"] - overload["start_utc"]) / pd.Timedelta(hours=1)
    assert hours.sum() == (use > 1).sum()
    assert len(overload) > 0
    assert overload["highest_utilisation"].max() == pytest.approx(use.max())
