"""Empty homes and idle works: days without use, and runs of days with next to none."""

import numpy as np

from features.behaviour.figures import mean_over, ratio

__all__ = ["NEAR_ZERO_SHARE", "vacancy"]

NEAR_ZERO_SHARE = 0.1
"""A day with at most this share of the mean day is near zero: a refrigerator runs on in an empty home."""

_LEAST_DAYS, _SILENT_DAYS = 30, 14


def vacancy(year: np.ndarray) -> dict[str, np.ndarray]:
    """From `year` [customers × days], the days up to now: zero_day_share, vacancy_days, longest_vacancy_days.

    All three are NaN with fewer than 30 known days, the current run also after 14 days of silence.
    """
    known = np.isfinite(year)
    count = known.sum(axis=1)
    enough = count >= _LEAST_DAYS
    zero = ratio((year == 0).sum(axis=1).astype(float), np.where(enough, count, np.nan))
    mean = mean_over(year, np.ones(year.shape[1], dtype=bool), _LEAST_DAYS)
    near = np.abs(year) <= NEAR_ZERO_SHARE * np.abs(mean)[:, None]
    run = _runs(near, known & ~near)
    heard = known[:, -_SILENT_DAYS:].any(axis=1)
    return {
        "zero_day_share": zero,
        "vacancy_days": np.where(enough & heard, run[:, -1], np.nan),
        "longest_vacancy_days": np.where(enough, run.max(axis=1), np.nan),
    }


def _runs(counts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Length of the run up to each day: days that count since the last one that ends it; others pass by."""
    total = np.cumsum(counts, axis=1, dtype=np.int32)
    before = np.maximum.accumulate(np.where(ends, total, 0), axis=1)
    return np.asarray(total - before)
