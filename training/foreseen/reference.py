"""What a day's worst run would be were there no forecast: of late, and at this time of the year.

A forecast that stands out does so in part because it errs, most of all where it follows a forecast of the weather
beyond what such forecasts are worth; the calibration draws it back towards these.
"""

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid
from training.foreseen.runs import day_levels

__all__ = ["reference_levels"]

_RECENT_DAYS, _LEVEL_DAYS, _WEEKS = 14, 28, 8
_YEARS, _YEAR_DAYS, _SEASON_DAYS = 3, 364, 10


def reference_levels(
    known: Grid, calendar: Calendar, today: pd.Timestamp, lead_days: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """`recent` and `usual` [N, L], kW: references for the days `lead_days` [L] after the local date `today`.

    `recent` is the median worst run of the last two weeks. `usual` is the mean of the last four weeks, plus what past
    years rose from those weeks to the days around the target (± 10), plus what the target's weekday differs from
    others; where no past year is known it is `recent`. Only days before `today` are looked at, in `known`: the loads
    as they were known at the issue.
    """
    levels = _Levels(known, calendar, today, width, int(max(lead_days, default=0)))
    recent = levels.over(np.arange(-_RECENT_DAYS, 0), median=True)
    base = levels.over(np.arange(-_LEVEL_DAYS, 0))
    weeks = np.arange(-7 * _WEEKS, 0)
    every = levels.over(weeks)
    usual = np.empty((len(known.ids), len(lead_days)))
    for place, lead in enumerate(lead_days):
        alike = levels.over(weeks[(weeks - lead) % 7 == 0])
        usual[:, place] = base + levels.seasonal_rise(int(lead)) + alike - every
    recent = np.broadcast_to(recent[:, None], usual.shape)
    return recent, np.where(np.isfinite(usual), usual, recent)


class _Levels:
    """Worst runs by days from `today`, each day read once."""

    def __init__(self, known: Grid, calendar: Calendar, today: pd.Timestamp, width: int, longest_lead: int) -> None:
        season = np.arange(-_LEVEL_DAYS, longest_lead + _SEASON_DAYS + 1)
        past = [season - year * _YEAR_DAYS for year in range(1, _YEARS + 1)]
        self._days = np.unique(np.concatenate([np.arange(-7 * _WEEKS, 0), *past]))
        days = today + pd.to_timedelta(self._days, unit="D")
        self._values = day_levels(known, calendar, pd.DatetimeIndex(days), width)

    def over(self, days: np.ndarray, median: bool = False) -> np.ndarray:
        """Mean or median worst run [N] over `days` (numbers from today, negative)."""
        return _known(self._values[:, np.searchsorted(self._days, days)], median)

    def seasonal_rise(self, lead: int) -> np.ndarray:
        """What past years rose [N] from the four weeks before this date to the days around `lead` days after it."""
        rises = []
        for year in range(1, _YEARS + 1):
            at = -year * _YEAR_DAYS
            around = np.arange(at + lead - _SEASON_DAYS, at + lead + _SEASON_DAYS + 1)
            rises.append(self.over(around) - self.over(np.arange(at - _LEVEL_DAYS, at)))
        return _known(np.stack(rises, axis=1))


def _known(values: np.ndarray, median: bool = False) -> np.ndarray:
    """Mean or median [N] of what is known of `values` [N, days]; NaN where nothing is."""
    found = np.full(len(values), np.nan)
    told = ~np.isnan(values).all(axis=1)
    found[told] = np.nanmedian(values[told], axis=1) if median else np.nanmean(values[told], axis=1)
    return found
