"""Watching and training anew of a model of customers on a workspace: what is kept, what is told, and exit codes."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from features.errors import ModelError
from features.lake import Lake
from features.workspace import Workspace
from serving.cli import group
from serving.retraining import retrain
from serving.watching import EXPERIMENT, last_monitoring
from serving.watching_customers import monitor_customers
from tests.customer_family import BEGIN, PERIOD, LineConfig, LineFamily, fill_lake
from training.customers.jobs import train_customers
from training.promotion import PromotionPolicy, promote_challenger
from training.registry import champion, find_runs


@pytest.fixture(scope="module")
def served(line_family: LineFamily, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A refit of ten periods serves."""
    workspace = Workspace(tmp_path_factory.mktemp("watched") / "workspace")
    fill_lake(Lake(workspace.lake))
    train_customers(workspace, line_family, LineConfig())
    promote_challenger(workspace, "value", PromotionPolicy())
    return workspace


@pytest.fixture
def workspace(served: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(served.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def run(workspace: Workspace, *words: str) -> Result:
    return CliRunner().invoke(group, [*words, "--workspace", str(workspace.root)])


def test_a_quiet_half_year_is_kept_and_is_new_data(workspace: Workspace) -> None:
    assert last_monitoring(workspace, "value") is None
    fill_lake(Lake(workspace.lake), first=10, periods=2)
    (found,) = monitor_customers(workspace)
    assert (found.model, found.version, found.watched.now) == ("value", 2, BEGIN + 12 * PERIOD)
    assert not found.watched.alarmed
    assert found.watched.data_until == BEGIN + 12 * PERIOD
    assert set(found.watched.performance.index) == {"all", "residential", "others"}
    kept = last_monitoring(workspace, "value")
    assert kept is not None
    assert (kept["run_id"], kept["findings"]) == (found.run_id, found.to_dict()["findings"])
    (logged,) = find_runs(workspace, EXPERIMENT)
    assert (logged.tags["model"], logged.metrics["alarms"]) == ("value", 0)
    done = run(workspace, "retrain", "value", "--if-needed", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [one["code"] for one in told["reasons"]] == ["NEW_DATA"]
    # The settings are those of the champion, so the gate finds an equal that knows more.
    assert told["gate"]["reason"]["code"] == "FRESHER"
    serving = champion(workspace, "value")
    assert serving is not None
    assert serving.version == 4


def test_a_shock_is_told_in_words_and_by_the_exit_code(workspace: Workspace) -> None:
    # Half a year of data that fits, then use doubles within a quarter.
    fill_lake(Lake(workspace.lake), first=10, periods=1, shock=0.7)
    done = run(workspace, "monitor", "customers", "--fail-on-alarm")
    assert done.exit_code == 1, done.output
    for text in (
        "FEATURE_DRIFT",
        "change",
        "value: change is distributed otherwise",
        "LOSS",
        "value version 2 at 2024",
    ):
        assert text in done.stdout
    document = json.loads(run(workspace, "monitor", "customers", "value", "--json").stdout)
    assert document[0]["summary"]["FEATURE_DRIFT"] >= 1
    found = retrain(workspace, "value", if_needed=True)
    assert found.decision.needed
    assert {"PERFORMANCE", "INPUT_DRIFT"} <= set(found.decision.codes)


def test_use_that_stays_away_is_a_fault_and_no_reason_to_train(workspace: Workspace) -> None:
    policy = workspace.root / "policy.yaml"
    policy.write_text("customers: {silence_past_days: 1000, silence_cap_days: 100}\n")
    later = f"{BEGIN + 13 * PERIOD:%Y-%m-%d}"
    done = run(workspace, "monitor", "customers", "--now", later, "--policy", str(policy))
    assert done.exit_code == 0, done.output
    assert "STALE_TABLE" in done.stdout
    assert "table consumption: nothing has been told for 360 days" in done.stdout
    told = run(workspace, "retrain", "value", "--if-needed")
    assert "value version 2 is not trained anew" in told.stdout
    assert "NONE" in told.stdout


def test_nothing_serves_yet(line_family: LineFamily, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none of value, anomaly, prospects serves"):
        monitor_customers(Workspace(tmp_path))
    done = run(Workspace(tmp_path), "monitor", "customers", "anomaly")
    assert done.exit_code == 2
    assert "none of anomaly serves" in done.output
    assert run(Workspace(tmp_path), "retrain", "prospects").exit_code == 2
