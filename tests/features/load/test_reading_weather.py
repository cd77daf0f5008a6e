"""Weather from a lake: observed where there is any, else the latest forecast of each hour, and the log says so."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts import NODE_LOAD, WEATHER_FORECAST, WEATHER_OBSERVED
from features.frames import as_contract
from features.lake import Lake
from features.load.reading import load_history
from features.load.weather import WeatherReplay
from features.workspace import TerritorySettings

START = pd.Timestamp("2024-01-01", tz="UTC")
HOUR = pd.Timedelta(hours=1)
DAYS = 6


def issue_of(day: int, hours: int = 48) -> pd.DataFrame:
    """A forecast issued at the start of `day`, an hour late; it says day·100 + hour for each of its hours."""
    issued = START + pd.Timedelta(days=day)
    frame = pd.DataFrame({"station_id": "W", "start_utc": issued + HOUR * np.arange(hours)})
    frame["issued_at"], frame["available_at"] = issued, issued + HOUR
    frame["temperature_c"] = [day * 10 + hour * 0.1 for hour in range(hours)]
    return as_contract(WEATHER_FORECAST, frame.reindex(columns=WEATHER_FORECAST.columns))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path)
    times = START + HOUR * np.arange(24 * DAYS)
    loads = pd.DataFrame({"node_id": "A", "start_utc": times, "load_kw": 1.0, "available_at": times + HOUR})
    made.append("node_load", as_contract(NODE_LOAD, loads.reindex(columns=NODE_LOAD.columns)), "loads")
    made.append("weather_forecast", pd.concat([issue_of(day) for day in range(DAYS)]), "forecasts")
    return made


def test_forecasts_alone_are_weather(lake: Lake, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        weather = load_history(lake, TerritorySettings()).weather
    assert weather.variables == ("temperature_c",)
    assert len(weather.forecasts) == DAYS
    known = weather.actual()["temperature_c"]
    # Of each hour the forecast that was issued last before it.
    expected = [day * 10 + hour * 0.1 for day in range(DAYS) for hour in range(24)]
    np.testing.assert_allclose(known.values[0, : 24 * DAYS], expected)
    assert "weather_observed holds no rows" in caplog.text


def test_at_an_issue_only_forecasts_known_then_speak(lake: Lake) -> None:
    weather = load_history(lake, TerritorySettings()).weather
    at = START + pd.Timedelta(days=3)
    window = WeatherReplay(weather).window(at, at - pd.Timedelta(days=1), 60, 60)
    # The forecast of day 3 comes an hour late: that of day 2 speaks, also for the hours behind the issue.
    expected = np.append(20 + 0.1 * np.arange(48), np.full(12, np.nan))
    np.testing.assert_allclose(window.values["temperature_c"][0], expected)


def test_as_of_a_moment_and_all_at_once_say_the_same(lake: Lake) -> None:
    at = START + pd.Timedelta(days=3)
    then = load_history(lake, TerritorySettings(), as_of=at).weather.actual()["temperature_c"]
    later = load_history(lake, TerritorySettings()).until(at).weather.actual()["temperature_c"]
    np.testing.assert_array_equal(then.values, later.values)


def test_forecasts_that_came_in_together_are_ordered_by_their_issue(tmp_path: Path, lake: Lake) -> None:
    again = Lake(tmp_path / "again")
    again.append("node_load", lake.read("node_load"), "loads")
    together = pd.concat([issue_of(day) for day in reversed(range(DAYS))])
    again.append("weather_forecast", together.assign(available_at=START + HOUR * 24 * DAYS), "forecasts")
    known = load_history(again, TerritorySettings()).weather.actual()["temperature_c"]
    expected = load_history(lake, TerritorySettings()).weather.actual()["temperature_c"]
    np.testing.assert_array_equal(known.values, expected.values)


def test_observed_weather_comes_first(lake: Lake, caplog: pytest.LogCaptureFixture) -> None:
    times = START + HOUR * np.arange(24 * DAYS)
    seen = pd.DataFrame({"station_id": "W", "start_utc": times, "temperature_c": -1.0, "available_at": times + HOUR})
    lake.append(
        "weather_observed", as_contract(WEATHER_OBSERVED, seen.reindex(columns=WEATHER_OBSERVED.columns)), "seen"
    )
    with caplog.at_level(logging.WARNING):
        known = load_history(lake, TerritorySettings()).weather.actual()["temperature_c"]
    assert (known.values == -1.0).all()
    assert caplog.text == ""


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Amsterdam"])
def test_daily_figures_hold_for_their_local_day(tmp_path: Path, zone: str) -> None:
    days = pd.date_range("2024-03-20", "2024-04-10", freq="D")
    begins = days.tz_localize(zone).tz_convert("UTC")
    loads = pd.DataFrame({"node_id": "A", "start_utc": pd.date_range(begins[0], begins[-1], freq="h")})
    loads = loads.assign(load_kw=1.0, available_at=loads["start_utc"] + HOUR)
    day = pd.DataFrame({"station_id": "W", "start_utc": begins, "temperature_c": np.arange(len(days), dtype=float)})
    seen = day.assign(available_at=begins + pd.Timedelta(days=1))
    told = day.assign(temperature_c=day["temperature_c"] + 0.5, issued_at=begins - 18 * HOUR)
    told["available_at"] = told["issued_at"]
    lake = Lake(tmp_path)
    lake.append("node_load", as_contract(NODE_LOAD, loads.reindex(columns=NODE_LOAD.columns)), "loads")
    lake.append("weather_observed", as_contract(WEATHER_OBSERVED, seen.reindex(columns=WEATHER_OBSERVED.columns)), "w")
    lake.append("weather_forecast", as_contract(WEATHER_FORECAST, told.reindex(columns=WEATHER_FORECAST.columns)), "f")
    weather = load_history(lake, TerritorySettings(time_zone=zone)).weather
    known = weather.actual()["temperature_c"]
    local = known.times.tz_convert(zone).tz_localize(None).normalize()
    np.testing.assert_array_equal(known.values[0], [float((one - days[0]).days) for one in local])
    # Six o'clock of the day before: of today and tomorrow the forecasts are known, of the day after nothing is.
    issue = begins[5] + 6 * HOUR
    window = WeatherReplay(weather).window(issue, begins[5], 60, 66)
    np.testing.assert_array_equal(window.values["temperature_c"][0, :48], np.repeat([5.5, 6.5], 24))
    assert not window.known[48:].any()
