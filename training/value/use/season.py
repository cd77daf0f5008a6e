"""What the same season did to each customer a year before, and how much of it comes again."""

import numpy as np

from training.value.use.levels import mean_known

__all__ = ["YEAR_DAYS", "last_season", "learn_weight"]

YEAR_DAYS = 365
_WEIGHTS = np.linspace(0.0, 1.0, 21)


def last_season(kwh: np.ndarray, ordinary: np.ndarray, size: np.ndarray, horizon: int, past: int) -> np.ndarray:
    """Log ratio [customers] of last year's `horizon` days from this day of the year to the `past` days before them.

    Only ordinary days count. It leans on 5 % of the customer's size, so that a works that stood still tells nothing
    wild; NaN where last year is not known for half of either stretch.
    """
    here = kwh.shape[1] - YEAR_DAYS
    out = np.full(len(kwh), np.nan)
    if here < past // 2:
        return out
    usual = np.where(ordinary[None, :], kwh, np.nan)
    before, after = usual[:, max(here - past, 0) : here], usual[:, here : here + horizon]
    known = np.isfinite(after).sum(axis=1) >= horizon // 2
    known &= np.isfinite(before).sum(axis=1) >= min(past, here) // 4
    least = 0.05 * size + 1.0
    ratio = np.log((mean_known(after) + least) / (mean_known(before) + least))
    out[known] = ratio[known]
    return out


def learn_weight(
    actual: np.ndarray, base: np.ndarray, season: np.ndarray, weight: np.ndarray, start: float, evidence: float = 0.1
) -> float:
    """The part of last year's season that comes again: the one with the least weighted absolute error [n].

    Few origins have a year behind them, so a weight must be better than `start` by some; `evidence` is the share of
    the error that a whole step from `start` costs.
    """
    errors = np.array([(weight * np.abs(actual - base * np.exp(part * season))).sum() for part in _WEIGHTS])
    return float(_WEIGHTS[np.argmin(errors * (1.0 + evidence * (_WEIGHTS - start) ** 2))])
