"""Arithmetic on quantiles: other levels than those trained, and mixtures of several forecasts."""

import numpy as np
from scipy.special import ndtri

__all__ = ["MEDIAN", "at_levels", "level_name", "median_of", "mixture"]

MEDIAN = "median_kw"
"""The column that contributions add up to."""

_POINTS = (np.arange(19) + 0.5) / 19


def level_name(level: float) -> str:
    """`q05` for .05, `q50` for .5, `q995` for .995."""
    digits = f"{level:.4f}"[2:].rstrip("0")
    return f"q{digits.ljust(2, '0')}"


def at_levels(quantiles: np.ndarray, have: tuple[float, ...], want: tuple[float, ...]) -> np.ndarray:
    """Quantiles at levels `want` from those at levels `have` (last axis, sorted).

    Linear between normal scores; beyond the outermost trained levels the last slope goes on.
    """
    if tuple(want) == tuple(have):
        return quantiles
    score, target = ndtri(np.array(have)), ndtri(np.array(want))
    place = np.clip(np.searchsorted(score, target) - 1, 0, len(score) - 2)
    share = (target - score[place]) / (score[place + 1] - score[place])
    low, high = quantiles[..., place], quantiles[..., place + 1]
    return low + share * (high - low)


def median_of(quantiles: np.ndarray, have: tuple[float, ...]) -> np.ndarray:
    """The median [...] of quantiles [..., levels] at levels `have`."""
    if 0.5 in have:
        return quantiles[..., have.index(0.5)]
    return at_levels(quantiles, have, (0.5,))[..., 0]


def mixture(members: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Quantiles [..., levels] of the equal-weight mixture of `members` [K, ..., levels]; unknown members drop out."""
    points = at_levels(members, levels, tuple(_POINTS))
    pooled = np.moveaxis(points, 0, -2).reshape(*points.shape[1:-1], -1)
    known = np.isfinite(pooled).any(axis=-1)
    out = np.full((*pooled.shape[:-1], len(levels)), np.nan)
    if known.any():
        out[known] = np.moveaxis(np.nanquantile(pooled[known], levels, axis=-1), 0, -1)
    return out
