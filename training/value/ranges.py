"""How far a customer's margin may move: quantiles of its change, in units of his size."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from training.value.boosters import fit_booster
from training.value.config import ValueConfig

__all__ = ["Ranges", "empirical", "fit_ranges", "held_out", "pinball", "with_common"]

_EVERY = ""
"""Under this name the quantiles of all classes together."""
_LEAST_OF_CLASS = 100
_LEAST_SIDE = 0.01


@dataclass(frozen=True)
class Ranges:
    """Quantiles of the change at the levels of the settings, never crossing.

    With `boosters`, one a level, their distance from the median times `factor` (conformal), less `common`: what all
    customers shared in the years seen; of what is left of the median `share` is believed. Without boosters, the changes
    that were seen, by class (`seen`), around no change at all: "as last period".
    """

    seen: dict[str, tuple[float, ...]]
    boosters: tuple[Any, ...] = ()
    factor: float = 1.0
    common: float = 0.0
    share: float = 1.0

    def change(self, features: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Quantiles [n × 3] of the change, in units of size."""
        if not self.boosters:
            return np.array([self.seen.get(name, self.seen[_EVERY]) for name in classes]).reshape(-1, 3)
        quantiles = _widened(_raw(self.boosters, features), self.factor) - self.common
        quantiles[:, 1] = np.clip(self.share * quantiles[:, 1], quantiles[:, 0], quantiles[:, 2])
        return quantiles


def with_common(quantiles: np.ndarray, levels: tuple[float, ...], common_sd: float | np.ndarray) -> np.ndarray:
    """`quantiles` [n × levels] of what customers do one by one, widened by what all of them do together in a year.

    Weather and business move everybody at once, and a lake of some years has seen that a few times only: it cannot be
    learnt there. Its distance from the median is that of a normal with `common_sd` (one, or [n]); both are independent,
    so squares add up.
    """
    middle = quantiles[:, 1]
    out = quantiles.copy()
    for place in (0, 2):
        apart = np.hypot(quantiles[:, place] - middle, NormalDist().inv_cdf(levels[place]) * common_sd)
        out[:, place] = middle + np.sign(place - 1) * apart
    return out


def empirical(
    change: np.ndarray, classes: np.ndarray, levels: tuple[float, ...], periods: int = 1
) -> dict[str, tuple[float, ...]]:
    """Quantiles of the changes seen, by class where there are enough of it; the middle one is none at all.

    They are less what all customers shared, as those of `fit_ranges` are.
    """
    change = change - _shared(change, periods)
    out = {_EVERY: _around_none(change, levels)}
    for name in np.unique(classes):
        mine = change[classes == name]
        if len(mine) >= _LEAST_OF_CLASS:
            out[str(name)] = _around_none(mine, levels)
    return out


def fit_ranges(
    features: np.ndarray,
    change: np.ndarray,
    classes: np.ndarray,
    calibration: np.ndarray,
    config: ValueConfig,
    periods: int | None = 1,
) -> Ranges:
    """Boosters of every level on all rows, widened by what boosters that had not seen `calibration` (a mask) needed.

    Conformalised quantile regression (Romano and others 2019), with the distance to the median in place of a
    difference, so that a wide range gives way more than a narrow one.

    What all customers share is weather and business more than anything of theirs, and there is one of it a period: of
    `periods` that do not overlap, one part is taken out; of a single one, all of it. None: the weather is out of
    `change` already, and what they share beside it goes on.
    """
    blind = _boosters(features[~calibration], change[~calibration], config)
    needed = _needed(_raw(blind, features[calibration]), change[calibration])
    wanted = config.levels[2] - config.levels[0]
    rank = min(int(np.ceil(wanted * (len(needed) + 1))), len(needed)) - 1
    factor = float(np.sort(needed)[rank])
    seen = empirical(change, classes, config.levels, periods or 1)
    boosters = _boosters(features, change, config)
    shared = 0.0 if periods is None else _shared(change, periods)
    return Ranges(seen, boosters, factor, shared, config.believed_share)


def held_out(ids: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Mask [n] of the rows of about `share` of the customers: the same customers whatever else is there."""
    import hashlib

    names, place = np.unique(ids, return_inverse=True)
    drawn = [int(hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()[:8], 16) / 2**32 for name in names]
    return np.asarray((np.array(drawn) < share)[place])


def pinball(actual: np.ndarray, quantiles: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Mean pinball loss over levels [n] of `quantiles` [n × levels]."""
    gap = actual[:, None] - quantiles
    return np.asarray(np.maximum(np.array(levels) * gap, (np.array(levels) - 1) * gap).mean(axis=1))


def _shared(change: np.ndarray, periods: int) -> float:
    return float(np.median(change)) / max(periods, 1)


def _boosters(features: np.ndarray, change: np.ndarray, config: ValueConfig) -> tuple[Any, ...]:
    return tuple(fit_booster(features, change, config.heads, config.seed, "quantile", level) for level in config.levels)


def _raw(boosters: tuple[Any, ...], features: np.ndarray) -> np.ndarray:
    """Quantiles as the boosters tell them, sorted."""
    return np.sort(np.stack([one.predict(features, num_threads=1) for one in boosters], axis=1), axis=1)


def _needed(quantiles: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """By what the distances from the median must be multiplied to reach the actual change."""
    low, middle, high = quantiles.T
    below = (middle - actual) / np.maximum(middle - low, _LEAST_SIDE)
    above = (actual - middle) / np.maximum(high - middle, _LEAST_SIDE)
    return np.asarray(np.maximum(below, above))


def _widened(quantiles: np.ndarray, factor: float) -> np.ndarray:
    low, middle, high = quantiles.T
    down = np.maximum(middle - low, _LEAST_SIDE) * max(factor, 0.0)
    up = np.maximum(high - middle, _LEAST_SIDE) * max(factor, 0.0)
    return np.stack([middle - down, middle, middle + up], axis=1)


def _around_none(change: np.ndarray, levels: tuple[float, ...]) -> tuple[float, ...]:
    low, _, high = np.quantile(change, levels)
    return float(min(low, 0.0)), 0.0, float(max(high, 0.0))
