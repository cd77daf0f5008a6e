"""A study: trials of one plan, by any number of processes, each of which may be killed and started again.

What a trial tries is a function of the trials finished before it, never of who ran them or how often someone was
killed: a trial takes the lowest free slot, the sampler starts from (seed, slot), and slot 0 is the settings as they
are. A process that dies leaves its slot to the next.
"""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from features.errors import ConfigError, ModelError
from features.settings import Settings
from training.tuning.settings import TuningSettings
from training.tuning.space import Scalar, Space
from training.tuning.workers import is_dead, whoami

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

__all__ = ["FOLD_VALUES", "SLOT", "Objective", "Plan", "Runner", "finished_trials", "free_slot", "open_study"]

SLOT, FOLD_VALUES = "slot", "fold_values"
_BEGUN, _IDENTITY, _FIXED = "begun", "identity", "fixed_params"
_POLL_SECONDS = 0.5

C = TypeVar("C", bound=Settings)
C_in = TypeVar("C_in", bound=Settings, contravariant=True)


class Objective(Protocol[C_in]):
    """What is minimised: the mean of `score` over the folds. A score depends on its configuration and fold alone."""

    @property
    def folds(self) -> int:
        """How many folds there are."""

    @property
    def finalists(self) -> int:
        """How many of the best are scored again in full; 0 where trials are in full already."""

    def score(self, config: C_in, fold: int, full: bool = False) -> float:
        """The figure of one fold; lower is better. `full`: at the size of the final model, whatever it costs."""


@dataclass(frozen=True)
class Plan(Generic[C]):
    """What makes a study: its name, what it stands for (`identity`), the settings it starts from and their ranges."""

    name: str
    identity: Mapping[str, str]
    base: C
    space: Space
    settings: TuningSettings


def open_study(storage: "BaseStorage", name: str, identity: Mapping[str, str]) -> "Study":
    """The study of this name, made where there is none.

    Raises ConfigError when the name belongs to a study of other data or settings: its values mean something else.
    """
    import optuna

    study = optuna.create_study(storage=storage, study_name=name, direction="minimize", load_if_exists=True)
    known = study.user_attrs.get(_IDENTITY)
    if known is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(_IDENTITY, dict(identity))
        return study
    other = [key for key, value in identity.items() if (known or {}).get(key) != value]
    if other:
        raise ConfigError(f"the study {name} has another {', '.join(other)}: give a new one another name")
    return study


def finished_trials(study: "Study") -> list["FrozenTrial"]:
    """Complete and pruned trials in the order in which they were begun; those of the dead are not among them."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def free_slot(before: Sequence["FrozenTrial"]) -> int:
    """The slot of a trial, from those begun before it: the lowest that none of them has or is about to take."""
    from optuna.trial import TrialState

    alive = [trial for trial in before if trial.state != TrialState.FAIL]
    taken = {trial.user_attrs[SLOT] for trial in alive if SLOT in trial.user_attrs}
    undecided = sum(SLOT not in trial.user_attrs for trial in alive)
    return next(itertools.islice((slot for slot in itertools.count() if slot not in taken), undecided, None))


class Runner(Generic[C]):
    """One process's part in a study."""

    def __init__(self, storage: "BaseStorage", plan: Plan[C]) -> None:
        self._storage, self._plan = storage, plan
        self.study = open_study(storage, plan.name, plan.identity)
        self._id = storage.get_study_id_from_name(plan.name)
        self._distributions = plan.space.distributions(plan.base)

    def run(
        self,
        objective: Objective[C],
        trials: int,
        told: Callable[["FrozenTrial"], None] = lambda _trial: None,
        seconds: float | None = None,
    ) -> None:
        """Work until the study has `trials` finished trials in total, of all processes, or for `seconds`.

        No trial is begun after `seconds`. `told` hears of every trial this process finished. An error of the
        objective ends the run; the trial it came from counts for nothing and its slot is free again.
        """
        began = time.monotonic()
        while seconds is None or time.monotonic() - began < seconds:
            self.bury_the_dead()
            finished, running = self._counts()
            if finished >= trials:
                return
            if finished + running >= trials:
                time.sleep(_POLL_SECONDS)  # others are at the last ones; should they die, their slots are free again
                continue
            done = self._one(objective, trials)
            if done is not None:
                told(done)

    def bury_the_dead(self) -> int:
        """Mark open trials of processes that are gone as failed; how many there were."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        buried = 0
        for trial in self._all(TrialState.RUNNING):
            age = (time.time() - trial.user_attrs.get(_BEGUN, 0.0)) / 3600
            if is_dead(trial.user_attrs, age, self._plan.settings.dead_after_hours):
                try:
                    self._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
                    buried += 1
                except UpdateFinishedTrialError:
                    continue  # someone else was quicker
        return buried

    def _all(self, *states: Any) -> list["FrozenTrial"]:
        return self._storage.get_all_trials(self._id, deepcopy=False, states=states or None)

    def _counts(self) -> tuple[int, int]:
        from optuna.trial import TrialState

        return len(finished_trials(self.study)), len(self._all(TrialState.RUNNING))

    def _one(self, objective: Objective[C], trials: int) -> "FrozenTrial | None":
        """Run one trial; None when it was not needed, or taken from this process because it was thought dead."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        trial_id, slot = self._begin()
        if slot >= trials:
            self._storage.set_trial_state_values(trial_id, TrialState.FAIL)
            return None
        ended = False
        try:
            done = self._evaluate(trial_id, slot, objective)
            ended = True
        except UpdateFinishedTrialError:
            ended = True
            return None
        finally:
            if not ended:
                self._storage.set_trial_state_values(trial_id, TrialState.FAIL)
        return done if done.state != TrialState.FAIL else None

    def _begin(self) -> tuple[int, int]:
        """A new open trial, which bears this process's name from its first moment, and its slot."""
        from optuna.trial import TrialState, create_trial

        template = create_trial(state=TrialState.RUNNING, user_attrs={**whoami(), _BEGUN: time.time()})
        trial_id = self._storage.create_new_trial(self._id, template)
        number = self._storage.get_trial(trial_id).number
        slot = free_slot([trial for trial in self._all() if trial.number < number])
        self._storage.set_trial_user_attr(trial_id, SLOT, slot)
        if slot == 0:
            defaults = self._plan.space.defaults(self._plan.base)
            self._storage.set_trial_system_attr(trial_id, _FIXED, defaults)
        return trial_id, slot

    def _evaluate(self, trial_id: int, slot: int, objective: Objective[C]) -> "FrozenTrial":
        from optuna import Trial
        from optuna.trial import TrialState

        study = self._seeded(slot)
        trial = Trial(study, trial_id)
        params = {name: _suggest(trial, name, one) for name, one in self._distributions.items()}
        config = self._plan.space.apply(self._plan.base, params)
        values: list[float] = []
        for fold in range(objective.folds):
            values.append(_finite(objective.score(config, fold), fold))
            trial.set_user_attr(FOLD_VALUES, values)
            trial.report(float(np.mean(values)), fold)
            if fold + 1 < objective.folds and trial.should_prune():
                return study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)
        return study.tell(trial, float(np.mean(values)), skip_if_finished=True)

    def _seeded(self, slot: int) -> "Study":
        """The study as a new process would open it: no state but the storage's, and randomness from the slot."""
        import optuna

        settings = self._plan.settings
        seed = int(np.random.SeedSequence([settings.seed, slot]).generate_state(1)[0])
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=settings.startup_trials)
        pruner = optuna.pruners.PercentilePruner(settings.prune_percentile, settings.prune_after_trials)
        return optuna.load_study(study_name=self._plan.name, storage=self._storage, sampler=sampler, pruner=pruner)


def _finite(value: float, fold: int) -> float:
    if not np.isfinite(value):
        raise ModelError(f"fold {fold} of the study gives no score: nothing known could be compared")
    return value


def _suggest(trial: "Trial", name: str, distribution: "BaseDistribution") -> Scalar:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(distribution, CategoricalDistribution):
        found = trial.suggest_categorical(name, distribution.choices)
        assert isinstance(found, bool | int | float | str)
        return found
    if isinstance(distribution, IntDistribution):
        whole = (distribution.low, distribution.high)
        return trial.suggest_int(name, *whole, step=distribution.step, log=distribution.log)
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
