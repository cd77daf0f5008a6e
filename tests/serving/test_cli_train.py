"""`headroom train` with a study: options, what is told, interrupts, and one real study end to end."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from features.lake import Lake
from features.workspace import Workspace
from serving.cli import group
from training.demand import DemandConfig
from training.registry import find_runs, list_versions
from training.tuning import Progress, Tuned, TuningRun
from training.versioning import Trained

UNTIL = pd.Timestamp("2025-06-01", tz="UTC")


@pytest.fixture
def call(tmp_path: Path) -> Any:
    """Call the command on a workspace of the test's own."""

    def run(*words: str) -> Any:
        return CliRunner().invoke(group, ["train", *words, "--workspace", str(tmp_path)])

    return run


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Study and training that do nothing but remember what they were asked."""
    asked: dict[str, Any] = {}

    def tune(_where: Workspace, config: DemandConfig, space: Any, run: TuningRun, held_out_days: int) -> Tuned[Any]:
        asked.update(space=space, run=run, held_out_days=held_out_days)
        run.progress(Progress("demand-abc", 1, run.trials, 0.04))
        if asked.get("interrupt"):
            raise KeyboardInterrupt
        run.progress(Progress("demand-abc", run.trials, run.trials, 0.03))
        better = config.model_copy(update={"seed": 99})
        return Tuned(better, {"seed": 99}, 0.03, 0.05, "demand-abc", "run-1", UNTIL, run.trials)

    def train(_where: Workspace, config: DemandConfig, *more: Any) -> Trained:
        asked.update(config=config, more=more)
        return Trained("demand", 4, False, {"rcrps": 0.031}, 2.0)

    monkeypatch.setattr("training.tuning.tune_stored_demand", tune)
    monkeypatch.setattr("training.jobs.train_demand", train)
    return asked


def test_without_trials_nothing_is_tuned(call: Any, made: dict[str, Any]) -> None:
    result = call("demand")
    assert result.exit_code == 0, result.output
    assert "run" not in made
    assert made["config"] == DemandConfig()
    assert made["more"][3:] == ({}, None)


@pytest.mark.parametrize("words", [("--folds", "2"), ("--storage", "x"), ("--study", "x"), ("--timeout", "1")])
def test_options_of_a_study_need_trials(call: Any, made: dict[str, Any], words: tuple[str, ...]) -> None:
    result = call("demand", *words)
    assert result.exit_code == 2
    assert f"{words[0]} needs --trials N" in result.output
    assert made == {}


def test_the_best_settings_are_trained_and_told(call: Any, made: dict[str, Any]) -> None:
    result = call(
        "demand", "--trials", "9", "--folds", "2", "--study", "mine", "--storage", "s.journal", "--timeout", "3"
    )
    assert result.exit_code == 0, result.output
    run = made["run"]
    assert (run.trials, run.name, run.storage, run.seconds) == (9, "mine", "s.journal", 180)
    assert (made["space"].study.folds, made["held_out_days"]) == (2, 28)
    assert made["config"].seed == 99
    assert made["more"][3:] == ({"study": "demand-abc", "tuned_until": UNTIL.isoformat()}, "run-1")
    assert "tuning demand-abc: 1 of 9 trials, best 0.04000" in result.stderr
    assert "study demand-abc: 9 trials, best 0.03000, settings as they were 0.05000" in result.stdout
    assert "headroom promote demand" in result.stdout


def test_json_holds_study_and_version(call: Any, made: dict[str, Any]) -> None:
    result = call("demand", "--trials", "2", "--json")
    found = json.loads(result.stdout)
    assert (found["version"], found["gate"]) == (4, None)
    assert found["study"]["config"]["seed"] == made["config"].seed == 99
    assert found["study"]["tuned_until"].startswith("2025-06-01")
    assert result.stderr == ""


def test_an_interrupt_says_how_to_go_on_and_trains_nothing(call: Any, made: dict[str, Any]) -> None:
    made["interrupt"] = True
    result = call("demand", "--trials", "9")
    assert result.exit_code == 130
    assert "Study demand-abc keeps its 1 finished trials; the same command goes on where it was" in result.stderr
    assert "config" not in made


def test_a_space_that_does_not_fit_is_refused_before_the_lake_is_read(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(yaml.safe_dump({"parameters": {"booster.rounds": {"low": 9}}}))
    result = call("demand", "--trials", "2", "--space", str(path))
    assert result.exit_code == 2
    assert "low and high are both needed" in result.output


@pytest.mark.slow
def test_a_real_study_of_both_models(call: Any, tmp_path: Path, small_tables: dict[str, pd.DataFrame]) -> None:
    lake = Lake(Workspace(tmp_path).lake)
    for name, frame in small_tables.items():
        lake.append(name, frame, "first")
    config, space = tmp_path / "demand.yaml", tmp_path / "space.yaml"
    booster = {"rounds": 20, "learning_rate": 0.2, "leaves": 8, "max_rows": 6000}
    config.write_text(yaml.safe_dump({"horizon_hours": 48, "booster": booster, "calibration": {"max_issues": 20}}))
    study = {"folds": 2, "max_rows": 2000, "max_scored_rows": 2000}
    ranges = {"booster.rounds": {"low": 10, "high": 40}, "booster.leaves": {"low": 4, "high": 16}}
    space.write_text(yaml.safe_dump({"parameters": ranges, "study": study}))
    words = ("demand", "--trials", "3", "--config", str(config), "--space", str(space), "--promote")
    result = call(*words)
    assert result.exit_code == 0, result.output
    (first, *_) = list_versions(Workspace(tmp_path), "demand")
    assert first.tags["study"].startswith("demand-")
    # Both know what was known at one moment; the model counts to the end of the loads known then.
    late = pd.Timestamp(first.tags["tuned_until"]) - pd.Timestamp(first.tags["trained_until"])
    assert pd.Timedelta(0) <= late <= pd.Timedelta(hours=2)
    assert len(find_runs(Workspace(tmp_path), "tuning", {"role": "trial"})) == 3
    assert "had been trained before" in call(*words[:-1]).output

    peak_space = tmp_path / "peak.space.yaml"
    study = {"folds": 1, "horizon_days": 60, "scenarios": 50}
    peak_space.write_text(yaml.safe_dump({"parameters": {"ridge": {"low": 1.0, "high": 9.0}}, "study": study}))
    result = call("peak", "--trials", "2", "--space", str(peak_space), "--held-out-days", "60")
    assert result.exit_code == 0, result.output
    (peak, *_) = list_versions(Workspace(tmp_path), "peak")
    gap = pd.Timestamp(peak.tags["trained_until"]) - pd.Timestamp(peak.tags["tuned_until"])
    assert abs(gap - pd.Timedelta(days=60)) <= pd.Timedelta(hours=2)
