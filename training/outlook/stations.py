"""Which weather stations tell most of a node's load."""

import numpy as np

__all__ = ["rank_stations"]

_KNOTS = (-1.0, -0.5, 0.0, 0.5, 1.0)


def rank_stations(loads: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Stations of each node [N, S], the best first.

    Daily means of `loads` [N, T] are regressed on bent responses to each station's daily temperature [S, T] of the
    day and the day before; both begin at the same local midnight. Less unexplained is better.
    """
    days = loads.shape[1] // 24
    load = loads[:, : days * 24].reshape(len(loads), days, 24).mean(axis=2)
    warm = temperature[:, : days * 24].reshape(len(temperature), days, 24).mean(axis=2)
    designs = [_design((one - 15.0) / 10.0) for one in warm]
    return np.array([np.argsort([_unexplained(row, one) for one in designs], kind="stable") for row in load])


def _design(series: np.ndarray) -> np.ndarray:
    before = np.concatenate([series[:1], series[:-1]])
    day = np.arange(len(series))
    columns = [np.ones(len(series)), day / 365.0, (day / 365.0) ** 2]
    columns += [(day % 7 == one).astype(float) for one in range(1, 7)]
    for values in (series, before):
        columns += [values, *(np.maximum(values - knot, 0.0) for knot in _KNOTS)]
    return np.column_stack(columns)


def _unexplained(load: np.ndarray, matrix: np.ndarray) -> float:
    known = np.isfinite(load)
    if known.sum() < 60:
        return 0.0
    solved = np.linalg.lstsq(matrix[known], load[known], rcond=None)[0]
    return float(((load[known] - matrix[known] @ solved) ** 2).sum())
