"""What the days before a moment are: the sets of days over which use is compared."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.behaviour.known import Known

__all__ = ["COMFORT_C", "WIDTH", "DayPlan", "day_plan"]

WIDTH = 730
"""Days of use that features look back over."""

COMFORT_C = (16.0, 22.0)
"""Mean temperatures of a day between which use neither heats nor cools."""

_MILD, _SUMMER, _WINTER = (4, 5, 10, 11), (6, 7, 8), (12, 1, 2)
_AROUND_FESTIVAL = 7
_FESTIVAL_WIDTH = 400


@dataclass(frozen=True)
class DayPlan:
    """The `WIDTH` local days before a moment, oldest first. `sets` holds boolean masks over them by name.

    `cooling_c` and `heating_c` are degrees outside the comfort band, NaN where the temperature is not known; `off` is
    1 on days off, `festival` runs from 0 to 1 as work winds down before the Spring Festival and comes back after it.
    """

    days: pd.DatetimeIndex
    sets: dict[str, np.ndarray]
    cooling_c: np.ndarray
    heating_c: np.ndarray
    off: np.ndarray
    festival: np.ndarray


def day_plan(known: Known) -> DayPlan:
    """What the days before the moment of `known` were, by its calendar and its weather."""
    days = pd.date_range(end=known.today - pd.Timedelta(days=1), periods=WIDTH, freq="D")
    facts = known.calendar.days(days)
    temperature = known.temperature_c.reindex(days).to_numpy(dtype=float)
    distance = facts["festival"].to_numpy()
    return DayPlan(
        days=days,
        sets=_sets(days, facts),
        cooling_c=np.maximum(temperature - COMFORT_C[1], 0.0),
        heating_c=np.maximum(COMFORT_C[0] - temperature, 0.0),
        off=facts["off"].to_numpy(dtype=float),
        festival=np.interp(distance, [-11, -3, 6, 16], [0.0, 1.0, 1.0, 0.0]),
    )


def _sets(days: pd.DatetimeIndex, facts: pd.DataFrame) -> dict[str, np.ndarray]:
    back = np.arange(len(days))[::-1] + 1
    year, month = back <= 365, days.month.to_numpy()
    off, distance = facts["off"].to_numpy(dtype=bool), facts["festival"].to_numpy()
    weekend = facts["weekday"].to_numpy() >= 5
    near = np.abs(distance) <= _AROUND_FESTIVAL
    # A weekday off is a holiday or stands in for one; a weekend day may lie within a holiday, too.
    holiday = off & (facts["holiday"].to_numpy(dtype=bool) | ~weekend)
    fortnight = (np.abs(distance) >= 12) & (np.abs(distance) <= 28)
    return {
        "28": back <= 28,
        "90": back <= 90,
        "365": year,
        "summer": year & np.isin(month, _SUMMER),
        "winter": year & np.isin(month, _WINTER) & ~near,
        "mild": year & np.isin(month, _MILD),
        "weekend": year & off & ~holiday & ~near,
        "work": year & ~off & ~near,
        "holiday": year & holiday & ~near,
        "ordinary": year & ~holiday & ~near,
        "festival": (back <= _FESTIVAL_WIDTH) & (distance >= -1) & (distance <= 6),
        "around": (back <= _FESTIVAL_WIDTH + 30) & fortnight,
    }
