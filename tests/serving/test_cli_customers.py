"""`headroom train`, `promote`, `backtest` and `rollback` for a model of customers, end to end on a small lake."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from features.lake import Lake
from features.workspace import Workspace
from serving.cli import group
from tests.customer_family import LineFamily, fill_lake
from training.registry import find_runs, list_versions

pytestmark = pytest.mark.usefixtures("line_family")

SHORT = """
latency: {negligible_seconds: 60.0, one_node_limit_seconds: 60.0, limit_seconds: 60.0, repeats: 1}
customers: {coverage: {target: 0.8, tolerance: 0.3, least: 0.1, most: 1.0}}
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("cli") / "workspace")
    fill_lake(Lake(workspace.lake))
    return workspace


def run(workspace: Workspace, *words: str) -> Result:
    return CliRunner().invoke(group, [*words, "--workspace", str(workspace.root)])


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.slow
def test_the_life_of_a_model_of_customers(workspace: Workspace, tmp_path: Path) -> None:
    naive = written(tmp_path / "naive.yaml", "learn: false\n")
    first = run(workspace, "train", "value", "--config", naive, "--promote")
    assert first.exit_code == 0, first.output
    for text in ("value version 1", "naive_log_error", "version 2 serves, version 1 fitted on all data. (FIRST)"):
        assert text in first.stdout
    again = run(workspace, "train", "value", "--config", naive, "--json")
    assert json.loads(again.stdout)["reused"] is True
    tuned = run(workspace, "train", "value", "--trials", "3")
    assert tuned.exit_code == 0, tuned.output
    assert "3 trials, best" in tuned.stdout
    assert "It waits for the gate: headroom promote value" in tuned.stdout
    (study,) = [one for one in find_runs(workspace, "tuning") if one.tags.get("role") == "study"]
    assert study.tags["model"] == "value"
    version = list_versions(workspace, "value")[-1]
    assert version.tags["study"] == study.tags["study"]
    policy = written(tmp_path / "policy.yaml", SHORT)
    better = run(workspace, "promote", "value", "--policy", policy)
    assert better.exit_code == 0, better.output
    for text in ("champion", "mean loss", "residential", "160 customers at 2 origin(s)", "(BETTER)"):
        assert text in better.stdout
    assert "kW" not in better.stdout
    worse = written(tmp_path / "worse.yaml", "shift: 0.4\n")
    assert run(workspace, "train", "value", "--config", worse).exit_code == 0
    refused = run(workspace, "promote", "value", "--policy", policy)
    assert refused.exit_code == 1
    assert "is refused" in refused.stdout
    back = run(workspace, "rollback", "value", "--by", "Li", "--why", "too bold")
    assert "value version 2 serves again" in back.stdout


def test_a_backtest_is_told_kept_and_written(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "cases.parquet"
    done = run(workspace, "backtest", "value", "--most-origins", "3", "--out", str(out))
    assert done.exit_code == 0, done.output
    for text in (
        "value by origin",
        "log error",
        "naive log error",
        "left out: 2022-06-30: no outcome was known yet",
        "By unit",
    ):
        assert text in done.stdout
    assert out.is_file()
    (kept,) = find_runs(workspace, "value-backtest")
    assert kept.metrics["log_error"] < kept.metrics["naive_log_error"]
    found = run(workspace, "backtest", "value", "--from", "2023-01-01", "--to", "2023-12-31", "--no-log", "--json")
    told: dict[str, Any] = json.loads(found.stdout)
    assert told["run_id"] is None
    assert [row["origin"][:4] for row in told["origins"]] == ["2023"] * len(told["origins"])
    assert len(find_runs(workspace, "value-backtest")) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("train", "value", "--folds", "2"), "--folds needs --trials N"),
        (("train", "value", "--config", "nowhere.yaml"), "nowhere.yaml"),
        (("backtest", "value", "--from", "2050-01-01"), "no origin of value lies within"),
        (("promote", "prospects"), "no challenger of prospects waits"),
        (("rollback", "anomaly", "--by", "Li", "--why", "so"), "nothing serves"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_says_why(workspace: Workspace, words: tuple[str, ...], told: str) -> None:
    done = run(workspace, *words)
    assert done.exit_code == 2, done.output
    assert told in done.output


def test_an_empty_lake_is_said(tmp_path: Path, line_family: LineFamily) -> None:
    done = run(Workspace(tmp_path), "train", "value")
    assert done.exit_code == 2
    assert "the lake holds no use of customers" in done.output
