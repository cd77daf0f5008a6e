"""The DR-learner (Kennedy 2023), cross-fitted by person: first who takes it, then what the offer changes.

The probability of being sent to is known by design, so that what the second stage learns from is right on average
however wrong the first stage is.

What it is worth is judged fold after fold, each by a model of the folds before it (sequential validation, Wager 2024).
Were each judged by a model of all others, two folds that are alike by chance would speak for each other twice: of 80
simulated trials without any difference between customers 8 passed. So judged, 7 of 160 did.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.customers.blocks import block_of
from training.uplift.config import UpliftConfig
from training.uplift.trees import Trees, fit_trees
from training.uplift.trial import Trial

__all__ = ["Judged", "Learnt", "learn"]

_FIRST = 2
"""So many folds have to be learnt from before one can be judged, for the first stage has to leave one out."""


@dataclass(frozen=True)
class Judged:
    """By contact of the folds that were judged: what was `told` of it, `pseudo`, what came of it, right on average
    given its features, its `folds` and `persons`."""

    told: np.ndarray
    pseudo: np.ndarray
    folds: np.ndarray
    persons: np.ndarray


@dataclass(frozen=True)
class Learnt:
    """`effect` of all contacts, `average` over them, and how well the same way of learning did on folds unseen."""

    effect: Trees
    average: float
    judged: Judged


def learn(trial: Trial, config: UpliftConfig) -> Learnt:
    """Fit on all contacts; and for each fold from the third on, on those before it."""
    X = trial.features.to_numpy(dtype=np.float64)
    folds = block_of(pd.Series(trial.persons), config.folds)
    told, pseudo = np.full(len(trial), np.nan), np.full(len(trial), np.nan)
    for fold in range(_FIRST, config.folds):
        before, mine = folds < fold, folds == fold
        if mine.any():
            effect, _ = _fitted(trial, X, folds, before, config)
            told[mine] = effect.predict(X[mine])
            pseudo[mine] = _pseudo(trial, X, before, mine, config)
    effect, average = _fitted(trial, X, folds, np.ones(len(trial), dtype=bool), config)
    rows = np.isfinite(told)
    return Learnt(effect, average, Judged(told[rows], pseudo[rows], folds[rows], trial.persons[rows]))


def _fitted(
    trial: Trial, X: np.ndarray, folds: np.ndarray, seen: np.ndarray, config: UpliftConfig
) -> tuple[Trees, float]:
    """Both stages on the contacts `seen`, the first one cross-fitted over their folds; and the mean effect on them."""
    pseudo = np.full(len(trial), np.nan)
    for fold in np.unique(folds[seen]):
        asked = seen & (folds == fold)
        pseudo[asked] = _pseudo(trial, X, seen & ~asked, asked, config)
    return fit_trees(X[seen], pseudo[seen], config.effect, config.threads, config.seed + 1), float(pseudo[seen].mean())


def _pseudo(trial: Trial, X: np.ndarray, seen: np.ndarray, asked: np.ndarray, config: UpliftConfig) -> np.ndarray:
    """Pseudo-outcomes of the contacts `asked`, by a first stage that has learnt from those `seen`."""
    drawn = np.column_stack([X, trial.treated])
    stage = fit_trees(drawn[seen], trial.success[seen], config.outcome, config.threads, config.seed)
    rows, treated = X[asked], trial.treated[asked]
    offered, alone = (stage.predict(np.column_stack([rows, np.full(len(rows), arm)])) for arm in (1.0, 0.0))
    share = trial.sent_share
    residual = trial.success[asked] - np.where(treated, offered, alone)
    return offered - alone + residual * np.where(treated, 1 / share, -1 / (1 - share))
