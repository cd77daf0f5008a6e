"""`headroom backtest` on a small workspace: tables, JSON, the long table, the run that is kept, refusals."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.lake import Lake
from features.load.reading import load_history
from features.workspace import TerritorySettings, Workspace
from serving.cli import group
from training.demand import DemandConfig, DemandModel
from training.registry import find_runs, promote, register

# Models are fitted again and again.
pytestmark = pytest.mark.slow

PEAK = "scenarios: 50\ncalibration_scenarios: 50\nmin_history_days: 200\norigins: 2\nhorizons_days: [31, 92]\n"
DEMAND = DemandConfig.model_validate(
    {"booster": {"rounds": 10, "max_rows": 4000, "leaves": 7, "threads": 1}, "calibration": {"max_issues": 5}}
)


@pytest.fixture(scope="module")
def last_day(small_lake: Lake) -> pd.Timestamp:
    """The last whole local day of the loads."""
    history = load_history(small_lake, TerritorySettings())
    end = history.calendar.local(pd.DatetimeIndex([history.loads.end]))[0]
    return end.normalize() - pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def workspace(small_lake: Lake, last_day: pd.Timestamp, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small lake, and one demand version that has seen all but its last ten days and serves."""
    made = Workspace(tmp_path_factory.mktemp("backtest") / "workspace")
    made.root.mkdir()
    made.lake.symlink_to(small_lake.root)
    history = load_history(small_lake, TerritorySettings())
    cut = history.loads.end - pd.Timedelta(days=10)
    model = DemandModel.fit(history.until(cut), DEMAND)
    model.save(made.root / "model")
    tags = {"trained_until": model.trained_until.isoformat(), "tuned_until": ""}
    promote(made, "demand", register(made, "demand", made.root / "model", {}, {}, {}, tags))
    return made


@pytest.fixture
def run(workspace: Workspace, tmp_path: Path) -> Callable[..., Result]:
    """Run a backtest on the workspace with quick settings."""
    (tmp_path / "peak.yaml").write_text(PEAK)

    def invoke(kind: str, first: pd.Timestamp, last: pd.Timestamp, *more: str) -> Result:
        days = ["--from", f"{first:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}"]
        config = [] if kind == "demand" else ["--config", str(tmp_path / "peak.yaml"), "--horizon-days", "92"]
        arguments = ["backtest", kind, *days, *config, *more, "--workspace", str(workspace.root)]
        return CliRunner().invoke(group, arguments)

    return invoke


def days_before(day: pd.Timestamp, days: int) -> pd.Timestamp:
    return day - pd.Timedelta(days=days)


def test_peak_tells_its_scores_and_keeps_them(
    run: Callable[..., Result], last_day: pd.Timestamp, workspace: Workspace, tmp_path: Path
) -> None:
    out = tmp_path / "peak.parquet"
    result = run("peak", days_before(last_day, 190), last_day, "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "By kind of node" in result.stdout
    assert "2 origins from" in result.stdout
    assert "1 left out, their 92 days are not over" in result.stdout
    kept = find_runs(workspace, "peak-backtest")[-1]
    assert kept.run_id in result.stdout
    assert kept.status == "FINISHED"
    assert kept.params["horizon_days"] == "92"
    assert len(kept.tags["data"]) > 8
    rows = pd.read_parquet(out)
    assert kept.metrics["scored_area"] == ((rows["left_out"] == "") & (rows["kind"] == "area")).sum()


def test_capacity_tells_its_verdicts_as_json_and_keeps_its_tables(
    run: Callable[..., Result], last_day: pd.Timestamp, workspace: Workspace, tmp_path: Path
) -> None:
    out = tmp_path / "capacity.parquet"
    result = run("capacity", days_before(last_day, 100), days_before(last_day, 100), "--out", str(out), "--json")
    assert result.exit_code == 0, result.output
    told, rows = json.loads(result.stdout), pd.read_parquet(out)
    for row in told["kinds"]:
        part = rows[rows["kind"] == row["kind"]]
        assert row["nodes"] == len(part)
        assert row["kept"] == (part["verdict"] == "KEPT").sum()
    assert told["origins"][0]["origin"].startswith(f"{days_before(last_day, 100):%Y-%m-%d}")
    kept = find_runs(workspace, "capacity-backtest")[-1]
    assert told["run_id"] == kept.run_id
    assert kept.metrics["kept_area"] == told["summary"]["kept_area"]
    files = {path.name for path in workspace.artifacts.rglob("*.*") if kept.run_id in path.parts}
    assert {"kinds.csv", "reasons.csv", "confidence.csv", "nodes.csv", "judged.parquet", "used_area.svg"} <= files


def test_capacity_prints_tables(run: Callable[..., Result], last_day: pd.Timestamp, workspace: Workspace) -> None:
    before = len(find_runs(workspace, "capacity-backtest"))
    result = run("capacity", days_before(last_day, 100), days_before(last_day, 100), "--no-log")
    assert result.exit_code == 0, result.output
    for words in ("By origin", "By what bound", "By confidence", "raised to hold as often", "1 origins from"):
        assert words in result.stdout
    assert "kept as run" not in result.stdout
    assert len(find_runs(workspace, "capacity-backtest")) == before


def test_a_registered_version_is_judged_on_days_it_has_not_seen(
    run: Callable[..., Result], last_day: pd.Timestamp, workspace: Workspace
) -> None:
    asked = (days_before(last_day, 4), last_day, "--model", "champion")
    result = run("demand", *asked, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["summary"]["model"] == "demand version 1"
    assert {row["group"] for row in told["groups"]} == {"area", "feeder", "substation"}
    assert {row["lead"] for row in told["leads"]} == {"6-24 h", "24-48 h"}
    kept = find_runs(workspace, "demand-backtest")[-1]
    assert kept.metrics["rcrps_area"] == pytest.approx(told["summary"]["rcrps_area"])
    assert kept.params["demand.booster.rounds"] == "10"
    files = {path.name for path in workspace.artifacts.rglob("*.*") if kept.run_id in path.parts}
    tables = {"nodes.csv", "groups.csv", "leads.csv", "hours.csv", "reasons.csv", "reliability.csv"}
    figures = {"reliability.svg", "pinball_by_lead_and_hour.svg", "fan_largest.svg", "fan_typical.svg"}
    assert tables | figures | {"forecasts.parquet"} <= files
    again = run("demand", *asked[:2], "--model", "1", "--no-log")
    assert again.exit_code == 0, again.output
    assert "By lead" in again.stdout
    assert f"rCRPS {told['summary']['rcrps']:.4f}" in again.stdout


def test_days_a_version_has_seen_are_refused_by_name(run: Callable[..., Result], last_day: pd.Timestamp) -> None:
    result = run("demand", days_before(last_day, 12), last_day, "--model", "1", "--no-log")
    assert result.exit_code == 2
    first, seen = days_before(last_day, 12), days_before(last_day, 9)
    assert f"cannot be judged on {first:%Y-%m-%d} to {seen:%Y-%m-%d} (4 days)" in result.stderr
    assert f"the first day it can be judged on is {days_before(last_day, 8):%Y-%m-%d}" in result.stderr
    unseen = days_before(last_day, 8)
    assert run("demand", unseen, unseen, "--model", "1", "--no-log").exit_code == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--model", "7"], "has no version 7; registered: 1"),
        (["--model", "newest"], "neither a version number nor `champion`"),
        (["--model", "1", "--refit", "2025-01-01"], "give it without --config"),
        (["--model", "1", "--trailing-days", "90"], "--trailing-days"),
        (["--levels", "0.5,0.1"], "levels lie between 0 and 1 and rise"),
    ],
)
def test_what_cannot_be_judged_is_said(
    run: Callable[..., Result], last_day: pd.Timestamp, more: list[str], words: str
) -> None:
    result = run("demand", last_day, last_day, *more)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("kind", ["peak", "capacity"])
def test_an_origin_too_early_is_refused_with_the_first_that_is_not(
    run: Callable[..., Result], last_day: pd.Timestamp, kind: str
) -> None:
    result = run(kind, days_before(last_day, 720), last_day, "--no-log")
    assert result.exit_code == 2
    assert "first day possible is" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_totals_agree_on_the_terminal_and_in_the_backtest(
    run: Callable[..., Result], last_day: pd.Timestamp, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "demand.yaml").write_text(DEMAND.model_dump_json())  # JSON is YAML
    quick = ("--config", str(tmp_path / "demand.yaml"), "--actual-weather")
    result = run("demand", days_before(last_day, 26), last_day, *quick, "--hierarchy", "--json", "--no-log")
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)["hierarchy"]
    assert {row["kind"] for row in table} == {"area", "feeder", "substation"}
    assert all(row["issues"] >= 5 and row["rcrps_coherent"] > 0 for row in table)

    options = ["--horizon", "2", "--quantiles", "0.5", "--totals", "--json", "--workspace", str(workspace.root)]
    nodes = load_history(Lake(workspace.lake), TerritorySettings()).nodes
    feeder = nodes.index[nodes["kind"] == "feeder"][0]
    below = nodes.index[nodes["parent_id"] == feeder]
    asked = CliRunner().invoke(group, ["forecast", feeder, *below, *options])
    assert asked.exit_code == 0, asked.output
    found = {one["node_id"]: one["rows"][0]["quantiles_kw"]["0.5"] for one in json.loads(asked.stdout)["nodes"]}
    assert found[feeder] == pytest.approx(sum(found[node] for node in below), rel=0.25)
