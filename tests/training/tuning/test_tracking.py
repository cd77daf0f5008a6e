"""MLflow beside the study: every finished trial has one run, never two, whoever was killed in between."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial

from features.workspace import Workspace
from training.registry import find_runs
from training.registry.store import open_store
from training.tuning import tracking
from training.tuning.finals import ranked
from training.tuning.study import finished_trials
from training.tuning.tracking import EXPERIMENT, StudyLog, importances, trial_table


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def runner(journal: Path, bowl: Any, open_runner: Any) -> Any:
    runner = open_runner(journal)
    runner.run(bowl(), 7)
    return runner


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables without a row: making them takes longer than everything else here."""
    workspace = Workspace(tmp_path_factory.mktemp("tables"))
    with open_store(workspace) as client:
        client.search_experiments()
    return workspace.root / "mlflow.db"


@pytest.fixture
def workspace(tmp_path: Path, tables: Path) -> Workspace:
    workspace = Workspace(tmp_path / "workspace")
    workspace.root.mkdir()
    shutil.copy(tables, workspace.root / "mlflow.db")
    return workspace


def trial_runs(workspace: Workspace) -> dict[str, Any]:
    runs = find_runs(workspace, EXPERIMENT, {"role": "trial"})
    assert len({run.tags["trial"] for run in runs}) == len(runs)
    return {run.tags["trial"]: run for run in runs}


def test_every_finished_trial_is_a_nested_run_with_its_figures(runner: Any, plan: Any, workspace: Workspace) -> None:
    parent = StudyLog(workspace, runner.study, plan).reconcile()
    runs = trial_runs(workspace)
    trials = finished_trials(runner.study)
    assert set(runs) == {str(trial.number) for trial in trials}
    for trial in trials:
        run = runs[str(trial.number)]
        assert (run.parent, run.status, run.tags["state"]) == (parent, "FINISHED", trial.state.name)
        assert run.metrics["value"] == pytest.approx(trial.value)
        assert run.metrics["fold_0"] == pytest.approx(trial.user_attrs["fold_values"][0])
        assert run.metrics["seconds"] >= 0
        assert run.params == {name: str(value) for name, value in trial.params.items()}


@pytest.mark.parametrize("moment", ["start_run", "log_to_run", "set_user_attr"])
def test_a_kill_while_logging_leaves_nothing_missing_and_nothing_twice(
    runner: Any, plan: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    calls = 0

    def dies_at_third(real: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == (1 if moment == "set_user_attr" else 3):
                raise Killed
            return real(*args, **more)

        return call

    with monkeypatch.context() as patch:
        if moment == "set_user_attr":
            patch.setattr(runner.study, moment, dies_at_third(runner.study.set_user_attr))
        else:
            patch.setattr(tracking, moment, dies_at_third(getattr(tracking, moment)))
        with pytest.raises(Killed):
            StudyLog(workspace, runner.study, plan).reconcile()
    StudyLog(workspace, runner.study, plan).reconcile()
    StudyLog(workspace, runner.study, plan).reconcile()
    runs = trial_runs(workspace)
    assert set(runs) == {str(trial.number) for trial in finished_trials(runner.study)}
    assert {run.status for run in runs.values()} == {"FINISHED"}
    assert len(find_runs(workspace, EXPERIMENT, {"role": "study"})) == 1


def test_a_study_taken_up_again_continues_the_same_run(
    runner: Any, plan: Any, workspace: Workspace, bowl: Any, open_runner: Any, journal: Path
) -> None:
    first = StudyLog(workspace, runner.study, plan).summarise([])
    assert find_runs(workspace, EXPERIMENT, {"role": "study"})[0].status == "KILLED"
    again = open_runner(journal)
    again.run(bowl(), 12)
    final = ranked(finished_trials(again.study))
    assert StudyLog(workspace, again.study, plan).summarise(final) == first
    (run,) = find_runs(workspace, EXPERIMENT, {"role": "study"})
    assert (run.run_id, run.status, run.metrics["finished_trials"]) == (first, "FINISHED", 12)
    assert run.metrics["best_value"] == pytest.approx(final[0].value)
    assert run.metrics["default_value"] == pytest.approx(next(one.value for one in final if one.slot == 0))
    assert run.tags["best.width"] == str(final[0].params["width"])
    assert sum(value for name, value in run.metrics.items() if name.startswith("importance.")) == pytest.approx(1)
    files = {path.name for path in workspace.artifacts.rglob("*") if path.is_file()}
    assert {"history.svg", "importances.svg", "slices.svg", "trials.csv", "best.json", "final.csv"} <= files
    plots = [path.read_text() for path in workspace.artifacts.rglob("*.svg")]
    assert all(text.startswith("<svg") and "role=" in text for text in plots)


def test_the_table_has_a_row_per_finished_trial(runner: Any) -> None:
    table = trial_table(runner.study)
    assert list(table["slot"]) == list(range(7))
    assert {"trial", "state", "value", "seconds", "fold_0", "width", "rate", "shape"} <= set(table.columns)
    assert (table.loc[table["state"] == "COMPLETE", "fold_2"].notna()).all()


def test_few_trials_say_nothing_about_importance(journal: Path, bowl: Any, open_runner: Any) -> None:
    runner = open_runner(journal)
    assert trial_table(runner.study).empty
    runner.run(bowl(), 2)
    assert importances(runner.study) == {}


def test_a_study_without_trials_can_be_summarised(
    journal: Path, open_runner: Any, plan: Any, workspace: Workspace
) -> None:
    run_id = StudyLog(workspace, open_runner(journal).study, plan).summarise([])
    assert find_runs(workspace, EXPERIMENT, {"role": "study"})[0].run_id == run_id


def test_a_failed_trial_has_no_run(runner: Any, plan: Any, workspace: Workspace, bowl: Any) -> None:
    def fail(_count: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        runner.run(bowl(fail), 9)
    StudyLog(workspace, runner.study, plan).reconcile()
    failed: list[FrozenTrial] = [one for one in runner.study.get_trials() if one.state.name == "FAIL"]
    assert len(failed) == 1
    assert str(failed[0].number) not in trial_runs(workspace)
