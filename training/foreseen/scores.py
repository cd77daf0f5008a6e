"""A distribution learnt from cases, as its quantiles at fixed normal scores: small, smooth, strictly rising."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

__all__ = ["GRID", "fitted_quantiles", "tail_probability", "value_at"]

GRID = np.linspace(-2.5, 2.5, 21)
"""The normal scores; the outermost stand for shares of .6 % and 99.4 %."""
_LEAST_STEP = 1e-4


def fitted_quantiles(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Quantiles [scores] of known `values` with `weights` [n] at GRID, strictly rising."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) - weights[order] / 2
    found = np.interp(ndtr(GRID), share / weights.sum(), values[order])
    return np.maximum.accumulate(found) + _LEAST_STEP * np.arange(len(GRID))


def tail_probability(quantiles: Sequence[float] | np.ndarray, at: np.ndarray) -> np.ndarray:
    """The chance of a value at or above `at` [...]; NaN stays NaN. Beyond the outermost quantiles normal tails go on
    as steep as the two outermost have them."""
    values = np.asarray(quantiles, dtype=float)
    score = np.interp(at, values, GRID)
    for edge, inner in ((0, 1), (-1, -2)):
        slope = (GRID[edge] - GRID[inner]) / (values[edge] - values[inner])
        beyond = at < values[0] if edge == 0 else at > values[-1]
        score = np.where(beyond, GRID[edge] + slope * (at - values[edge]), score)
    return np.asarray(ndtr(-score))


def value_at(quantiles: Sequence[float] | np.ndarray, score: float) -> float:
    """The value at a normal score within GRID."""
    return float(np.interp(score, GRID, np.asarray(quantiles, dtype=float)))
