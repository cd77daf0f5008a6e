"""Joint scenarios: every node's own quantiles, in the order of past days; then made to add up."""

import numpy as np
from scipy.special import ndtri

from training.demand.quantiles import at_levels

__all__ = ["coherent", "joint", "normal_scores"]

_MOST_SCORE = 3.0
_LEAST_SPREAD = 1e-3


def normal_scores(actual_kw: np.ndarray, quantiles_kw: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Where what came lay within its forecast, as a normal score [...]; NaN where load or forecast is unknown.

    `actual_kw` [...], `quantiles_kw` [..., levels] sorted. Beyond the outermost levels the nearest slope goes on.
    """
    score = ndtri(np.array(levels))
    place = np.clip((quantiles_kw <= actual_kw[..., None]).sum(axis=-1) - 1, 0, len(levels) - 2)
    low = np.take_along_axis(quantiles_kw, place[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(quantiles_kw, place[..., None] + 1, axis=-1)[..., 0]
    width = np.maximum(high - low, 1e-9)
    found = score[place] + (actual_kw - low) / width * (score[place + 1] - score[place])
    known = np.isfinite(actual_kw) & np.isfinite(quantiles_kw).all(axis=-1)
    return np.where(known, np.clip(found, -_MOST_SCORE, _MOST_SCORE), np.nan)


def joint(quantiles_kw: np.ndarray, scores: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Scenarios [K, N, H] in kW, one for each past issue.

    `quantiles_kw` [N, H, levels]; `scores` [K, N, H] are the normal scores of the same nodes and leads in K past
    issues. At each node and lead the values are evenly spread quantiles of its own forecast; which scenario gets the
    highest is taken from the past (the Schaake shuffle; Clark and others, 2004), so that a cold day is cold everywhere.
    """
    count = len(scores)
    filled = np.where(np.isfinite(scores), scores, _typical(scores))
    rank = filled.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    levels_wanted = tuple((np.arange(count) + 0.5) / count)
    spread = np.sort(at_levels(quantiles_kw, levels, levels_wanted), axis=-1)  # [N, H, K]
    return np.take_along_axis(np.moveaxis(spread, -1, 0), rank, axis=0)


def _typical(scores: np.ndarray) -> np.ndarray:
    """For what a node's past does not tell, how the others fared at the same hour of the same issue [K, 1, H]."""
    known = np.isfinite(scores)
    count = known.sum(axis=1, keepdims=True)
    return np.where(known, scores, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)


def coherent(scenarios_kw: np.ndarray, summing: np.ndarray) -> np.ndarray:
    """The scenarios [K, N, H] moved as little as their errors allow until parents are what their children add up to.

    `summing` [N, leaves] adds leaves up. Least squares weighted by the variance of each node's scenarios: minimum
    trace reconciliation with a diagonal covariance (Wickramasuriya, Athanasopoulos and Hyndman, 2019), scenario by
    scenario. A full covariance from a few dozen past days sees certainty where there is none.
    """
    spread = scenarios_kw.std(axis=0).mean(axis=1)
    spread = np.maximum(spread, _LEAST_SPREAD * max(float(spread.max()), 1e-9))
    weight = 1.0 / spread**2
    leaves = np.linalg.solve((summing.T * weight) @ summing, summing.T * weight)
    moved: np.ndarray = np.einsum("nm,kmh->knh", summing @ leaves, scenarios_kw)
    return moved
