"""Daily shapes: the mean day of each customer as shares of its hours, and the clusters such days fall into."""

import numpy as np

from features.behaviour.figures import blocks, ratio
from features.behaviour.known import Known
from features.errors import ModelError

__all__ = ["HOURS", "STANDARD_SHAPES", "assign", "day_shares", "fit_shapes", "hour_means", "known_enough"]

HOURS = 24
_LEAST_SHARE = 0.5
_SEED, _STARTS = 0, 4
_AT_ONCE = 1024


def _bumps(base: float, *bumps: tuple[float, float, float]) -> np.ndarray:
    """A day of `base` and bumps of (hour, width in hours, height) around the clock, as shares that sum to 1."""
    hour = np.arange(HOURS) + 0.5
    day = np.full(HOURS, base)
    for middle, width, height in bumps:
        away = np.abs((hour - middle + 12) % 24 - 12)
        day += height * np.exp(-0.5 * (away / width) ** 2)
    return np.asarray(day / day.sum())


STANDARD_SHAPES: np.ndarray = np.stack(
    [
        _bumps(1.0),
        _bumps(0.35, (20.0, 2.2, 1.0)),
        _bumps(0.3, (7.5, 1.4, 0.8), (19.5, 2.0, 1.0)),
        _bumps(0.25, (13.0, 3.6, 1.0)),
        _bumps(0.3, (10.0, 1.6, 1.0), (15.5, 1.8, 1.0)),
        _bumps(0.2, (2.0, 3.0, 1.0)),
        _bumps(0.3, (12.0, 1.6, 0.8), (18.5, 1.8, 1.0)),
        _bumps(0.45, (15.0, 6.0, 0.8)),
    ]
)
"""[8 × 24] standard days, in this order for good: level, evening, morning and evening, midday, office hours, night,
noon and evening, long day. They stand in where no clusters were fitted, so that a number means the same anywhere."""


def known_enough(known: Known, rows: slice) -> np.ndarray:
    """Of which customers at least half of the short intervals are known."""
    assert known.intervals is not None
    return np.asarray(np.isfinite(known.intervals.kwh[rows]).mean(axis=1) >= _LEAST_SHARE)


def hour_means(known: Known) -> np.ndarray:
    """Mean energy of an interval by local hour [customers × 24], kWh; NaN where less than half is known."""
    out = np.full((known.count, HOURS), np.nan)
    if known.intervals is None:
        return out
    hour = known.calendar.local(known.intervals.times).hour.to_numpy()
    belongs = (hour[:, None] == np.arange(HOURS)[None, :]).astype(float)
    for rows in blocks(known.count, _AT_ONCE):
        kwh = known.intervals.kwh[rows]
        heard = np.isfinite(kwh)
        mean = ratio(np.where(heard, kwh, 0.0).astype(float) @ belongs, heard.astype(float) @ belongs)
        out[rows] = np.where(known_enough(known, rows)[:, None], mean, np.nan)
    return out


def day_shares(means: np.ndarray) -> np.ndarray:
    """Hours as shares of the mean day [customers × 24]; energy given back counts as none. NaN where nothing is used."""
    used = np.maximum(means, 0.0)
    return ratio(used, np.repeat(used.sum(axis=1, keepdims=True), HOURS, axis=1))


def assign(centres: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Number of the centre [clusters × 24] nearest to each day of `shares`; NaN where the day is not known."""
    told = np.isfinite(shares).all(axis=1)
    days = np.where(told[:, None], shares, 0.0)
    distance = (centres**2).sum(axis=1)[None, :] - 2 * days @ centres.T
    return np.where(told, distance.argmin(axis=1).astype(float), np.nan)


def fit_shapes(known: Known, clusters: int = 8, previous: np.ndarray | None = None) -> np.ndarray:
    """Centres [clusters × 24] of the customers' mean days by k-means; the same input gives the same centres.

    With `previous` (as many centres) each new one has the number of the old one it is nearest to, matched one to one so
    that they move least in all; without, they are numbered by the hour of their peak, then by how even they are.
    Raises ModelError where fewer customers than clusters have a known day.
    """
    from sklearn.cluster import KMeans

    shares = day_shares(hour_means(known))
    shares = shares[np.isfinite(shares).all(axis=1)]
    # Customers come in any order; the draws of the starts must not depend on it.
    shares = shares[np.lexsort(shares.T)]
    if len(np.unique(shares, axis=0)) < clusters:
        raise ModelError(f"{clusters} daily shapes cannot be told from {len(shares)} customers with a known day")
    found = KMeans(clusters, n_init=_STARTS, random_state=_SEED).fit(shares).cluster_centers_
    if previous is None:
        return np.asarray(found[np.lexsort((found.max(axis=1), found.argmax(axis=1)))])
    if len(previous) != clusters:
        raise ModelError(f"{clusters} daily shapes cannot be matched to {len(previous)} earlier ones")
    return _renumbered(found, previous)


def _renumbered(found: np.ndarray, previous: np.ndarray) -> np.ndarray:
    from scipy.optimize import linear_sum_assignment

    apart = ((previous[:, None, :] - found[None, :, :]) ** 2).sum(axis=2)
    old, new = linear_sum_assignment(apart)
    return np.asarray(found[new[np.argsort(old)]])
