"""Scenarios of the highest load of a node over the days ahead, per block of the day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.peak.blocks import BLOCKS
from training.peak.plan import Plan

__all__ = ["NodeState", "Residuals", "hindcast", "node_maxima", "settle_residuals"]


@dataclass(frozen=True)
class Residuals:
    """Residuals of the nodes, complete and centred: `value` [node, day, block]; beyond `cut` [node, block] a drawn
    value is replaced by an exponential tail of mean `excess` [node, block].
    """

    value: np.ndarray
    cut: np.ndarray
    excess: np.ndarray


@dataclass(frozen=True)
class NodeState:
    """One node in kW: `ahead` [day, block] of the horizon before weather, `weather` [day, block] the effect of each
    historical day's weather, `residual` [day, block] with the tail `excess` beyond `cut` [block].
    """

    ahead: np.ndarray
    weather: np.ndarray
    residual: np.ndarray
    cut: np.ndarray
    excess: np.ndarray

    def drawn(self, plan: Plan, days: int) -> np.ndarray:
        """Residuals of the first `days` days of every scenario, the tail extrapolated, [scenario, day, block]."""
        drawn = self.residual[plan.residual_day[:, :days]]
        at = np.nonzero(drawn > self.cut)
        drawn[at] = self.cut[at[2]] + self.excess[at[2]] * plan.tail[at[:2]]
        return drawn


def settle_residuals(residual: np.ndarray, tail_quantile: float, year_days: int = 365) -> Residuals:
    """Centre residuals per node and year, fill gaps from the same node, and measure the tail.

    A year's own level is an error of the year, not a property of its days: left in, the maximum over blocks drawn
    from several years would always find the highest year. Gaps take the residual of the nearest known day.
    """
    days = residual.shape[1]
    value = residual.copy()
    age = np.arange(days)[::-1] // year_days
    # A stump of a year is too short to tell its level from its season.
    age = np.minimum(age, max(days // year_days - 1, 0))
    for year in np.unique(age):
        at = age == year
        value[:, at] -= _mean(value[:, at], axis=(1, 2))[:, None, None]
    value = _nearest(value)
    cut = np.quantile(value, tail_quantile, axis=1)
    above = np.clip(value - cut[:, None], 0, None)
    count = (above > 0).sum(axis=1)
    excess = above.sum(axis=1) / np.maximum(count, 1)
    # A handful of exceedances per node says little; each node's tail leans on the typical one, in its own spread.
    spread = value.std(axis=1) + 1e-12
    typical = np.median(excess / spread, axis=0)
    lean = 10.0
    return Residuals(value, cut, (count * excess + lean * typical * spread) / (count + lean))


def node_maxima(node: NodeState, plan: Plan, extra_kw: np.ndarray | None, horizons: Sequence[int]) -> np.ndarray:
    """Highest load in kW within each horizon, [horizon, scenario, block], before the year's shocks.

    `extra_kw` [scenario, day, block] is load that connections add.
    """
    path = node.drawn(plan, len(node.ahead)) + node.weather[plan.weather_day] + node.ahead
    if extra_kw is not None:
        path = path + extra_kw
    return np.stack([path[:, :horizon].max(axis=1) for horizon in horizons])


def hindcast(fitted: np.ndarray, actual: np.ndarray, node: NodeState, plan: Plan, year_days: int = 365) -> np.ndarray:
    """Log ratio of each past year's highest load to what the model says of it, most recent first [year].

    `fitted` [day, block] is the model on the weather that came, `actual` what was measured, both kW. Years of which
    a tenth or more is unknown are NaN.
    """
    days = len(fitted)
    drawn = node.drawn(plan, year_days)
    ratios = np.full(days // year_days, np.nan)
    for back in range(len(ratios)):
        part = slice(days - (back + 1) * year_days, days - back * year_days)
        known = np.isfinite(actual[part])
        if known.mean() < 0.9:
            continue
        path = np.where(known, fitted[part] + drawn, -np.inf)
        said, came = float(np.median(path.max(axis=(1, 2)))), float(np.nanmax(actual[part]))
        if said > 0 and came > 0:
            ratios[back] = np.log(came / said)
    return ratios


def _mean(values: np.ndarray, axis: tuple[int, ...]) -> np.ndarray:
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(axis=axis) / np.maximum(known.sum(axis=axis), 1)


def _nearest(values: np.ndarray) -> np.ndarray:
    """Along days, each gap takes the value of the nearest known day; zero where a node has none at all."""
    days = values.shape[1]
    place = np.broadcast_to(np.arange(days)[None, :, None], values.shape)
    known = np.isfinite(values)
    before = np.maximum.accumulate(np.where(known, place, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, place, days * 3)[:, ::-1], axis=1)[:, ::-1]
    use_before = (before >= 0) & ((place - before <= after - place) | (after >= days))
    chosen = np.clip(np.where(use_before, before, after), 0, days - 1)
    filled = np.take_along_axis(values, chosen, axis=1)
    return np.where(known.any(axis=1, keepdims=True), filled, 0.0).reshape(values.shape[0], days, BLOCKS)
