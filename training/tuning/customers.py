"""Tuning of customer models: what a configuration would have scored at earlier origins, by what was known then."""

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from features.errors import ModelError
from features.lake import Lake
from features.settings import Settings
from features.workspace import Workspace
from training.customers.blocks import block_of, pooled_units
from training.customers.cases import Cases
from training.customers.family import Family
from training.customers.holding import hold_out, of_origins
from training.customers.reading import read_cases
from training.customers.scoring import scored_cases
from training.tuning.settings import CustomerSpace, CustomerTuning
from training.tuning.tune import Tuned, TuningRun, carry_out, make_plan

__all__ = ["CustomerObjective", "Fold", "folds_of", "tune_customers", "tune_stored_customers"]


@dataclass(frozen=True)
class Fold:
    """What a fold learns from, when, and what it is scored on."""

    training: Cases
    trained_until: pd.Timestamp
    scored: Cases


def folds_of(cases: Cases, until: pd.Timestamp, settings: CustomerTuning) -> list[Fold]:
    """Rolling origins, oldest first: each learns from the cases known at its origin and is scored on its own.

    Where the history is so short that no such origin has an outcome known at `until` (outcomes that take a year, held
    out after two), folds are of customers instead: learnt from the others, all known at `until`. That says less, for
    it is not out of time, and still keeps every setting from what the version is judged on. ModelError where there is
    neither.
    """
    past = cases.known(until)
    usable = [origin for origin in past.origins() if len(past.known(origin).rows) >= settings.least_cases]
    if usable:
        places = np.unique(np.linspace(0, len(usable) - 1, min(settings.folds, len(usable))).round().astype(int))
        return [Fold(past.known(usable[place]), usable[place], of_origins(past, [usable[place]])) for place in places]
    block = block_of(past.rows["customer_id"], settings.folds)
    folds = [Fold(past.take(block != number), until, past.take(block == number)) for number in range(settings.folds)]
    good = [one for one in folds if len(one.training.rows) >= settings.least_cases and len(one.scored.rows)]
    if not good:
        raise ModelError(f"{len(past.rows)} cases were known at {until}: too few to tune on, wait for more outcomes")
    return good


class CustomerObjective:
    """Mean loss of a configuration over that of the settings as they were, mean over units, at every fold.

    1 is as good as before. Units count alike whatever their size and unit; those with few customers stand together.
    Cases are made once, under the settings as they were: no tuned setting may be about what a case is.
    """

    finalists = 0

    def __init__(
        self, family: Family, cases: Cases, base: Settings, until: pd.Timestamp, settings: CustomerTuning
    ) -> None:
        self._family, self._settings = family, settings
        self._folds = folds_of(cases, until, settings)
        self._base = cache(lambda fold: self._losses(base, fold))

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return len(self._folds)

    def score(self, config: Settings, fold: int, full: bool = False) -> float:  # noqa: ARG002
        """The figure of one fold; trials are in full already."""
        mine, before = self._losses(config, fold), self._base(fold)
        return float((mine / before)[before > 0].mean())

    def _losses(self, config: Settings, fold: int) -> pd.Series:
        """Mean loss by unit."""
        one = self._folds[fold]
        model = self._family.fit(one.training, config, one.trained_until)
        scored = scored_cases(self._family, model, one.scored)
        unit = pooled_units(scored["unit"], scored["customer_id"], self._settings.unit_customers)
        return scored["loss"].groupby(unit).mean()


def tune_customers(
    family: Family, cases: Cases, config: Settings, space: CustomerSpace, until: pd.Timestamp, run: TuningRun
) -> Tuned[Settings]:
    """Tune on the cases whose outcome was known at `until`; see CustomerObjective for what is minimised.

    Raises ConfigError for a space that does not fit the settings or a study of something else, ModelError for too few
    cases.
    """
    space.checked(config, "the search space")
    past = cases.known(until)
    plan = make_plan(family.name, config, space, space.study, _fingerprint(past), until, run.name)
    return carry_out(plan, CustomerObjective(family, past, config, until, space.study), until, run)


def tune_stored_customers(
    workspace: Workspace,
    family: Family,
    config: Settings,
    space: CustomerSpace,
    run: TuningRun,
    held_out_origins: int,
) -> Tuned[Settings]:
    """Tune on what was known before the held-out origins, which train_customers keeps from the model, too.

    Raises ModelError where no origin can be held out: nothing would be left to judge the settings by.
    """
    cases = read_cases(family, Lake(workspace.lake), workspace.territory(), config)
    split = hold_out(cases, held_out_origins)
    if not split.origins:
        raise ModelError(
            f"tuning {family.name} needs an origin to hold out, and cases known before it: there are "
            f"{len(cases.origins())} origin(s), and no outcome was known when the newest of them came"
        )
    return tune_customers(family, cases, config, space, split.trained_until, run)


def _fingerprint(cases: Cases) -> str:
    """Digest of everything the objective can see: other cases are another study."""
    digest = hashlib.sha256()
    for frame in (cases.rows.astype(str), cases.features):
        digest.update(",".join(frame.columns).encode())
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    for name, values in sorted(cases.context.items()):
        array = np.asarray(values)
        # Objects have no bytes of their own; what they tell is in the features, too.
        if array.dtype != object:
            digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
