"""Tuning from end to end: a study of one model on one history, and the settings that come out of it."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import pandas as pd

from features.errors import ConfigError
from features.load.history import History
from features.settings import Settings, config_hash
from features.workspace import Workspace
from training.demand import DemandConfig
from training.peak import ConnectionPolicy, PeakConfig
from training.peak.inputs import PeakInputs
from training.tuning.demand import DemandObjective
from training.tuning.finals import Standing, final_round, ranked
from training.tuning.peak import PeakObjective
from training.tuning.settings import DemandSpace, PeakSpace, TuningSettings
from training.tuning.space import Scalar, Space
from training.tuning.storage import open_storage
from training.tuning.study import Objective, Plan, Runner, finished_trials
from training.tuning.tracking import StudyLog

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

__all__ = ["Progress", "Tuned", "TuningRun", "carry_out", "make_plan", "tune_demand", "tune_peak"]

C = TypeVar("C", bound=Settings)

_NAME = r"[\w.-]{1,100}"


@dataclass(frozen=True)
class Progress:
    """How far a study is: finished trials of all processes, trials wanted, and the best value so far."""

    study: str
    finished: int
    wanted: int
    best: float | None


@dataclass(frozen=True)
class TuningRun:
    """How a study is carried out, none of which changes what it finds.

    `trials`: finished trials wanted in total, of all processes that share `storage` (journal file or database URL;
    None: a journal in the workspace). `workspace` None: nothing is logged to MLflow. `name`: of the study, made from
    what it stands for when None.
    """

    trials: int
    storage: str | Path | None = None
    workspace: Workspace | None = None
    name: str | None = None
    seconds: float | None = None
    progress: Callable[[Progress], None] = lambda _so_far: None


@dataclass(frozen=True)
class Tuned(Generic[C]):
    """The best settings found, their value beside that of the settings as they were, and the end of the data used."""

    config: C
    params: Mapping[str, Scalar]
    value: float
    default_value: float | None
    study_name: str
    run_id: str | None
    tuned_until: pd.Timestamp
    trials: int


def tune_demand(
    history: History, config: DemandConfig, space: DemandSpace, until: pd.Timestamp, run: TuningRun
) -> Tuned[DemandConfig]:
    """Tune the demand model on what was known at `until`; see DemandObjective for what is minimised.

    Raises ConfigError for a space that does not fit the settings or a study of something else, and ModelError for a
    history too short to fold.
    """
    space.checked(config, "the search space")
    past = history.until(until)
    plan = make_plan("demand", config, space, space.study, _fingerprint(past, None), until, run.name)
    return carry_out(plan, DemandObjective(past, config, until, space.study), until, run)


def tune_peak(
    history: History,
    applications: pd.DataFrame | None,
    config: PeakConfig,
    connections: ConnectionPolicy,
    space: PeakSpace,
    until: pd.Timestamp,
    run: TuningRun,
) -> Tuned[PeakConfig]:
    """Tune the peak model on what was known at `until`; see PeakObjective. `applications` hold all their versions."""
    space.checked(config, "the search space")
    past = history.until(until)
    known = None if applications is None else applications[applications["available_at"] <= until]
    inputs = PeakInputs.from_history(past, known, config.enough_of_block)
    data = _fingerprint(past, known) + config_hash(connections)
    plan = make_plan("peak", config, space, space.study, data, until, run.name)
    return carry_out(plan, PeakObjective(inputs, config, connections, space.study), until, run)


def make_plan(
    model: str,
    base: C,
    space: Space,
    settings: TuningSettings,
    data: str,
    until: pd.Timestamp,
    name: str | None,
) -> Plan[C]:
    """The study of `model` on `data` (a digest) until a moment; ConfigError for a name that cannot be looked up."""
    if name is not None and not re.fullmatch(_NAME, name):
        raise ConfigError(f"{name!r} is no name for a study: letters, digits, dots, hyphens and underscores, up to 100")
    identity = {
        "model": model,
        "data": hashlib.sha256(data.encode()).hexdigest()[:12],
        "until": until.isoformat(),
        "config": config_hash(base),
        "space": config_hash(space),
        "folds": str(settings.folds),
        "seed": str(settings.seed),
    }
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:10]
    return Plan(name or f"{model}-{digest}", identity, base, space, settings)


def carry_out(plan: Plan[C], objective: Objective[C], until: pd.Timestamp, run: TuningRun) -> Tuned[C]:
    """Work on the study of `plan` until it has its trials, and say what came out of it."""
    storage = open_storage(_storage_place(plan.name, run))
    runner = Runner(storage, plan)
    log = None if run.workspace is None else StudyLog(run.workspace, runner.study, plan)
    if log is not None:
        log.reconcile()

    def told(_trial: "FrozenTrial | None") -> None:
        if log is not None:
            log.reconcile()
        done = finished_trials(runner.study)
        best = ranked(done)
        run.progress(Progress(plan.name, len(done), run.trials, best[0].value if best else None))

    told(None)
    run_id = None
    standings: list[Standing] = []
    try:
        runner.run(objective, run.trials, told, run.seconds)
        standings = final_round(runner.study, plan, objective)
    finally:
        # A run that was broken off is shown, too, as far as it came; it goes on when the study does.
        if log is not None:
            run_id = log.summarise(standings)
    winner, default = standings[0], next((one for one in standings if one.slot == 0), None)
    return Tuned(
        config=plan.space.apply(plan.base, winner.params),
        params=winner.params,
        value=winner.value,
        default_value=None if default is None else default.value,
        study_name=plan.name,
        run_id=run_id,
        tuned_until=until,
        trials=len(finished_trials(runner.study)),
    )


def _storage_place(name: str, run: TuningRun) -> str | Path:
    if run.storage is not None:
        return run.storage
    if run.workspace is None:
        raise ConfigError("a study needs a storage or a workspace")
    return run.workspace.root / "tuning" / f"{name}.journal"


def _fingerprint(history: History, applications: pd.DataFrame | None) -> str:
    """Digest of everything the objective can see: other data is another study."""
    digest = hashlib.sha256()
    versions = [history.versions, *(one for _, one in sorted(history.weather.observed.items()))]
    for one in versions:
        digest.update(repr((one.ids, one.start, one.step_minutes)).encode())
        for array in (one.row, one.column, one.value, one.available):
            digest.update(np.ascontiguousarray(array).tobytes())
    for issue in history.weather.forecasts:
        digest.update(repr((issue.available_at, issue.start, issue.step_minutes, sorted(issue.values))).encode())
        for _, values in sorted(issue.values.items()):
            digest.update(np.ascontiguousarray(values).tobytes())
    for table in (history.nodes, applications):
        if table is not None:
            digest.update(pd.util.hash_pandas_object(table.astype(str)).to_numpy().tobytes())
    return digest.hexdigest()
