"""The DR-learner (Kennedy 2023), cross-fitted by person: first who takes it, then what the offer changes.

The probability of being sent to is known by design, so that what the second stage learns from is right on average
however wrong the first stage is.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from training.customers.blocks import block_of
from training.uplift.config import UpliftConfig
from training.uplift.trees import Trees, fit_trees
from training.uplift.trial import Trial

__all__ = ["Learnt", "learn"]


@dataclass(frozen=True)
class Learnt:
    """`effect` of all contacts; `told` is what was said of each contact by one that had seen none of its fold;
    `pseudo` is what came of it, right on average given its features; `folds` by contact.
    """

    effect: Trees
    told: np.ndarray
    pseudo: np.ndarray
    folds: np.ndarray


def learn(trial: Trial, config: UpliftConfig) -> Learnt:
    """Fit on all contacts, and on all but each fold, where the first stage has not seen that fold either."""
    import pandas as pd

    X = trial.features.to_numpy(dtype=np.float64)
    folds = block_of(pd.Series(trial.persons), config.folds)
    pseudo, told = np.full(len(trial), np.nan), np.full(len(trial), np.nan)
    pairs = np.full((config.folds, len(trial)), np.nan)
    for fold in range(config.folds):
        _fill(pseudo, trial, X, folds != fold, folds == fold, config)
    for one, other in combinations(range(config.folds), 2):
        # What a model learns from that is judged on fold `one` must not know of `one` by its first stage, and back.
        seen = (folds != one) & (folds != other)
        _fill(pairs[one], trial, X, seen, folds == other, config)
        _fill(pairs[other], trial, X, seen, folds == one, config)
    for fold in range(config.folds):
        rest, mine = folds != fold, folds == fold
        if mine.any():
            told[mine] = _effect(X[rest], pairs[fold][rest], config).predict(X[mine])
    return Learnt(_effect(X, pseudo, config), told, pseudo, folds)


def _effect(X: np.ndarray, pseudo: np.ndarray, config: UpliftConfig) -> Trees:
    return fit_trees(X, pseudo, config.effect, config.threads, config.seed + 1)


def _fill(
    pseudo: np.ndarray, trial: Trial, X: np.ndarray, seen: np.ndarray, asked: np.ndarray, config: UpliftConfig
) -> None:
    """Pseudo-outcomes of the contacts `asked`, by a first stage that has learnt from those `seen`."""
    if not asked.any():
        return
    drawn = np.column_stack([X, trial.treated])
    stage = fit_trees(drawn[seen], trial.success[seen], config.outcome, config.threads, config.seed)
    rows, treated = X[asked], trial.treated[asked]
    offered, alone = (stage.predict(np.column_stack([rows, np.full(len(rows), arm)])) for arm in (1.0, 0.0))
    share = trial.sent_share
    residual = trial.success[asked] - np.where(treated, offered, alone)
    pseudo[asked] = offered - alone + residual * np.where(treated, 1 / share, -1 / (1 - share))
