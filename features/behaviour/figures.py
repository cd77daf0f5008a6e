"""Small arithmetic in which nothing known stays nothing known: ratios, means over sets of days, windows of records."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

__all__ = ["blocks", "counted", "covers", "mean_over", "ratio", "reaches_back", "summed"]

BLOCK = 4096
"""Customers worked on at once: arrays of 730 days stay at some 24 MB."""


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices of `size` that cover `count` rows."""
    return (slice(begin, min(begin + size, count)) for begin in range(0, count, size))


def ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """`over` / `under`, NaN where either is unknown or `under` is not positive: a share of nothing says nothing."""
    return np.divide(over, under, out=np.full(np.shape(under), np.nan), where=np.asarray(under > 0))


def mean_over(kwh: np.ndarray, days: np.ndarray, least: int) -> np.ndarray:
    """Mean of each row's known values among `days` (a boolean mask); NaN where fewer than `least` are known."""
    part = kwh[:, days]
    known = np.isfinite(part)
    count = known.sum(axis=1)
    total = np.where(known, part, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(kwh), np.nan), where=count >= max(least, 1))


def counted(place: np.ndarray, count: int) -> np.ndarray:
    """How many of the records (rows of customers, -1 for none) belong to each of `count` customers."""
    return np.bincount(place[place >= 0], minlength=count).astype(float)


def summed(place: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sum of the records' values of each customer; a value that is not known adds nothing."""
    mine = (place >= 0) & np.isfinite(values)
    return np.bincount(place[mine], weights=values[mine], minlength=count)


def covers(times: pd.Series, at: pd.Timestamp, days: int) -> np.ndarray:
    """Which instants lie in the `days` before `at`: after its begin, up to `at` itself."""
    return np.asarray((times > at - pd.Timedelta(days=days)) & (times <= at), dtype=bool)


def reaches_back(times: pd.Series, at: pd.Timestamp, days: int) -> bool:
    """Whether a territory's records reach back over at least half of the `days` before `at`.

    A count over a window of which less was recorded would say that little happened where little was written down.
    """
    return len(times) > 0 and bool(times.min() <= at - pd.Timedelta(days=days) / 2)
