"""`headroom monitor models` and `headroom retrain` on a small workspace whose champion has lived for twelve days."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.configs import config_path
from features.demo import Territory
from features.demo.plants import shift_level
from features.errors import ModelError
from features.lake import Lake
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import Workspace
from serving.cli import group
from serving.retraining import retrain
from serving.served import Given, ServedForecasts
from serving.state import open_state
from serving.watching import EXPERIMENT, last_monitoring, load_policy, monitor_models, served_scores
from training.demand import DemandConfig, DemandModel
from training.demand.config import LEVELS
from training.jobs import train_demand
from training.promotion import PromotionPolicy, promote_challenger
from training.registry import champion, find_runs
from training.watch.decision import RetrainPolicy
from training.watch.performance import judged_days, replayed_scores

# A model is trained and watched through weeks.
pytestmark = pytest.mark.slow

LIVE_DAYS, PAST_DAYS = 12, 130
SHIFTED = "A0003"
TINY = DemandConfig.model_validate(
    {
        "horizon_hours": 48,
        "booster": {"rounds": 10, "max_rows": 4000, "leaves": 7, "threads": 1},
        "calibration": {"max_issues": 5},
    }
)
LEDGERS = ("org_unit", "node", "transformer")
MEASURED = ("weather_observed", "weather_forecast", "node_load")


@pytest.fixture(scope="module")
def lived(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A champion, and twelve more days in which one area has drawn 1.4 times its load for nine days."""
    workspace = Workspace(tmp_path_factory.mktemp("lived") / "workspace")
    lake, end = Lake(workspace.lake), small_territory.end
    for name in LEDGERS:
        lake.append(name, small_territory.frame(name), "all")
    cut, start = end - pd.Timedelta(days=LIVE_DAYS), end - pd.Timedelta(days=PAST_DAYS)
    loads = small_territory.frame("node_load")
    shifted = shift_level(small_territory, loads, SHIFTED, end - pd.Timedelta(days=9), 1.4)
    frames = {name: small_territory.frame(name) for name in MEASURED} | {"node_load": shifted}
    for name, frame in frames.items():
        recent = frame[frame["start_utc"] >= start]
        lake.append(name, recent[recent["available_at"] <= cut].reset_index(drop=True), "first")
    train_demand(workspace, TINY)
    promote_challenger(workspace, "demand", load_settings(PromotionPolicy, config_path("policy/promotion.yaml")))
    for name, frame in frames.items():
        recent = frame[frame["start_utc"] >= start]
        lake.append(name, recent[recent["available_at"] > cut].reset_index(drop=True), "later")
    return workspace


@pytest.fixture
def workspace(lived: Workspace, tmp_path: Path) -> Workspace:
    """A copy that a test may change."""
    shutil.copytree(lived.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def run(workspace: Workspace, *arguments: str) -> Result:
    return CliRunner().invoke(group, [*arguments, "--workspace", str(workspace.root)])


def test_the_shift_is_found_told_and_kept(workspace: Workspace) -> None:
    result = run(workspace, "monitor", "models", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    alarms = {(one["kind"], one["subject"]) for one in found["findings"] if one["severity"] == "alarm"}
    assert ("LEVEL_SHIFT", SHIFTED) in alarms
    assert {subject for kind, subject in alarms if kind == "LEVEL_SHIFT"} == {SHIFTED}
    assert found["summary"]["alarms"] == sum(one["severity"] == "alarm" for one in found["findings"])
    kept = last_monitoring(workspace)
    assert kept is not None
    assert kept["findings"] == found["findings"]
    assert [one.run_id for one in find_runs(workspace, EXPERIMENT, {"model": "demand"})] == [found["run_id"]]
    assert found["performance"], "twelve days are enough to judge scores"
    failed = run(workspace, "monitor", "models", "--fail-on-alarm")
    assert failed.exit_code == 1
    assert SHIFTED in failed.stdout


def test_before_the_shift_no_level_has_moved(workspace: Workspace, small_territory: Territory) -> None:
    now = small_territory.end - pd.Timedelta(days=9)
    findings = monitor_models(workspace, now).watched.findings
    assert not ((findings["kind"] == "LEVEL_SHIFT") & (findings["severity"] == "alarm")).any()


def test_forecasts_served_are_scored_when_the_truth_arrives(workspace: Workspace, small_territory: Territory) -> None:
    serving = champion(workspace, "demand")
    assert serving is not None
    model, rules = DemandModel.load(serving.path), load_policy()
    history = load_history(Lake(workspace.lake), workspace.territory())
    days = judged_days(history, rules, small_territory.end, model.trained_until)
    replayed = replayed_scores(model, history, days)
    issues = sorted(pd.Timestamp(day) for day in replayed["day"].unique())
    asked = ["A0001", "A0002"]
    engine = open_state(workspace.state_url)
    for issued in issues[:-1]:
        frame = model.forecast(history, issued, horizon_hours=48, node_ids=asked)
        ServedForecasts(engine).record(Given.of("demand", serving.version, issued, 60, LEVELS, frame, len(asked)))
    engine.dispose()

    scores = served_scores(workspace, serving.version, model, history, small_territory.end, rules)
    expected = replayed[replayed["node_id"].isin(asked) & replayed["day"].isin(issues[:-1])]
    both = scores.merge(expected, on=["node_id", "day"], suffixes=("", "_replayed"))
    assert len(both) == len(expected) == len(scores)
    assert np.allclose(both["pinball_kw"], both["pinball_kw_replayed"], rtol=1e-4)
    assert set(scores["source"]) == {"served"}

    early = issues[2]
    known_then = served_scores(workspace, serving.version, model, history.until(early), early, rules)
    assert (known_then["day"] < early).all(), "what has not come yet is not scored"
    assert served_scores(workspace, 99, model, history, small_territory.end, rules).empty

    table = monitor_models(workspace).watched.performance
    assert (table.loc[asked, "served_days"] >= 1).all()
    assert (table.drop(index=asked)["served_days"] == 0).all()


@pytest.mark.slow
def test_retraining_says_why_trains_with_the_champion_s_settings_and_asks_the_gate(workspace: Workspace) -> None:
    found = retrain(workspace, "demand", if_needed=True, policy=RetrainPolicy(shift_days=5))
    assert found.decision.needed
    assert "LEVEL_SHIFT" in found.decision.codes
    assert found.verdict is not None
    serving = champion(workspace, "demand")
    assert serving is not None
    assert (serving.version != found.champion) is found.verdict.promoted
    assert DemandModel.load(serving.path).config == TINY
    assert found.to_dict()["gate"]["reason"]["sentence"]


def test_a_model_that_nothing_speaks_against_goes_on_serving(workspace: Workspace) -> None:
    policy = workspace.root / "patient.yaml"
    policy.write_text("min_new_days: 400\nmax_age_days: 4000\nample_new_days: 4000\n")
    result = run(workspace, "retrain", "demand", "--if-needed", "--policy", str(policy), "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["needed"] is False
    assert told["trained_version"] is None
    assert "TOO_FEW_DAYS" in {one["code"] for one in told["reasons"]}
    plain = run(workspace, "retrain", "--if-needed", "--policy", str(policy))
    assert "is not trained anew" in plain.stdout


def test_without_a_champion_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no demand model serves"):
        monitor_models(Workspace(tmp_path))
    for arguments in (("monitor", "models"), ("retrain", "peak")):
        result = run(Workspace(tmp_path), *arguments)
        assert result.exit_code == 2
        assert "serves" in result.stderr


def test_a_torn_line_of_the_record_is_passed_over(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert last_monitoring(workspace) is None
    folder = workspace.root / "monitoring" / "demand"
    folder.mkdir(parents=True)
    (folder / "runs.jsonl").write_text('{"version": 1}\n{"version": 2}\n{"versi')
    assert last_monitoring(workspace) == {"version": 2}
