"""From trained versions to the one that serves, on a small territory: judged, refitted, recorded, undone."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.demo import Territory
from features.errors import ConfigError, ModelError, NotFoundError
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import Workspace
from training.demand import DemandConfig, DemandModel
from training.promotion import Force, PromotionPolicy, Verdict, promote_challenger, rollback
from training.registry import champion, fetch, find_runs, list_versions, promote, promotions, register

# Every test trains and judges models; the gate itself has fast tests of its own.
pytestmark = pytest.mark.slow

TABLES = ("org_unit", "node", "transformer", "weather_observed", "node_load")
AREAS = ["A0001", "A0002", "A0003", "A0004"]
# Coverage and latency are judged elsewhere: so little data, and a machine with other work, must not decide these tests.
POLICY = PromotionPolicy.model_validate(
    {
        "window_days": 21,
        "coverage": {"tolerance": 0.5, "least": 0.0, "most": 1.0},
        "latency": {
            "negligible_seconds": 60.0,
            "one_node_limit_seconds": 60.0,
            "limit_seconds": 60.0,
            "repeats": 1,
        },
    }
)
WEAK, WEAK_REFIT, STRONG, STRONG_REFIT = 1, 2, 3, 4


def config(learning_rate: float, seed: int = 7) -> DemandConfig:
    return DemandConfig.model_validate(
        {
            "horizon_hours": 48,
            "booster": {"rounds": 20, "max_rows": 3000, "leaves": 7, "learning_rate": learning_rate, "threads": 1},
            "calibration": {"max_issues": 5},
            "seed": seed,
        }
    )


def train(workspace: Workspace, settings: DemandConfig, held_out_days: int) -> int:
    """Fit and register, without the figures and tables of a real training."""
    history = load_history(Lake(workspace.lake), workspace.territory())
    model = DemandModel.fit(history.until(history.loads.end - pd.Timedelta(days=held_out_days)), settings)
    artifact = workspace.root / "artifact"
    model.save(artifact)
    tags = {"trained_until": model.trained_until.isoformat(), "tuned_until": "", "data": "of the test"}
    number = register(workspace, "demand", artifact, {}, {}, {}, tags)
    shutil.rmtree(artifact)
    return number


@pytest.fixture(scope="module")
def trained(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Ten weeks of four areas; the first version hardly learnt anything, its refit serves; a better one waits."""
    workspace = Workspace(tmp_path_factory.mktemp("gate") / "workspace")
    since = small_territory.end - pd.Timedelta(days=84)
    for table in TABLES:
        frame = small_territory.frame(table)
        if table in ("weather_observed", "node_load"):
            frame = frame[frame["start_utc"] >= since]
        if table == "node_load":
            frame = frame[frame["node_id"].isin(AREAS)]
        Lake(workspace.lake).append(table, frame, "test")
    train(workspace, config(0.005, seed=1), held_out_days=22)
    assert promote_challenger(workspace, "demand", POLICY).reason.code == "FIRST"
    train(workspace, config(0.3), held_out_days=22)
    return workspace


@pytest.fixture(scope="module")
def promoted(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Verdict]:
    """The same after the better one went through the gate."""
    root = tmp_path_factory.mktemp("promoted") / "workspace"
    shutil.copytree(trained.root, root)
    return Workspace(root), promote_challenger(Workspace(root), "demand", POLICY)


@pytest.fixture
def workspace(trained: Workspace, tmp_path: Path) -> Workspace:
    """A copy of its own."""
    shutil.copytree(trained.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def serving(workspace: Workspace) -> int:
    found = champion(workspace, "demand")
    assert found is not None
    return found.version


def test_the_first_version_is_fitted_on_all_data_and_serves_unjudged(workspace: Workspace) -> None:
    (first,) = promotions(workspace, "demand")
    assert (first.version, first.previous, first.details["reason"]) == (WEAK_REFIT, None, "FIRST")
    assert first.details["judged_version"] == str(WEAK)
    again = promote_challenger(workspace, "demand", POLICY, version=WEAK)
    assert (again.reason.code, again.promoted, again.serving_version) == ("SERVES", True, WEAK_REFIT)
    assert len(promotions(workspace, "demand")) == 1


def test_a_better_challenger_is_fitted_on_all_data_and_serves(promoted: tuple[Workspace, Verdict]) -> None:
    workspace, verdict = promoted
    assert (verdict.reason.code, verdict.version, verdict.judged_champion) == ("BETTER", STRONG, WEAK)
    assert verdict.figures["difference_high"] < 0
    assert list(verdict.table.columns[:3]) == ["champion", "challenger", "difference"]
    assert set(verdict.table.index) == set(AREAS)
    number = verdict.serving_version
    assert serving(workspace) == number == STRONG_REFIT
    refitted = next(one for one in list_versions(workspace, "demand") if one.version == number)
    assert refitted.tags["refit_of"] == str(STRONG)
    assert "challenger" not in refitted.aliases
    served = champion(workspace, "demand")
    assert served is not None
    model = DemandModel.load(served.path)
    history = load_history(Lake(workspace.lake), workspace.territory())
    assert model.config == config(0.3)
    assert model.trained_until == history.loads.end
    told = promotions(workspace, "demand")[-1].details
    assert (told["judged_version"], told["judged_champion"], told["reason"]) == ("3", "1", "BETTER")
    assert float(told["difference_high"]) == pytest.approx(verdict.figures["difference_high"], rel=1e-4)
    _logged(workspace, verdict)
    # Asked again, nothing is judged and nothing is trained anew.
    again = promote_challenger(workspace, "demand", POLICY, version=STRONG)
    assert (again.reason.code, again.serving_version) == ("SERVES", number)


def _logged(workspace: Workspace, verdict: Verdict) -> None:
    """The comparison is a run of its own, with everything a person needs to follow it."""
    (run,) = find_runs(workspace, "demand-gate", {"challenger": str(verdict.version)})
    assert run.run_id == verdict.run_id
    assert run.status == "FINISHED"
    assert run.tags["reason"] == verdict.reason.code
    assert run.metrics["difference"] == pytest.approx(verdict.figures["difference"])
    files = {path.name: path for path in workspace.artifacts.rglob("*") if verdict.run_id in str(path)}
    assert {"differences.svg", "nodes.csv", "verdict.json"} <= set(files)
    kept = json.loads(files["verdict.json"].read_text())
    assert len(kept["nodes"]) == 4
    assert {check["name"] for check in kept["checks"]} >= {"non_inferior", "better", "fresher", "nodes", "coverage"}


def test_a_worse_challenger_is_refused_and_forced_only_with_a_name_and_a_reason(
    promoted: tuple[Workspace, Verdict], tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "workspace")
    shutil.copytree(promoted[0].root, workspace.root)
    refused = promote_challenger(workspace, "demand", POLICY, version=WEAK)
    assert (refused.reason.code, refused.promoted, refused.serving_version) == ("WORSE", False, STRONG_REFIT)
    # The champion has seen the window; what is judged is the version it is a refit of.
    assert (refused.champion, refused.judged_champion) == (STRONG_REFIT, STRONG)
    assert serving(workspace) == STRONG_REFIT
    forced = promote_challenger(workspace, "demand", POLICY, version=WEAK, force=Force("Li", "the old one on purpose"))
    assert (forced.reason.code, forced.promoted) == ("FORCED", True)
    assert "WORSE" in forced.reason.sentence
    pd.testing.assert_frame_equal(forced.table, refused.table)
    told = promotions(workspace, "demand")[-1]
    assert (told.details["by"], told.details["why"], told.details["forced"]) == ("Li", "the old one on purpose", "true")
    assert told.version == serving(workspace) == forced.serving_version
    record = json.loads((workspace.models / "demand" / "champion.json").read_text())
    assert record["details"]["by"] == "Li"
    tags = next(one.tags for one in list_versions(workspace, "demand") if one.version == told.version)
    assert tags["promotion.by"] == "Li"
    assert rollback(workspace, "demand", "Li", "enough").version == STRONG_REFIT


def test_what_is_interrupted_before_the_last_step_leaves_the_champion_and_is_taken_up_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("training.promotion.promote.promote", cut_off)
        with pytest.raises(KeyboardInterrupt):
            promote_challenger(workspace, "demand", POLICY)
    assert serving(workspace) == WEAK_REFIT
    assert len(promotions(workspace, "demand")) == 1
    # The refit is there already and carries the alias; what waits is still the version it is a refit of.
    verdict = promote_challenger(workspace, "demand", POLICY)
    assert (verdict.version, verdict.serving_version) == (STRONG, STRONG_REFIT)
    assert len(list_versions(workspace, "demand")) == 4
    assert serving(workspace) == STRONG_REFIT


def test_a_champion_changed_meanwhile_is_not_overwritten(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from training import jobs

    def refit_while_another_promotes(*arguments: Any) -> jobs.Trained:
        promote(workspace, "demand", WEAK, {"by": "another"})
        return jobs.refit(*arguments)

    monkeypatch.setattr("training.promotion.promote.refit", refit_while_another_promotes)
    with pytest.raises(ModelError, match="changed while version 3 was judged"):
        promote_challenger(workspace, "demand", POLICY)
    assert promotions(workspace, "demand")[-1].details["by"] == "another"


def test_too_short_a_window_is_refused_in_words(workspace: Workspace) -> None:
    number = train(workspace, config(0.3, seed=3), held_out_days=7)
    verdict = promote_challenger(workspace, "demand", POLICY, version=number)
    assert (verdict.reason.code, verdict.promoted) == ("WINDOW", False)
    assert "Only 6 day(s)" in verdict.reason.sentence
    assert serving(workspace) == WEAK_REFIT
    assert find_runs(workspace, "demand-gate", {"reason": "WINDOW"})


def test_no_version_to_promote_is_said(promoted: tuple[Workspace, Verdict]) -> None:
    workspace = promoted[0]
    with pytest.raises(NotFoundError, match=r"no version 9; registered: \[1, 2, 3, 4\]"):
        promote_challenger(workspace, "demand", POLICY, version=9)
    with pytest.raises(NotFoundError, match="no challenger of demand waits"):
        promote_challenger(workspace, "demand", POLICY)


@pytest.fixture(scope="module")
def promoted_in_turn(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Four versions of some other model, three promoted one after the other."""
    root = tmp_path_factory.mktemp("chain")
    workspace = Workspace(root / "workspace")
    for number in (1, 2, 3, 4):
        artifact = root / f"m{number}"
        artifact.mkdir()
        (artifact / "model.txt").write_text(str(number))
        register(workspace, "other", artifact, {}, {}, {}, {})
    for number in (1, 2, 3):
        promote(workspace, "other", number, {"reason": "BETTER"})
    return workspace


@pytest.fixture
def chain(promoted_in_turn: Workspace, tmp_path: Path) -> Workspace:
    """A copy of its own."""
    shutil.copytree(promoted_in_turn.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def test_rollbacks_go_further_back_each_time_and_say_who_and_why(chain: Workspace) -> None:
    assert rollback(chain, "other", "Li", "wrong at night").version == 2
    assert rollback(chain, "other", "Wang", "still wrong").version == 1
    with pytest.raises(NotFoundError, match="version 1 serves and is the first"):
        rollback(chain, "other", "Li", "once more")
    told = promotions(chain, "other")
    assert [one.version for one in told] == [1, 2, 3, 2, 1]
    assert told[-1].details == {"reason": "ROLLBACK", "by": "Wang", "why": "still wrong", "rolled_back": "2"}
    # After a rollback the way goes on from there.
    promote(chain, "other", 4, {"reason": "BETTER"})
    assert rollback(chain, "other", "Li", "not this one").version == 1
    with pytest.raises(NotFoundError):
        rollback(chain, "other", "Li", "once more")


def test_a_rollback_needs_a_name_a_reason_and_an_earlier_champion(chain: Workspace) -> None:
    for by, why in (("", "why"), ("by", " ")):
        with pytest.raises(ConfigError, match="who does it and why"):
            rollback(chain, "other", by, why)
    with pytest.raises(NotFoundError, match="nothing serves"):
        rollback(chain, "never", "Li", "why")


def test_a_model_the_gate_cannot_judge_is_refused(chain: Workspace) -> None:
    with pytest.raises(ModelError, match="cannot be judged"):
        promote_challenger(chain, "other", POLICY)
    assert fetch(chain, list_versions(chain, "other")[3], chain.root / "copy").is_dir()
