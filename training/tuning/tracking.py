"""A study in MLflow: one parent run, one nested run per finished trial, never two, whoever was killed in between."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.settings import Settings
from features.workspace import Workspace
from training.registry import Run, find_runs, log_to_run, start_run
from training.tuning.finals import Standing
from training.tuning.locks import locked
from training.tuning.plots import history_plot, importance_plot, slice_plot
from training.tuning.study import FOLD_VALUES, SLOT, Plan, finished_trials

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

__all__ = ["EXPERIMENT", "StudyLog", "importances", "trial_table"]

EXPERIMENT = "tuning"
_RUN_ID, _STUDY, _TRIAL, _ROLE = "mlflow_run", "study", "trial", "role"
_FEWEST_FOR_IMPORTANCES = 4


class StudyLog:
    """Keeps MLflow level with the study.

    Logging is reconciling: under a lock of the study, whatever finished trials have no finished run get one. So a
    trial whose process died before it was logged is logged by the next, and two processes never log one twice.
    Processes on other machines share the study but not this lock: they should log to workspaces of their own.
    """

    def __init__(self, workspace: Workspace, study: "Study", plan: Plan[Any]) -> None:
        self._workspace, self._study, self._plan = workspace, study, plan
        self._lock = workspace.root / "tuning" / f"{plan.name}.mlflow.lock"

    def reconcile(self) -> str:
        """Log what is missing; the id of the parent run."""
        with locked(self._lock):
            parent = self._parent()
            known = {run.tags[_TRIAL]: run for run in self._runs("trial")}
            for trial in finished_trials(self._study):
                run = known.get(str(trial.number))
                if run is None or run.status != "FINISHED":
                    self._log_trial(trial, parent, run)
        return parent

    def summarise(self, final: Sequence[Standing]) -> str:
        """Reconcile, then put results, importances and plots on the parent run; its id.

        `final` are the standings that decided, best first; without any the study was broken off, and its run is
        marked so. A study that is taken up again continues the same run: what may change is kept as metrics, tags
        and files.
        """
        parent = self.reconcile()
        table, weight = trial_table(self._study), importances(self._study)
        metrics = {
            "finished_trials": float(len(table)),
            "pruned_trials": float((table["state"] == "PRUNED").sum()),
            **{f"importance.{name}": value for name, value in weight.items()},
        }
        tags: dict[str, str] = {}
        tables: dict[str, Any] = {"trials.csv": table.set_index("trial"), "importances.json": weight}
        if final:
            metrics["best_value"] = final[0].value
            metrics.update([("default_value", one.value) for one in final if one.slot == 0])
            tags |= {f"best.{name}": str(value) for name, value in final[0].params.items()}
            tables["best.json"] = dict(final[0].params)
            tables["final.csv"] = pd.DataFrame([{"slot": one.slot, "value": one.value} for one in final])
        finish = "FINISHED" if final else "KILLED"
        log_to_run(
            self._workspace,
            parent,
            metrics=metrics,
            tags=tags,
            figures=self._figures(table, weight),
            tables=tables,
            step=len(table),
            finish=finish,
        )
        return parent

    def _figures(self, table: pd.DataFrame, weight: Mapping[str, float]) -> dict[str, str]:
        if not (table["state"] == "COMPLETE").any():
            return {}
        parameters = self._plan.space.parameters
        order = sorted(parameters, key=lambda name: -weight.get(name, 0.0))
        found = {
            "history.svg": history_plot(table),
            "slices.svg": slice_plot(table, order, {name: one.log for name, one in parameters.items()}),
        }
        return {**found, "importances.svg": importance_plot(weight)} if weight else found

    def _parent(self) -> str:
        """The study's run: told by the study itself, or found (its maker died before telling), or begun."""
        known = self._study.user_attrs.get(_RUN_ID)
        mine = {run.run_id: run for run in self._runs("study")}
        if known in mine:
            return str(known)
        run_id = next(iter(mine), None) or start_run(
            self._workspace,
            EXPERIMENT,
            self._plan.name,
            params={**self._plan.identity, **_ranges(self._plan.space.parameters)},
            tags={_STUDY: self._plan.name, _ROLE: "study", "model": self._plan.identity.get("model", "")},
        )
        self._study.set_user_attr(_RUN_ID, run_id)
        return run_id

    def _runs(self, role: str) -> list[Run]:
        return find_runs(self._workspace, EXPERIMENT, {_STUDY: self._plan.name, _ROLE: role})

    def _log_trial(self, trial: "FrozenTrial", parent: str, begun: Run | None) -> None:
        tags = {_STUDY: self._plan.name, _ROLE: "trial", _TRIAL: str(trial.number), "state": trial.state.name}
        name = f"trial {trial.user_attrs.get(SLOT, trial.number)}"
        run_id = begun.run_id if begun else start_run(self._workspace, EXPERIMENT, name, tags=tags, parent=parent)
        metrics = {f"fold_{fold}": value for fold, value in enumerate(trial.user_attrs.get(FOLD_VALUES, []))}
        if trial.value is not None:
            metrics["value"] = trial.value
        if trial.duration is not None:
            metrics["seconds"] = trial.duration.total_seconds()
        log_to_run(self._workspace, run_id, metrics=metrics, params=trial.params, finish="FINISHED")


def trial_table(study: "Study") -> pd.DataFrame:
    """One row per finished trial: trial, slot, state, value, seconds, fold_0 …, and each parameter."""
    rows = []
    for trial in finished_trials(study):
        folds = {f"fold_{fold}": value for fold, value in enumerate(trial.user_attrs.get(FOLD_VALUES, []))}
        rows.append(
            {
                "trial": trial.number,
                "slot": trial.user_attrs.get(SLOT, trial.number),
                "state": trial.state.name,
                "value": trial.value,
                "seconds": trial.duration.total_seconds() if trial.duration else float("nan"),
                **folds,
                **trial.params,
            }
        )
    return pd.DataFrame(rows, columns=None if rows else ["trial", "slot", "state", "value", "seconds"])


def importances(study: "Study") -> dict[str, float]:
    """Share of each parameter in what makes trials good (PED-ANOVA, Watanabe et al. 2023); empty for few trials."""
    import optuna

    whole = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if len(whole) < _FEWEST_FOR_IMPORTANCES or len({trial.value for trial in whole}) < 2:
        return {}
    return dict(optuna.importance.get_param_importances(study))


def _ranges(parameters: Mapping[str, Settings]) -> dict[str, str]:
    return {f"range.{name}": str(one.model_dump(exclude_defaults=True)) for name, one in parameters.items()}
