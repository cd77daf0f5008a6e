"""The point model: one weighted ridge per node and block, solved for all nodes at once."""

from dataclasses import dataclass

import numpy as np

from training.peak.design import TREND

__all__ = ["PointFit", "fit_points", "node_scale"]

_FOLDS = 6
_FOLD_DAYS = 28


@dataclass(frozen=True)
class PointFit:
    """Fitted response of every node: `beta` [node, block, column], and out-of-fold `residual` [node, day, block]."""

    beta: np.ndarray
    residual: np.ndarray


def node_scale(peak_kw: np.ndarray) -> np.ndarray:
    """Scale of each node, kW [node]: the median of its absolute block maxima, 1 where nothing is known.

    Load is modelled as it is, in units of its scale, and not in logarithms: at the extremes of the weather a
    product of effects overshot by 14 % on GEFCom2012, a sum by 1 %; and export needs no special case.
    """
    flat = np.abs(peak_kw.reshape(len(peak_kw), -1))
    scale = np.ones(len(flat))
    some = np.isfinite(flat).any(axis=1)
    scale[some] = np.nanmedian(flat[some], axis=1)
    return np.where(scale > 0, scale, 1.0)


def fit_points(
    target: np.ndarray,
    calendar_x: np.ndarray,
    weather_x: np.ndarray,
    station: np.ndarray,
    weight: np.ndarray,
    groups: np.ndarray,
    ridge: float,
    trend_ridge: float,
) -> PointFit:
    """Fit every node and block. `target` [node, day, block] may hold NaN; `weight` [day] is the worth of a day.

    The trend is first estimated alike for all nodes of one group (level), then each node's own is drawn towards it:
    a year of one node says little about its growth.
    """
    nodes, days, blocks = target.shape
    width = calendar_x.shape[1] + weather_x.shape[-1]
    beta = np.zeros((nodes, blocks, width))
    residual = np.full(target.shape, np.nan)
    fold = np.arange(days)[::-1] // _FOLD_DAYS % _FOLDS
    for block in range(blocks):
        for s in np.unique(station):
            members = np.flatnonzero(station == s)
            x = np.hstack([calendar_x, weather_x[s, :, block] if s >= 0 else np.zeros((days, weather_x.shape[-1]))])
            part = _Normal.of(x, target[members, :, block], weight, fold)
            beta[members, block], residual[members, :, block] = part.solve(groups[members], ridge, trend_ridge)
    return PointFit(beta, residual)


@dataclass(frozen=True)
class _Normal:
    """Normal equations by fold of the nodes that share one design."""

    x: np.ndarray
    y: np.ndarray
    fold: np.ndarray
    spread: np.ndarray
    gram: np.ndarray  # [fold, node, column, column]
    moment: np.ndarray  # [fold, node, column]

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, weight: np.ndarray, fold: np.ndarray) -> "_Normal":
        spread = np.where(x.std(axis=0) > 1e-9, x.std(axis=0), 1.0)
        scaled = x / spread
        width = scaled.shape[1]
        left, right = np.triu_indices(width)
        products = scaled[:, left] * scaled[:, right]
        worth = np.where(np.isfinite(y), weight, 0.0)
        filled = np.where(np.isfinite(y), y, 0.0)
        gram = np.zeros((_FOLDS, len(y), width, width))
        moment = np.zeros((_FOLDS, len(y), width))
        for k in range(_FOLDS):
            at = fold == k
            flat = worth[:, at] @ products[at]
            gram[k][:, left, right] = flat
            gram[k][:, right, left] = flat
            moment[k] = (worth[:, at] * filled[:, at]) @ scaled[at]
        return cls(scaled, y, fold, spread, gram, moment)

    def solve(self, groups: np.ndarray, ridge: float, trend_ridge: float) -> tuple[np.ndarray, np.ndarray]:
        penalty = np.full(self.x.shape[1], ridge)
        penalty[0] = 1e-6
        gram, moment = self.gram.sum(axis=0), self.moment.sum(axis=0)
        free = _ridge(gram, moment, penalty, np.zeros_like(moment))
        prior = np.zeros_like(moment)
        for group in np.unique(groups):
            prior[groups == group, TREND] = np.median(free[groups == group, TREND])
        penalty[TREND] = trend_ridge
        beta = _ridge(gram, moment, penalty, prior)
        residual = np.full(self.y.shape, np.nan)
        for k in range(_FOLDS):
            at = self.fold == k
            held = _ridge(gram - self.gram[k], moment - self.moment[k], penalty, prior)
            residual[:, at] = self.y[:, at] - held @ self.x[at].T
        return beta / self.spread, residual


def _ridge(gram: np.ndarray, moment: np.ndarray, penalty: np.ndarray, prior: np.ndarray) -> np.ndarray:
    system = gram + np.diag(penalty)
    return np.linalg.solve(system, (moment + penalty * prior)[..., None])[..., 0]
