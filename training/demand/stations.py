"""Which weather stations speak for a node, where the ledger does not say."""

import numpy as np
import pandas as pd

from features.load.grid import Grid
from features.load.terms import PAD_HOURS

__all__ = ["choose_stations"]


def choose_stations(
    target: np.ndarray,
    temperature: np.ndarray,
    loads: Grid,
    station_ids: tuple[str, ...],
    most: int,
    given: dict[str, str],
) -> tuple[np.ndarray, np.ndarray]:
    """Weather groups [G, S] (weights that add to one) and the group of each node [N].

    A station named by the ledger (`given`: node → station) is used alone. Otherwise daily means of the load are
    regressed on each station's daily temperature, and the best 1..`most` stations are averaged, the number being
    the one that explains the days best.
    """
    stations = len(station_ids)
    weights = np.zeros((len(target), stations))
    daily_load, daily_temperature = _daily(target, temperature, loads)
    for row in range(len(target)):
        named = given.get(loads.ids[row])
        if named in station_ids:
            weights[row, station_ids.index(named)] = 1.0
        elif stations == 1:
            weights[row, 0] = 1.0
        else:
            weights[row] = _best(daily_load[row], daily_temperature, most)
    groups, member = np.unique(weights, axis=0, return_inverse=True)
    return groups, member.reshape(-1)


def _daily(target: np.ndarray, temperature: np.ndarray, loads: Grid) -> tuple[np.ndarray, np.ndarray]:
    per_day = 24 * 60 // loads.step_minutes
    days = target.shape[1] // per_day
    pad = PAD_HOURS * 60 // loads.step_minutes
    load = target[:, : days * per_day].reshape(len(target), days, per_day)
    known = np.isfinite(load)
    full = known.mean(axis=2) > 0.9
    mean = np.where(known, load, 0.0).sum(axis=2) / np.maximum(known.sum(axis=2), 1)
    warm = temperature[:, pad : pad + days * per_day].reshape(len(temperature), days, per_day).mean(axis=2)
    return np.where(full, mean, np.nan), warm


def _best(load: np.ndarray, temperature: np.ndarray, most: int) -> np.ndarray:
    known = np.isfinite(load) & np.isfinite(temperature).all(axis=0)
    weights = np.zeros(len(temperature))
    if known.sum() < 60:
        weights[:] = 1.0 / len(temperature)
        return weights
    order = np.argsort([_unexplained(load, one, known) for one in temperature], kind="stable")
    tries = [
        (_unexplained(load, temperature[order[:count]].mean(axis=0), known), count)
        for count in range(1, min(most, len(order)) + 1)
    ]
    chosen = order[: min(tries)[1]]
    weights[chosen] = 1.0 / len(chosen)
    return weights


def _unexplained(load: np.ndarray, temperature: np.ndarray, known: np.ndarray) -> float:
    days = np.arange(len(load))
    phase = pd.Series(days % 7)
    series = (temperature - 15.0) / 10.0
    before = np.concatenate([series[:1], series[:-1]])
    columns = [np.ones(len(load)), days / 365.0, series, series**2, series**3, before, before**2]
    columns += [(phase == day).to_numpy(dtype=float) for day in range(1, 7)]
    matrix = np.column_stack(columns)[known]
    wanted = load[known]
    solved, *_ = np.linalg.lstsq(matrix, wanted, rcond=None)
    return float(((wanted - matrix @ solved) ** 2).sum())
