"""What the weather of a year does to a customer's margin: foreseen where the last year was no ordinary one.

Customers follow degrees outside the comfort band with their own slopes. After a mild year use rises again, for
everybody at once: that is foreseen. What weather came is taken out of what is learnt from, and how far years differ
goes into the range.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.behaviour.dayplan import COMFORT_C
from features.behaviour.temperature import read_temperature
from features.clock import Calendar
from features.lake import Lake

__all__ = ["Weather", "weather_slopes"]

_YEARS = 12
_LEAST_YEARS = 3
_LEAST_KNOWN = 0.9
_STEEPEST = 0.15
_YEAR = pd.Timedelta(days=365)
_SLOPES = ["cooling_slope_share_c", "heating_slope_share_c"]
Period = tuple[pd.Timestamp, pd.Timestamp]


def weather_slopes(features: pd.DataFrame, classes: np.ndarray) -> np.ndarray:
    """Share of mean use per degree [n × 2] above and below the comfort band; what is not known is the class's median.

    None is below 0, and none so steep that a short history may have made it up.
    """
    told = features[_SLOPES].clip(lower=0.0, upper=_STEEPEST).reset_index(drop=True)
    return np.asarray(told.fillna(told.groupby(classes).transform("median")).fillna(0.0).to_numpy())


@dataclass(frozen=True)
class Weather:
    """Mean air temperature of local days, as known at a moment."""

    temperature_c: pd.Series
    calendar: Calendar

    @classmethod
    def known(cls, lake: Lake, calendar: Calendar, at: pd.Timestamp) -> "Weather":
        """The days before `at` of the last years, as they were known then."""
        today = calendar.local(pd.DatetimeIndex([at]))[0].normalize()
        days = _YEARS * 366
        first = today - pd.Timedelta(days=days)
        return cls(read_temperature(lake, calendar, first, days, at), calendar)

    def came(self, slopes: np.ndarray, before: Period, after: Period) -> np.ndarray:
        """Share [n] by which use of `after` differs from that of `before` for its weather; 0 where it is not known."""
        change = self._degrees(after) - self._degrees(before)
        return np.asarray(slopes @ np.nan_to_num(change))

    def foreseen(self, slopes: np.ndarray, before: Period, after: Period) -> tuple[np.ndarray, np.ndarray]:
        """The same [n] before `after` has come, by the mean of such periods of the years before, and its sd [n].

        Both are 0 where fewer than three such periods are known.
        """
        seen = np.array([self._degrees((after[0] - k * _YEAR, after[1] - k * _YEAR)) for k in range(1, _YEARS)])
        seen = seen[np.isfinite(seen).all(axis=1)]
        if len(seen) < _LEAST_YEARS:
            return np.zeros(len(slopes)), np.zeros(len(slopes))
        change = np.nan_to_num(seen.mean(axis=0) - self._degrees(before))
        # The mean of few years is not sure itself.
        spread = seen.std(axis=0, ddof=1) * np.sqrt(1 + 1 / len(seen))
        return np.asarray(slopes @ change), np.sqrt(slopes**2 @ spread**2)

    def _degrees(self, period: Period) -> np.ndarray:
        """Mean degrees of a day above and below the comfort band; NaN where a tenth of the days is not known."""
        begin, end = self.calendar.local(pd.DatetimeIndex(list(period))).normalize()
        wanted = pd.date_range(begin, end, freq="D", inclusive="left")
        days = self.temperature_c.reindex(wanted).dropna().to_numpy(dtype=float)
        if len(days) < _LEAST_KNOWN * len(wanted):
            return np.full(2, np.nan)
        return np.array([np.maximum(days - COMFORT_C[1], 0).mean(), np.maximum(COMFORT_C[0] - days, 0).mean()])
