"""The features of the point model: calendar of a day, and the weather response."""

import numpy as np
import pandas as pd

from features.clock import Calendar

__all__ = ["TREND", "calendar_features", "weather_features"]

TREND = 1
"""Column of the trend, years from the origin; column 0 is the constant."""
_YEAR_DAYS = 365.2425


def calendar_features(days: pd.DatetimeIndex, calendar: Calendar, origin: pd.Timestamp, harmonics: int) -> np.ndarray:
    """Constant, trend in years from `origin`, Fourier pairs of the year, weekday and holiday columns [day, column]."""
    facts = calendar.days(days)
    age = (days - origin).days.to_numpy() / _YEAR_DAYS
    turn = 2 * np.pi * (days.day_of_year.to_numpy() - 1) / _YEAR_DAYS
    columns: list[np.ndarray | pd.Series] = [np.ones(len(days)), age]
    for k in range(1, harmonics + 1):
        columns += [np.sin(k * turn), np.cos(k * turn)]
    weekday = facts["weekday"].to_numpy()
    columns += [weekday == day for day in range(6)]
    off = facts["off"].to_numpy()
    columns += [off & (weekday < 5), facts["holiday"], facts["moved_work"], facts["eve"], facts["after"]]
    festival = facts["festival"].to_numpy()
    columns += [np.clip(1 - np.abs(festival) / 12, 0, None), (festival >= 0) & (festival < 7)]
    return np.column_stack([np.asarray(column, dtype=float) for column in columns])


def weather_features(weather: np.ndarray) -> np.ndarray:
    """Powers of the block's temperature and of its trailing means, [station, day, block, column].

    Cubic in the present and the last day (heating and cooling bend differently), lower where memory is longer.
    """
    z = (weather - 15.0) / 10.0
    now, day, spell, week = (z[..., k] for k in range(4))
    return np.stack([now, now**2, now**3, day, day**2, day**3, spell, spell**2, week], axis=-1)
