"""Training of customer models: strictly out of time, never twice, and everything kept that was scored."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ModelError, NotFoundError
from features.lake import Lake
from features.workspace import TerritorySettings, Workspace
from tests.customer_family import BEGIN, PERIOD, LineConfig, LineFamily, fill_lake
from training.customers.cases import Cases
from training.customers.families import NAMES, family
from training.customers.holding import data_end, hold_out
from training.customers.jobs import EVALUATION, refit_customers, train_customers
from training.customers.kept import load_settings_of, load_version, save_version, serving_version
from training.customers.reading import read_cases
from training.registry import ModelVersion, evaluation, fetch, list_versions, promote
from training.versioning import Trained

# Whole jobs of training, more than once each.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("customers"))
    fill_lake(Lake(workspace.lake))
    return workspace


@pytest.fixture(scope="module")
def line() -> LineFamily:
    return LineFamily()


@pytest.fixture(scope="module")
def first(workspace: Workspace, line: LineFamily) -> Trained:
    return train_customers(workspace, line, LineConfig())


def version(workspace: Workspace, number: int) -> ModelVersion:
    return next(one for one in list_versions(workspace, "value") if one.version == number)


def test_nothing_known_after_the_first_held_out_origin_is_trained_on(first: Trained, line: LineFamily) -> None:
    cases, until = line.seen[0]
    assert until == BEGIN + 8 * PERIOD
    assert (cases.rows["known_at"] <= until).all()
    assert cases.rows["known_at"].max() == until


def test_the_scores_of_a_version_are_those_of_its_artifact_on_the_held_out_cases(
    workspace: Workspace, first: Trained, line: LineFamily, tmp_path: Path
) -> None:
    made = version(workspace, first.version)
    model, config = load_version(line, fetch(workspace, made, tmp_path))
    assert config == LineConfig()
    cases = line.cases(Lake(workspace.lake), workspace.territory(), config)
    held = cases.take((cases.rows["origin"] >= model.trained_until).to_numpy(dtype=bool))
    scores = line.scores(model, held)
    assert first.metrics["log_error"] == pytest.approx(scores["log_error"])
    assert first.metrics["log_error"] < 0.85 * first.metrics["naive_log_error"]
    assert "undefined" not in first.metrics
    kept = pd.read_parquet(evaluation(workspace, made, tmp_path) / EVALUATION)
    assert len(kept) == len(held.rows) == first.metrics["held_out_cases"]
    assert kept["loss"].mean() == pytest.approx(scores["log_error"])
    assert set(line.says) <= set(kept.columns)


def test_the_run_keeps_where_it_comes_from_and_what_shows_it(workspace: Workspace, first: Trained) -> None:
    made = version(workspace, first.version)
    assert made.aliases == ("challenger",)
    assert made.tags["data"] == Lake(workspace.lake).fingerprint()
    assert made.tags["trained_until"] == (BEGIN + 8 * PERIOD).isoformat()
    assert (made.tags["study"], made.tags["tuned_until"]) == ("", "")
    assert made.params["ridge"] == "1.0"
    assert {one.name for one in workspace.artifacts.rglob("figures/*")} >= {"reliability.svg", "chances.svg"}
    tables = {one.name for one in workspace.artifacts.rglob("tables/*")}
    assert tables >= {"environment.json", "says.json", "units.csv", "origins.csv", "features.csv", "chances.csv"}
    units = pd.read_csv(next(workspace.artifacts.rglob("tables/units.csv")), index_col="unit")
    assert units["cases"].sum() == first.metrics["held_out_cases"]
    chances = pd.read_csv(next(workspace.artifacts.rglob("tables/chances.csv")))
    assert chances["caught"].iloc[-1] == pytest.approx(1.0)
    assert chances["lift"].iloc[0] > 1


def test_the_same_data_and_settings_are_not_trained_twice(
    workspace: Workspace, first: Trained, line: LineFamily
) -> None:
    fits = len(line.seen)
    same = train_customers(workspace, line, LineConfig())
    assert (same.version, same.reused, same.metrics) == (first.version, True, first.metrics)
    assert len(line.seen) == fits
    repeated = train_customers(workspace, line, LineConfig(), again=True)
    other = train_customers(workspace, line, LineConfig(ridge=2.0))
    assert first.version < repeated.version < other.version
    assert not repeated.reused
    hashes = {one.version: one.sha256 for one in list_versions(workspace, "value")}
    assert hashes[repeated.version] == hashes[first.version] != hashes[other.version]


def test_a_refit_knows_everything_and_carries_the_scores(
    workspace: Workspace, first: Trained, line: LineFamily, tmp_path: Path
) -> None:
    judged = version(workspace, first.version)
    made = refit_customers(workspace, line, judged)
    again = version(workspace, made.version)
    assert pd.Timestamp(again.tags["trained_until"]) == BEGIN + 10 * PERIOD
    assert (again.tags["refit_of"], again.tags["config"]) == (str(first.version), judged.tags["config"])
    assert dict(again.metrics) == dict(judged.metrics)
    assert (evaluation(workspace, again, tmp_path) / EVALUATION).is_file()
    assert refit_customers(workspace, line, judged).version == refit_customers(workspace, line, again).version
    assert refit_customers(workspace, line, again).version == made.version


def test_what_serves_is_loaded_with_its_settings(
    workspace: Workspace, first: Trained, line: LineFamily, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("training.customers.kept.family", lambda _name: line)
    assert serving_version(Workspace(tmp_path), "value") is None
    promote(workspace, "value", first.version)
    found = serving_version(workspace, "value")
    assert found is not None
    assert (found.version, found.config) == (first.version, LineConfig())
    asked = line.asked(Lake(workspace.lake), workspace.territory(), found.config, BEGIN + 10 * PERIOD)
    assert list(found.model.predict(asked).columns) == list(line.says)


def test_a_damaged_artifact_is_named(line: LineFamily, tmp_path: Path) -> None:
    line_model = line.fit(line.cases(_lake(tmp_path), TerritorySettings(), LineConfig()), LineConfig(), BEGIN)
    save_version(line, line_model, LineConfig(), tmp_path / "model")
    assert load_version(line, tmp_path / "model")[0] == line_model
    (tmp_path / "model" / "model.json").write_text("{}")
    with pytest.raises(ModelError, match="not readable as a value model"):
        load_version(line, tmp_path / "model")
    (tmp_path / "model" / "family.json").write_text('{"family": "anomaly", "config": {}}')
    with pytest.raises(ModelError, match="of the model anomaly, not of value"):
        load_settings_of(line, tmp_path / "model")


def test_cases_are_made_once_until_the_lake_holds_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A lake like no other of this process: what an equal one holds has been made already.
    lake, line, made = _lake(tmp_path, seed=99), LineFamily(), []
    making = LineFamily.cases
    monkeypatch.setattr(LineFamily, "cases", lambda *given: made.append(given[3]) or making(*given))
    first = read_cases(line, lake, TerritorySettings(), LineConfig())
    assert read_cases(line, lake, TerritorySettings(), LineConfig()) is first
    other = read_cases(line, lake, TerritorySettings(), LineConfig(ridge=3.0))
    assert read_cases(line, lake, TerritorySettings(), LineConfig(ridge=3.0)) is other
    assert made == [LineConfig(), LineConfig(ridge=3.0)]
    fill_lake(lake, first=10, periods=1)
    assert len(read_cases(line, lake, TerritorySettings(), LineConfig()).rows) > len(first.rows)


def _lake(folder: Path, seed: int = 3) -> Lake:
    lake = Lake(folder / "lake")
    fill_lake(lake, seed=seed)
    return lake


def test_where_nothing_can_be_held_out_there_are_no_scores(line: LineFamily, tmp_path: Path) -> None:
    short = Workspace(tmp_path)
    fill_lake(Lake(short.lake), periods=3)
    made = train_customers(short, line, LineConfig())
    assert made.metrics == {}
    assert version(short, made.version).tags["trained_until"] == (BEGIN + 3 * PERIOD).isoformat()
    assert refit_customers(short, line, version(short, made.version)).version == made.version


def test_too_few_cases_and_an_empty_lake_are_said(line: LineFamily, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no use of customers"):
        train_customers(Workspace(tmp_path / "empty"), line, LineConfig())
    few = Workspace(tmp_path / "few")
    fill_lake(Lake(few.lake), customers=3)
    with pytest.raises(ModelError, match="too few"):
        train_customers(few, line, LineConfig())
    assert list_versions(few) == []


def test_unknown_families_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=", ".join(NAMES)):
        family("weather")


@given(
    gaps=st.lists(st.integers(1, 200), min_size=1, max_size=12),
    horizon=st.integers(1, 500),
    origins=st.integers(0, 6),
)
def test_holding_out_is_out_of_time_whatever_the_origins(gaps: list[int], horizon: int, origins: int) -> None:
    moments = BEGIN + pd.to_timedelta(np.cumsum(gaps), unit="D")
    rows = pd.DataFrame({"origin": moments, "known_at": moments + pd.Timedelta(days=horizon), "customer_id": "C"})
    cases = Cases(rows, pd.DataFrame({"x": np.arange(len(rows), dtype=float)}), {})
    split = hold_out(cases, origins)
    assert split.origins <= origins
    assert (split.training.rows["known_at"] <= split.trained_until).all()
    if split.origins:
        assert (split.held_out.rows["origin"] >= split.trained_until).all()
        assert split.held_out.rows["origin"].nunique() == split.origins
        assert len(split.training.rows) > 0
    else:
        assert (len(split.training.rows), split.trained_until) == (len(rows), data_end(cases))
        # Nothing could be held out: no outcome but the last ones was known when the newest origin came.
        assert origins == 0 or (rows["known_at"] > moments[-1]).all()
