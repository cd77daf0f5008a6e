"""Training jobs on a small territory: what is registered is what was scored, and nothing is trained twice."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.demo import Territory
from features.errors import NotFoundError
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import Workspace
from training.demand import DemandConfig, DemandModel
from training.evaluation import evaluate
from training.jobs import Trained, held_out_cut, refit, train_demand, train_peak
from training.outcomes import outcome_frame, peak_scores
from training.peak import ConnectionPolicy, PeakConfig, PeakModel
from training.registry import ModelVersion, champion, evaluation, fetch, list_versions, promote

# Whole jobs of training, more than once each.
pytestmark = pytest.mark.slow

TINY = DemandConfig.model_validate(
    {"booster": {"rounds": 10, "max_rows": 4000, "leaves": 7}, "calibration": {"max_issues": 5}}
)
QUICK = PeakConfig(scenarios=50, calibration_scenarios=50, min_history_days=200, origins=2, horizons_days=(31, 92))
TABLES = ("org_unit", "node", "transformer", "line_segment", "tie", "weather_observed", "application", "node_load")


def _filled(workspace: Workspace, territory: Territory, days: int) -> Workspace:
    """The lake of the territory's last `days`."""
    since = territory.end - pd.Timedelta(days=days)
    for table in TABLES:
        frame = territory.frame(table)
        if table in ("weather_observed", "node_load"):
            frame = frame[frame["start_utc"] >= since]
        Lake(workspace.lake).append(table, frame, "test")
    return workspace


@pytest.fixture(scope="module")
def workspace(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return _filled(Workspace(tmp_path_factory.mktemp("weeks")), small_territory, 100)


@pytest.fixture(scope="module")
def long_workspace(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return _filled(Workspace(tmp_path_factory.mktemp("years")), small_territory, 731)


@pytest.fixture(scope="module")
def demand(workspace: Workspace) -> Trained:
    return train_demand(workspace, TINY, held_out_days=3)


@pytest.fixture(scope="module")
def peak(long_workspace: Workspace) -> Trained:
    return train_peak(long_workspace, QUICK, ConnectionPolicy())


def _of(workspace: Workspace, trained: Trained) -> ModelVersion:
    return next(v for v in list_versions(workspace, trained.name) if v.version == trained.version)


def test_the_scores_of_a_version_are_those_of_its_artifact(
    workspace: Workspace, demand: Trained, tmp_path: Path
) -> None:
    version = _of(workspace, demand)
    model = DemandModel.load(fetch(workspace, version, tmp_path))
    history = load_history(Lake(workspace.lake), workspace.territory())
    cut = history.loads.end - pd.Timedelta(days=3)
    again = evaluate(model, history, cut, 3)
    assert again.metrics == pytest.approx(dict(demand.metrics), rel=1e-9)
    assert model.trained_until <= cut
    assert version.tags["trained_until"] == model.trained_until.isoformat()


def test_a_refit_has_the_same_parameters_and_has_seen_everything(
    workspace: Workspace, demand: Trained, tmp_path: Path
) -> None:
    judged = _of(workspace, demand)
    made = refit(workspace, judged)
    version = _of(workspace, made)
    model = DemandModel.load(fetch(workspace, version, tmp_path))
    history = load_history(Lake(workspace.lake), workspace.territory())
    assert model.trained_until == history.loads.end
    assert model.config == TINY
    assert version.tags["refit_of"] == str(judged.version)
    assert (version.tags["config"], dict(version.metrics)) == (judged.tags["config"], dict(judged.metrics))
    assert not made.reused
    assert refit(workspace, judged).version == refit(workspace, version).version == made.version


def test_peak_models_have_seen_everything_from_the_start(long_workspace: Workspace, peak: Trained) -> None:
    assert refit(long_workspace, _of(long_workspace, peak)).version == peak.version


def test_artifacts_hold_no_pickle(
    workspace: Workspace, long_workspace: Workspace, demand: Trained, peak: Trained
) -> None:
    folders = (workspace.models / "demand" / "1", long_workspace.models / "peak" / "1")
    promote(workspace, "demand", demand.version)
    promote(long_workspace, "peak", peak.version)
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} == {".txt", ".json", ".npz"}
    for path in files:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype != object for name in arrays)


def test_the_run_keeps_settings_plots_and_the_held_out_forecasts(
    workspace: Workspace, demand: Trained, tmp_path: Path
) -> None:
    version = _of(workspace, demand)
    assert version.params["booster.rounds"] == "10"
    assert version.tags["data"] == Lake(workspace.lake).fingerprint()
    assert {p.name for p in workspace.artifacts.rglob("figures/*")} >= {
        "fan_largest.svg",
        "fan_worst.svg",
        "pinball_by_lead_and_hour.svg",
        "reliability.svg",
    }
    tables = {p.name for p in workspace.artifacts.rglob("tables/*")}
    assert tables >= {"environment.json", "nodes.csv", "groups.csv", "leads.csv", "hours.csv", "features.csv"}
    moved = pd.read_csv(next(workspace.artifacts.rglob("tables/contributions.csv")), index_col="kind")
    assert set(moved.index) == {"area", "feeder", "substation"}
    assert (moved["level"] > 0.3).all()
    assert (moved["calendar"] > 0.01).all()
    assert len(version.tags["git"]) >= 4
    fans = pd.read_parquet(evaluation(workspace, version, tmp_path) / "fans.parquet")
    assert fans["start_utc"].nunique() == 72
    assert np.isfinite(fans["q50"]).all()


def test_the_same_data_and_settings_are_not_trained_twice(workspace: Workspace, demand: Trained) -> None:
    again = train_demand(workspace, TINY, held_out_days=3)
    assert (again.version, again.reused) == (demand.version, True)
    assert again.metrics == demand.metrics


def test_other_settings_make_a_version_that_waits_and_training_is_repeatable(
    workspace: Workspace, demand: Trained
) -> None:
    serving = champion(workspace, "demand")
    other = train_demand(workspace, TINY.model_copy(update={"seed": 8}), held_out_days=3)
    assert champion(workspace, "demand") == serving
    assert not other.reused
    repeated = train_demand(workspace, TINY, held_out_days=3, again=True)
    assert repeated.version > other.version > demand.version
    hashes = {v.version: v.sha256 for v in list_versions(workspace, "demand")}
    assert hashes[repeated.version] == hashes[demand.version] != hashes[other.version]


def test_the_hold_out_never_takes_more_than_a_quarter(workspace: Workspace) -> None:
    history = load_history(Lake(workspace.lake), workspace.territory())
    span = (history.loads.end - history.loads.start).days
    cut, days = held_out_cut(history, 10_000)
    assert days == span // 4
    assert cut == history.loads.end - pd.Timedelta(days=days)


def test_an_empty_lake_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="ingest a source first"):
        train_demand(Workspace(tmp_path), TINY)


def test_peak_scores_count_outcomes_by_hand(long_workspace: Workspace, peak: Trained, tmp_path: Path) -> None:
    model = PeakModel.load(fetch(long_workspace, _of(long_workspace, peak), tmp_path))
    frame = outcome_frame(model, pd.Timestamp("2024-01-01"))
    longest = model.evidence.horizons.index(92)
    known = np.isfinite(model.evidence.log_ratio[:, :, longest])
    assert len(frame) == known.sum() > 0
    scores = peak_scores(model, frame)
    assert scores == pytest.approx(dict(peak.metrics))
    areas = np.array([kind == "area" for kind in model.evidence.kinds])
    ratios = np.exp(model.evidence.log_ratio[:, areas, longest])
    assert scores["held_bare_area"] == pytest.approx((ratios[np.isfinite(ratios)] <= 1).mean())


def test_the_factor_of_an_origin_knows_only_outcomes_of_before(
    long_workspace: Workspace, peak: Trained, tmp_path: Path
) -> None:
    """Outcomes that came after an origin may not move its factor: changing them changes nothing before them."""
    from dataclasses import replace

    model = PeakModel.load(fetch(long_workspace, _of(long_workspace, peak), tmp_path))
    first = outcome_frame(model, pd.Timestamp("2024-01-01"))
    changed = model.evidence.log_ratio.copy()
    changed[-1] += 1.0
    other = outcome_frame(
        replace(model, evidence=replace(model.evidence, log_ratio=changed)), pd.Timestamp("2024-01-01")
    )
    pd.testing.assert_series_equal(first["walk_kappa"], other["walk_kappa"])
    assert not first["ratio"].equals(other["ratio"])
