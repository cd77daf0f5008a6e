"""What a year's weather does to use: planted degrees come back, and too few years foresee nothing."""

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from training.value.weather import Weather, weather_slopes

AT = pd.Timestamp("2025-01-01", tz="UTC")
YEAR = pd.Timedelta(days=365)
LAST, NEXT = (AT - YEAR, AT), (AT, AT + YEAR)


def make_weather(*yearly_c: float, days: int = 365) -> Weather:
    """Every day of the years up to AT (the last one first) at one temperature; `days` of each are known."""
    parts = []
    for back, degrees in enumerate(yearly_c):
        begin = (AT - (back + 1) * YEAR).tz_localize(None)
        parts.append(pd.Series(degrees, pd.date_range(begin, periods=days, freq="D")))
    return Weather(pd.concat(parts[::-1]), Calendar())


def test_after_a_mild_year_use_is_foreseen_to_rise() -> None:
    slopes = np.array([[0.05, 0.0], [0.0, 0.02]])
    share, sd = make_weather(22.0, 26.0, 24.0, 28.0).foreseen(slopes, LAST, NEXT)
    assert share == pytest.approx([0.05 * np.mean([0, 4, 2, 6]), 0.0])
    assert sd == pytest.approx([0.05 * np.std([0, 4, 2, 6], ddof=1) * np.sqrt(1.25), 0.0])


def test_what_came_is_the_difference_of_degrees_times_the_slope() -> None:
    weather = make_weather(10.0, 30.0)
    share = weather.came(np.array([[0.05, 0.02]]), (AT - 2 * YEAR, AT - YEAR), LAST)
    assert share == pytest.approx([-8 * 0.05 + 6 * 0.02])


@pytest.mark.parametrize("weather", [make_weather(22.0, 26.0), make_weather(22.0, 26.0, 24.0, days=300)])
def test_what_is_not_known_foresees_nothing(weather: Weather) -> None:
    share, sd = weather.foreseen(np.array([[0.05, 0.02]]), LAST, NEXT)
    assert (share == 0).all()
    assert (sd == 0).all()
    assert (weather.came(np.array([[0.05, 0.02]]), LAST, NEXT) == 0).all()


def test_slopes_not_known_are_those_of_the_class_and_none_is_wild() -> None:
    frame = pd.DataFrame(
        {"cooling_slope_share_c": [0.04, np.nan, 0.06, 9.0], "heating_slope_share_c": [-0.2, 0.01, np.nan, np.nan]}
    )
    told = weather_slopes(frame, np.array(["residential", "residential", "residential", "public"]))
    assert told[:, 0] == pytest.approx([0.04, 0.05, 0.06, 0.15])
    assert told[:, 1] == pytest.approx([0.0, 0.01, 0.005, 0.0])
