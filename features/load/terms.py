"""Columns of the linear stage: calendar, trend and temperature at each interval."""

import numpy as np
import pandas as pd

from features.clock import FAR_DAYS
from features.errors import ModelError
from features.load.groups import CALENDAR, EVENTS, LEVEL, WEATHER

__all__ = ["PAD_HOURS", "calendar_terms", "linear_terms", "ordinary_days", "term_groups"]

PAD_HOURS = 168
"""Hours of temperature needed before the first interval."""

_YEAR_DAYS = 365.2425
_WEEKDAYS = (0, 1, 2, 3, 4, 5, 6)


# The constant is one per hour of the day, so that it carries the daily shape.
_TERM_GROUPS = (
    (CALENDAR, ("const", "year_", "weekday_", "off", "eve", "after")),
    (LEVEL, ("trend",)),
    (WEATHER, ("temp_",)),
    (EVENTS, ("holiday", "moved_work", "festival_")),
)


def term_groups(names: tuple[str, ...]) -> tuple[str, ...]:
    """The group of GROUPS that each term counts to on an ordinary day; ModelError for a term that has none.

    What a special day changes, in any term, counts as events (see `ordinary_days`).
    """
    found = [[group for group, starts in _TERM_GROUPS if name.startswith(starts)] for name in names]
    for name, groups in zip(names, found, strict=True):
        if len(groups) != 1:
            raise ModelError(f"the linear term {name} belongs to {len(groups)} groups of an explanation, not to one")
    return tuple(groups[0] for groups in found)


def ordinary_days(days: pd.DataFrame) -> pd.DataFrame:
    """The calendar rows as if every week were ordinary: weekends off, no holiday, no moved day, no festival near."""
    weekday = days["weekday"]
    usual = {"off": weekday >= 5, "eve": weekday == 4, "after": weekday == 0}
    return days.assign(**usual, holiday=False, moved_work=False, festival=FAR_DAYS)


def linear_terms(
    calendar: dict[str, np.ndarray], temperature: np.ndarray | None, steps_per_hour: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The matrix [intervals, terms] and the names of its columns.

    `calendar` are the calendar_terms of the intervals; `temperature` (degC) starts PAD_HOURS before the first
    interval and ends with the last, or is None where the territory has no weather. Temperature enters as cubics of
    its current value and of trailing means, after Hong's vanilla model with the recency effect (Wang, Liu and Hong,
    2016).
    """
    columns = dict(calendar)
    if temperature is not None:
        columns |= _temperature_terms(temperature, steps_per_hour, columns)
    return np.column_stack(list(columns.values())), tuple(columns)


def calendar_terms(local: pd.DatetimeIndex, days: pd.DataFrame, reference: pd.Timestamp) -> dict[str, np.ndarray]:
    """Calendar and trend columns by name.

    `local` is the wall-clock start of each interval; `days` the calendar rows by day; `reference` the local moment
    at which the trend is zero.
    """
    day = days.loc[local.normalize()]
    span = (local - reference).total_seconds().to_numpy() / 86_400 / _YEAR_DAYS
    phase = 2 * np.pi * (local.day_of_year.to_numpy() + local.hour.to_numpy() / 24) / _YEAR_DAYS
    columns = {"const": np.ones(len(local)), "trend": span}
    for order in (1, 2, 3):
        columns[f"year_sin{order}"], columns[f"year_cos{order}"] = np.sin(order * phase), np.cos(order * phase)
    weekday = day["weekday"].to_numpy()
    for number in _WEEKDAYS:
        columns[f"weekday_{number}"] = (weekday == number).astype(float)
    for name in ("holiday", "off", "moved_work", "eve", "after"):
        columns[name] = day[name].to_numpy(dtype=float)
    columns["off_sin1"] = columns["off"] * columns["year_sin1"]
    columns["off_cos1"] = columns["off"] * columns["year_cos1"]
    festival = day["festival"].to_numpy(dtype=float)
    columns["festival_before"] = np.where(festival < 0, np.exp(festival / 4), 0.0)
    columns["festival_after"] = np.where(festival >= 0, np.exp(-festival / 5), 0.0)
    return columns


def _temperature_terms(
    temperature: np.ndarray, steps_per_hour: int, calendar: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    pad = PAD_HOURS * steps_per_hour
    series = (temperature - 15.0) / 10.0

    def lagged(hours: int) -> np.ndarray:
        shift = pad - hours * steps_per_hour
        return series[shift : shift + len(series) - pad]

    def mean(first: int, last: int) -> np.ndarray:
        # Every mean is summed hour by hour in the same order, so that it does not depend on where the array starts.
        total = np.zeros(len(series) - pad)
        for hours in range(first, last):
            total += lagged(hours)
        return total / (last - first)

    now, day, two, week = lagged(0), mean(1, 25), mean(25, 73), mean(73, 169)
    columns: dict[str, np.ndarray] = {}
    for name, values in (("now", now), ("day", day), ("week", week), ("two", two)):
        for power in (1, 2, 3) if name != "week" else (1, 2):
            columns[f"temp_{name}{power}"] = values**power
    for hours in (1, 2, 3, 6, 12):
        columns[f"temp_lag{hours}_1"], columns[f"temp_lag{hours}_2"] = lagged(hours), lagged(hours) ** 2
    for power in (1, 2):
        for wave in ("sin1", "cos1"):
            columns[f"temp_{wave}_{power}"] = now**power * calendar[f"year_{wave}"]
    columns["temp_off_1"], columns["temp_off_2"] = now * calendar["off"], now**2 * calendar["off"]
    columns["temp_cross"] = now * day
    return columns
