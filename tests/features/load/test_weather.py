"""Weather windows show what was known: observed before the issue, forecast after it, nothing invented."""

import numpy as np
import pandas as pd

from features.load.grid import Grid, Versions
from features.load.weather import ForecastIssue, Weather, WeatherReplay

START = pd.Timestamp("2024-01-01", tz="UTC")
HOUR = pd.Timedelta(hours=1)


def weather(hours: int = 96, issues: tuple[ForecastIssue, ...] = ()) -> Weather:
    grid = Grid(("W",), START, 60, np.arange(hours, dtype=float)[None])
    return Weather({"temperature_c": Versions.from_grid(grid)}, issues)


def issue(at_hour: int, first_hour: int, hours: int, value: float) -> ForecastIssue:
    values = {"temperature_c": np.full((1, hours), value)}
    return ForecastIssue(START + at_hour * HOUR, START + first_hour * HOUR, 60, values)


def test_the_future_is_unknown_without_a_forecast() -> None:
    window = WeatherReplay(weather()).window(START + 48 * HOUR, START + 40 * HOUR, 60, 20)
    np.testing.assert_array_equal(window.values["temperature_c"][0, :8], np.arange(40, 48))
    assert not window.known[8:].any()


def test_the_latest_available_forecast_wins_and_older_ones_fill() -> None:
    issues = (issue(24, 24, 60, 1.0), issue(47, 48, 6, 2.0), issue(49, 48, 60, 9.0))
    window = WeatherReplay(weather(issues=issues)).window(START + 48 * HOUR, START + 48 * HOUR, 60, 20)
    assert window.values["temperature_c"][0].tolist() == [2.0] * 6 + [1.0] * 14


def test_actual_weather_stands_in_only_where_it_is_asked_for() -> None:
    source = weather()
    replay = WeatherReplay(source, source.actual())
    window = replay.window(START + 48 * HOUR, START + 48 * HOUR, 60, 10)
    np.testing.assert_array_equal(window.values["temperature_c"][0], np.arange(48, 58))


def test_hours_are_interpolated_to_the_loads_resolution() -> None:
    window = WeatherReplay(weather()).window(START + 48 * HOUR, START + 40 * HOUR, 15, 5)
    np.testing.assert_allclose(window.values["temperature_c"][0], [40, 40.25, 40.5, 40.75, 41])


def test_hours_before_the_issue_that_are_not_yet_observed_are_forecast_too() -> None:
    late = Versions.from_grid(Grid(("W",), START, 60, np.arange(96.0)[None]), delay=pd.Timedelta(minutes=80))
    source = Weather({"temperature_c": late}, (issue(24, 24, 60, 1.0),))
    window = WeatherReplay(source).window(START + 48 * HOUR, START + 44 * HOUR, 60, 8)
    # At hour 48 the observation of hours 46 and 47 is still on its way.
    assert window.values["temperature_c"][0].tolist() == [44.0, 45.0] + [1.0] * 6
    actual = WeatherReplay(source, {"temperature_c": late.grid()}).window(START + 48 * HOUR, START + 44 * HOUR, 60, 8)
    assert actual.values["temperature_c"][0].tolist() == [44.0, 45.0] + [1.0] * 6
