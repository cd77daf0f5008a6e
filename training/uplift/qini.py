"""How well a model sorts customers by what an offer changes: the Qini curve, its coefficient and its interval.

The curve is what is gained when the share of customers said to gain most is turned to, per customer of all. The
coefficient is the area between it and the straight line of turning to as many drawn by lot: 0 for a model that knows
nothing, below 0 for one that sorts the wrong way round.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.uplift.learner import Judged

__all__ = ["Qini", "qini", "qini_curve"]

_AT_ONCE = 100


@dataclass(frozen=True)
class Qini:
    """The coefficient (a share of customers), and its interval by bootstrap of persons."""

    coefficient: float
    low: float
    high: float


def qini(
    judged: Judged,
    draws: int,
    confidence: float,
    seed: int = 0,
) -> Qini:
    """Of contacts that were judged. They are ranked within their fold:
    each has a model of its own, and the levels of two models say nothing of sorting.
    """
    names, places = np.unique(judged.persons.astype(str), return_inverse=True)
    rng = np.random.default_rng(seed)
    found = []
    for begin in range(0, draws, _AT_ONCE):
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=min(_AT_ONCE, draws - begin))
        found.append(_coefficients(judged, drawn[:, places].astype(np.float64)))
    low, high = np.quantile(np.concatenate(found), [(1 - confidence) / 2, (1 + confidence) / 2])
    whole = _coefficients(judged, np.ones((1, len(places))))
    return Qini(float(whole[0]), float(low), float(high))


def _coefficients(judged: Judged, weights: np.ndarray) -> np.ndarray:
    """One coefficient for each row of `weights` [draws × contacts]; those told alike share their rank."""
    total = np.zeros(len(weights))
    for fold in np.unique(judged.folds):
        mine = np.flatnonzero(judged.folds == fold)
        mine = mine[np.argsort(-judged.told[mine], kind="stable")]
        starts = np.flatnonzero(np.r_[True, np.diff(judged.told[mine]) != 0])
        weight = np.add.reduceat(weights[:, mine], starts, axis=1)
        gained = np.add.reduceat(weights[:, mine] * judged.pseudo[mine], starts, axis=1)
        all_of = np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
        rank = (np.cumsum(weight, axis=1) - weight / 2) / all_of
        total += (gained * (0.5 - rank)).sum(axis=1)
    return total / weights.sum(axis=1)


def qini_curve(judged: Judged, points: int = 20) -> pd.DataFrame:
    """`share` of customers turned to, `gain` with the model and `by_lot`, both per customer of all."""
    rank = np.empty(len(judged.told))
    for fold in np.unique(judged.folds):
        mine = judged.folds == fold
        rank[mine] = pd.Series(-judged.told[mine]).rank(method="average").to_numpy() / mine.sum()
    shares = np.linspace(0, 1, points + 1)
    gain = [float(judged.pseudo[rank <= share].sum()) / len(rank) for share in shares]
    return pd.DataFrame({"share": shares, "gain": gain, "by_lot": shares * gain[-1]})
