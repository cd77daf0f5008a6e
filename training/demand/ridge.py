"""The regressions of the linear stage: per node and hour of day a weighted ridge that outliers do not sway."""

import numpy as np
import pandas as pd

from features.load.terms import BENDS
from training.demand.config import LinearConfig

__all__ = ["SLOTS", "solve_hours"]

SLOTS = 24
"""Hours of the day, each with its own coefficients."""

_LEAST_BEYOND = 0.05
_YEAR_DAYS = 365.2425


def solve_hours(
    target: np.ndarray, matrix: np.ndarray, names: tuple[str, ...], local: pd.DatetimeIndex, config: LinearConfig
) -> np.ndarray:
    """Coefficients [n, 24, P] of nodes with loads `target` [n, T] (on the stage's scale, NaN where unknown) on terms
    `matrix` [T, P] at local times `local`; NaN for a node without any load."""
    age = (local[-1] - local).total_seconds().to_numpy() / 86_400 / _YEAR_DAYS
    recency = 0.5 ** (age / config.half_life_years)
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0)
    constant = names.index("const")
    spread[constant], mean[constant] = 1.0, 0.0
    usable = _usable(names, age[0]) & _crossed(names, matrix) & (spread > 1e-9)
    columns = np.flatnonzero(usable)
    centred = (matrix[:, columns] - mean[columns]) / spread[columns]
    penalty = np.where(columns == constant, 0.0, config.ridge)
    slot = local.hour.to_numpy()
    out = np.zeros((len(target), SLOTS, len(names)))
    for hour in range(SLOTS):
        weight = recency * _nearness(slot, hour, age[0])
        at = np.flatnonzero(weight > 0)
        solved = _ridge(target[:, at], centred[at], weight[at], penalty, config.robust_passes)
        out[:, hour, columns] = solved / spread[columns]
        out[:, hour, constant] -= (solved * (mean[columns] / spread[columns])).sum(axis=1)
    out[~np.isfinite(target).any(axis=1)] = np.nan
    return out


def _usable(names: tuple[str, ...], span_years: float) -> np.ndarray:
    """Terms a history of this length can tell apart: no trend below 1.3 years, no yearly waves below a half."""

    def keep(name: str) -> bool:
        if name == "trend":
            return span_years >= 1.3
        if name.startswith(("year_", "off_sin", "off_cos", "temp_sin", "temp_cos", "festival_")):
            return span_years >= 0.9
        return True

    return np.array([keep(name) for name in names])


def _crossed(names: tuple[str, ...], matrix: np.ndarray) -> np.ndarray:
    """Bends that the history has been beyond: the slope on a side hardly seen would be drawn from a few hours."""
    bent = np.array([name.startswith(BENDS) for name in names])
    return ~bent | ((matrix != 0.0).mean(axis=0) >= _LEAST_BEYOND)


def _nearness(slot: np.ndarray, hour: int, span_years: float) -> np.ndarray:
    """Neighbouring hours lend weight where the history is short: one year of 24 separate models is thin."""
    distance = np.minimum((slot - hour) % SLOTS, (hour - slot) % SLOTS)
    if span_years >= 1.3:
        return (distance == 0).astype(float)
    return np.select([distance == 0, distance == 1], [1.0, 0.4], 0.0)


def _ridge(target: np.ndarray, matrix: np.ndarray, weight: np.ndarray, penalty: np.ndarray, passes: int) -> np.ndarray:
    """Weighted ridge of every row of `target` [n, D] on `matrix` [D, p], with Huber reweighting."""
    known = np.isfinite(target)
    value = np.where(known, target, 0.0)
    weights = known * weight
    size = matrix.shape[1]
    solved = np.zeros((len(target), size))
    for turn in range(passes + 1):
        if turn:
            error = np.abs(value - solved @ matrix.T)
            limit = np.maximum(3.0 * 1.4826 * _median(error, known), 1e-9)
            weights = known * weight * np.minimum(1.0, limit / np.maximum(error, 1e-12))
        gram = _gram(weights, matrix)
        moment = (weights * value) @ matrix
        total = np.maximum(weights.sum(axis=1), 1e-9)
        gram += (total[:, None] * penalty)[:, :, None] * np.eye(size)
        gram += 1e-9 * np.eye(size)
        solved = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    return solved


def _median(error: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.array([[np.median(row[good])] if good.any() else [0.0] for row, good in zip(error, known, strict=True)])


def _gram(weights: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """X'WX of every node [n, p, p]; many nodes share one product with the pairwise columns."""
    size = matrix.shape[1]
    if len(weights) <= 8:
        return np.stack([(matrix * one[:, None]).T @ matrix for one in weights])
    upper = np.triu_indices(size)
    pairs = matrix[:, upper[0]] * matrix[:, upper[1]]
    flat = weights @ pairs
    gram = np.empty((len(weights), size, size))
    gram[:, upper[0], upper[1]] = flat
    gram[:, upper[1], upper[0]] = flat
    return gram
