"""Ridge regressions per hour of the day, many nodes on the terms of one weather mix."""

import numpy as np
import pandas as pd

__all__ = ["solve_hours"]

_YEAR_DAYS = 365.2425


def solve_hours(
    target: np.ndarray,
    matrix: np.ndarray,
    local: pd.DatetimeIndex,
    ridge: float,
    half_life_years: float,
    robust_passes: int = 1,
    lend: float = 0.0,
) -> np.ndarray:
    """Coefficients [n, 24, P] of `target` [n, T] (NaN unknown) on `matrix` [T, P], whose first column is constant."""
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0)
    mean[0], spread[0] = 0.0, 1.0
    usable = np.flatnonzero(spread > 1e-9)
    scaled = (matrix[:, usable] - mean[usable]) / spread[usable]
    penalty = np.where(usable == 0, 0.0, ridge)
    age = (local[-1] - local).total_seconds().to_numpy() / 86_400 / _YEAR_DAYS
    recency = 0.5 ** (age / half_life_years)
    hours = local.hour.to_numpy()
    out = np.zeros((len(target), 24, matrix.shape[1]))
    for hour in range(24):
        gap = np.minimum((hours - hour) % 24, (hour - hours) % 24)
        near = np.select([gap == 0, gap == 1], [1.0, lend], 0.0) * recency
        at = np.flatnonzero(near > 0)
        for row, values in enumerate(target[:, at]):
            solved = _robust(values, scaled[at], near[at], penalty, robust_passes)
            out[row, hour, usable] = solved / spread[usable]
            out[row, hour, 0] -= (solved * mean[usable] / spread[usable]).sum()
    return out


def _robust(values: np.ndarray, matrix: np.ndarray, weight: np.ndarray, penalty: np.ndarray, passes: int) -> np.ndarray:
    known = np.isfinite(values)
    values, matrix, weight = values[known], matrix[known], weight[known]
    weights = weight
    solved = np.zeros(matrix.shape[1])
    for turn in range(passes + 1):
        if turn:
            error = np.abs(values - matrix @ solved)
            limit = max(3.0 * 1.4826 * np.median(error), 1e-9)
            weights = weight * np.minimum(1.0, limit / np.maximum(error, 1e-12))
        gram = (matrix * weights[:, None]).T @ matrix
        gram[np.diag_indices_from(gram)] += weights.sum() * penalty + 1e-9
        solved = np.linalg.solve(gram, matrix.T @ (weights * values))
    return solved
