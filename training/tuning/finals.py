"""The last round of a study: the best few and the settings as they were, scored again at the final model's size."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from features.errors import ModelError
from features.settings import Settings
from training.tuning.space import Scalar
from training.tuning.study import SLOT, Objective, Plan, finished_trials

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

__all__ = ["Standing", "final_round", "ranked"]

C = TypeVar("C", bound=Settings)


@dataclass(frozen=True)
class Standing:
    """Parameters of a trial and its mean over the folds; lower is better."""

    slot: int
    params: Mapping[str, Scalar]
    value: float


def ranked(trials: "Iterable[FrozenTrial]") -> list[Standing]:
    """Complete trials, best first; the earlier of two alike."""
    whole = [
        Standing(trial.user_attrs.get(SLOT, trial.number), trial.params, trial.value)
        for trial in trials
        if trial.state.name == "COMPLETE" and trial.value is not None
    ]
    return sorted(whole, key=lambda one: (one.value, one.slot))


def final_round(study: "Study", plan: Plan[C], objective: Objective[C]) -> list[Standing]:
    """Standings that decide, best first: those of the trials, or of the finalists where the objective wants any.

    A trial that was best of many at a small size owes part of that to luck and part to the size. Scored again in
    full beside the settings as they were, it must win once more. Figures are kept in the study fold by fold, so that
    a killed round goes on where it was. Raises ModelError when no trial is complete.
    """
    standings = ranked(finished_trials(study))
    if not standings:
        raise ModelError(f"the study {plan.name} has no complete trial yet: give it more time")
    if not objective.finalists:
        return standings
    chosen = [one for place, one in enumerate(standings) if place < objective.finalists or one.slot == 0]
    final = [Standing(one.slot, one.params, _in_full(study, plan, objective, one)) for one in chosen]
    return sorted(final, key=lambda one: (one.value, one.slot))


def _in_full(study: "Study", plan: Plan[C], objective: Objective[C], one: Standing) -> float:
    key = f"final.{one.slot}"
    values: list[float] = list(study.user_attrs.get(key, []))
    config = plan.space.apply(plan.base, one.params)
    for fold in range(len(values), objective.folds):
        values.append(objective.score(config, fold, full=True))
        study.set_user_attr(key, values)
    return float(np.mean(values))
