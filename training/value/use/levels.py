"""The levels a customer has been at before a day: what his next season is told from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar

__all__ = ["LEVELS", "Levels", "levels_at", "mean_known", "ordinary_days"]

_SPANS = (7, 14, 28, 56, 91)
_FESTIVAL = (-12, 14)
"""Days around the Spring Festival in which works are closed or run down; on Yangzhong use is below its level then."""

LEVELS = (
    *(f"mean_{days}" for days in _SPANS),
    "median_14",
    "median_28",
    "median_56",
    "ordinary_28",
    "ordinary_56",
    "before_28",
    "before_56",
    "before_7",
    "highest_91",
    "all_days",
    "rest_days",
    "high_91",
    "low_91",
)
"""Levels told as log ratios to the customer's size; `mean_7` is that of the last 7 days."""

_BESIDE = ("near_zero_28", "near_zero_91", "spread_28", "spread_91", "log_size")


@dataclass(frozen=True)
class Levels:
    """`features` [customers × F] beside `size` [customers] in kWh/day: a robust level that is never zero."""

    features: np.ndarray
    size: np.ndarray

    names = (*LEVELS, *_BESIDE)


def ordinary_days(calendar: Calendar, days: pd.DatetimeIndex) -> np.ndarray:
    """Which local days [days] are like others: no public holiday, and not around the Spring Festival."""
    table = calendar.days(days).reindex(days)
    festival = table["festival"].to_numpy()
    near = (festival >= _FESTIVAL[0]) & (festival <= _FESTIVAL[1])
    return ~near & ~table["holiday"].to_numpy(dtype=bool)


def mean_known(values: np.ndarray) -> np.ndarray:
    """Mean of what is known in each row [n]; 0 where nothing is."""
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def levels_at(kwh: np.ndarray, days: pd.DatetimeIndex, ordinary: np.ndarray) -> Levels:
    """The levels at the end of `kwh` [customers × days]; `ordinary` [days] says which of them are like others.

    Size: the mean of ordinary days of the last six weeks, at least a fifth of the last quarter's mean, and 1 kWh.
    """
    usual = np.where(ordinary[None, :], kwh, np.nan)
    mean = {span: mean_known(kwh[:, -span:]) for span in _SPANS}
    size = np.maximum(np.maximum(mean_known(usual[:, -42:]), 0.2 * mean[91]), 1.0)
    quarter, sundays = kwh[:, -91:], (days[-56:].day_of_week == 6)
    levels = [
        *mean.values(),
        *(_quantile(usual[:, -span:], 0.5) for span in (14, 28, 56)),
        *(mean_known(usual[:, -span:]) for span in (28, 56)),
        mean_known(kwh[:, -56:-28]),
        mean_known(kwh[:, -84:-56]),
        mean_known(kwh[:, -14:-7]),
        _quantile(quarter, 1.0),
        mean_known(kwh),
        mean_known(kwh[:, -56:][:, sundays]),
        _quantile(quarter, 0.9),
        _quantile(quarter, 0.1),
    ]
    least = 0.02 * size + 1.0
    told = [np.log((np.maximum(level, 0.0) + least) / (size + least)) for level in levels]
    zero = [mean_known(np.where(np.isfinite(part), part <= 1.0, np.nan)) for part in (kwh[:, -28:], quarter)]
    spread = [_spread(part) / size for part in (kwh[:, -28:], quarter)]
    return Levels(np.stack([*told, *zero, *spread, np.log(size)], axis=1), size)


def _quantile(values: np.ndarray, level: float) -> np.ndarray:
    """A quantile of what is known in each row; 0 where nothing is."""
    out = np.zeros(len(values))
    known = np.isfinite(values).any(axis=1)
    if known.any():
        out[known] = np.nanquantile(values[known], level, axis=1)
    return out


def _spread(values: np.ndarray) -> np.ndarray:
    """Standard deviation of what is known in each row; 0 where nothing is."""
    return np.sqrt(mean_known((values - mean_known(values)[:, None]) ** 2))
