"""Columns of the linear stage: calendar, trend and temperature at each interval."""

import numpy as np
import pandas as pd

from features.clock import FAR_DAYS
from features.errors import ModelError
from features.load.groups import CALENDAR, EVENTS, LEVEL, WEATHER

__all__ = ["BENDS", "PAD_HOURS", "calendar_terms", "linear_terms", "ordinary_days", "term_groups"]

PAD_HOURS = 168
"""Hours of temperature needed before the first interval."""

BENDS = ("temp_above", "temp_warm", "temp_cold")
"""How the names of terms begin that are zero on one side of some temperature."""

# Temperatures are counted in tens of degrees from 15 °C, about where heating ends and cooling begins.
_ORIGIN_DEGC, _UNIT_DEGC = 15.0, 10.0
_KNOTS = (-1.0, -0.5, 0.0, 0.5, 1.0)
_FEW_KNOTS = (-0.5, 0.5)
_WARM, _COLD = 0.3, 0.1
_LAGS = (2, 4, 6, 9, 12)
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
    interval and ends with the last, or is None where the territory has no weather. Temperature enters in straight
    pieces, of its current value and of trailing means (the recency effect; Wang, Liu and Hong, 2016): beyond the
    temperatures seen, a straight line goes on where the cubic of Hong's vanilla model runs away.
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
    series = (temperature - _ORIGIN_DEGC) / _UNIT_DEGC

    def lagged(hours: int) -> np.ndarray:
        shift = pad - hours * steps_per_hour
        return series[shift : shift + len(series) - pad]

    def mean(first: int, last: int) -> np.ndarray:
        # Every mean is summed hour by hour in the same order, so that it does not depend on where the array starts.
        total = np.zeros(len(series) - pad)
        for hours in range(first, last):
            total += lagged(hours)
        return total / (last - first)

    now = lagged(0)
    columns: dict[str, np.ndarray] = {}
    for name, values, knots in (
        ("now", now, _KNOTS),
        ("few", mean(1, 4), _FEW_KNOTS),
        ("day", mean(1, 25), _KNOTS),
        ("two", mean(25, 73), _FEW_KNOTS),
        ("week", mean(73, 169), _FEW_KNOTS),
    ):
        columns[f"temp_{name}"] = values
        for knot in knots:
            columns[f"temp_above{knot:+}_{name}"] = np.maximum(values - knot, 0.0)
    for hours in _LAGS:
        columns[f"temp_warm_lag{hours}"] = np.maximum(lagged(hours) - _WARM, 0.0)
        columns[f"temp_cold_lag{hours}"] = np.maximum(_COLD - lagged(hours), 0.0)
    for power in (1, 2):
        for wave in ("sin1", "cos1"):
            columns[f"temp_{wave}_{power}"] = now**power * calendar[f"year_{wave}"]
    columns["temp_off_1"], columns["temp_off_2"] = now * calendar["off"], now**2 * calendar["off"]
    columns["temp_cross"] = now * columns["temp_day"]
    return columns
