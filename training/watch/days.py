"""Dense series as one figure a local day, and which days can be compared with each other."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar, time_zone

__all__ = ["DayGrid", "ordinary_days", "same_season", "utc_of"]


@dataclass(frozen=True)
class DayGrid:
    """The local days of a regular time axis: `days` [D] without zone, `first` [D] the column each begins at.

    Only whole days that have ended by `now` are in; `columns` is how many leading columns they cover.
    """

    days: pd.DatetimeIndex
    first: np.ndarray
    begin: int
    columns: int

    @classmethod
    def of(cls, start: pd.Timestamp, step_minutes: int, width: int, calendar: Calendar, now: pd.Timestamp) -> "DayGrid":
        """The whole local days among `width` intervals from `start`."""
        times = pd.date_range(start, periods=width, freq=f"{step_minutes}min")
        local = calendar.local(times).normalize()
        days, first = np.unique(local.to_numpy(), return_index=True)
        ends = utc_of(pd.DatetimeIndex(days) + pd.Timedelta(days=1), calendar)
        reach = min(now, start + pd.Timedelta(minutes=step_minutes * width))
        whole = np.asarray(ends <= reach)
        if len(whole) and utc_of(pd.DatetimeIndex(days[:1]), calendar)[0] < start:
            whole[0] = False
        at = np.flatnonzero(whole)
        if not len(at):
            return cls(pd.DatetimeIndex([]), np.empty(0, dtype=int), 0, 0)
        stop = int(first[at[-1] + 1]) if at[-1] + 1 < len(first) else width
        return cls(pd.DatetimeIndex(days[at]), first[at] - first[at[0]], int(first[at[0]]), stop)

    def sums(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sum over the known intervals of every day [R, D], and their share of the day [R, D]."""
        part = values[:, self.begin : self.columns]
        known = np.isfinite(part)
        if not len(self.days):
            return np.empty((len(values), 0)), np.empty((len(values), 0))
        size = np.diff(np.append(self.first, part.shape[1]))
        total = np.add.reduceat(np.where(known, part, 0.0), self.first, axis=1)
        share = np.add.reduceat(known.astype(float), self.first, axis=1) / size
        return total, share

    def means(self, values: np.ndarray, ids: tuple[str, ...], least_share: float) -> pd.DataFrame:
        """Mean of every day by id, one row a day; NaN where less than `least_share` of the day is known."""
        total, share = self.sums(values)
        size = np.diff(np.append(self.first, self.columns - self.begin))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(share >= least_share, total / (share * size), np.nan)
        return pd.DataFrame(mean.T, index=self.days, columns=list(ids))


def utc_of(days: pd.DatetimeIndex, calendar: Calendar) -> pd.DatetimeIndex:
    """The instants at which local days begin."""
    zone = time_zone(calendar.time_zone)
    return days.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")


def ordinary_days(days: pd.DatetimeIndex, calendar: Calendar, festival_days: tuple[int, int]) -> np.ndarray:
    """True for days whose load says something about the level: no holiday, no day bordering one, no moved working
    day, and not the weeks in which work winds down for Spring Festival and comes back."""
    if not len(days):
        return np.empty(0, dtype=bool)
    around = pd.date_range(days[0] - pd.Timedelta(days=1), days[-1] + pd.Timedelta(days=1), freq="D")
    table = calendar.days(around)
    special = table["holiday"] | table["moved_work"] | (table["off"] & (table["weekday"] < 5))
    near = special | special.shift(1, fill_value=False) | special.shift(-1, fill_value=False)
    festival = table["festival"].between(*festival_days)
    return ~(near | festival).reindex(days).to_numpy(dtype=bool)


def same_season(days: pd.DatetimeIndex, day: pd.Timestamp, reach: int) -> np.ndarray:
    """True for days within `reach` days of the year of `day`."""
    apart = np.abs(days.day_of_year.to_numpy() - day.day_of_year)
    return np.asarray(np.minimum(apart, 365 - apart) <= reach)
