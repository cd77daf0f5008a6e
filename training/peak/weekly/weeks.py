"""Monday weeks of the past: the highest load of each, and the trailing annual peak that is their unit."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.peak.inputs import PeakInputs

__all__ = ["Weeks", "next_monday"]

_YEAR_DAYS = 364
_LEAST_YEAR_DAYS = 300


def next_monday(day: pd.Timestamp) -> pd.Timestamp:
    """The first Monday on or after a local day."""
    return day + pd.Timedelta(days=-day.day_of_week % 7)


@dataclass(frozen=True)
class Weeks:
    """Whole Monday weeks. `first_day` [week] are local Mondays; `peak_kw` float64 [node, week] is the highest load, NaN
    where a block of the week is unknown; `annual_kw` [node, week] the highest load of the 52 weeks before the week,
    NaN with less than 300 days behind it.
    """

    first_day: pd.DatetimeIndex
    peak_kw: np.ndarray
    annual_kw: np.ndarray

    @classmethod
    def of(cls, inputs: PeakInputs) -> "Weeks":
        """The whole weeks of `inputs`."""
        days = inputs.days
        offset = -days[0].day_of_week % 7 if len(days) else 0
        count = max(len(days) - offset, 0) // 7
        known = np.isfinite(inputs.peak_kw)
        top = np.where(known, inputs.peak_kw, -np.inf).max(axis=2)
        part = slice(offset, offset + 7 * count)
        shape = (len(top), count, 7)
        whole = known.all(axis=2)[:, part].reshape(shape).all(axis=2)
        peak = np.where(whole, top[:, part].reshape(shape).max(axis=2), np.nan)
        mondays = days[part][::7]
        ends = range(offset, offset + 7 * count, 7)
        annual = np.column_stack([_trailing(top, end) for end in ends]) if count else np.empty((len(top), 0))
        return cls(mondays, peak, annual)


def _trailing(top: np.ndarray, end: int) -> np.ndarray:
    """Highest load of the 364 days before day `end`."""
    if end < _LEAST_YEAR_DAYS:
        return np.full(len(top), np.nan)
    highest = top[:, max(end - _YEAR_DAYS, 0) : end].max(axis=1)
    return np.where(np.isfinite(highest), highest, np.nan)
