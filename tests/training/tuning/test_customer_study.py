"""Tuning of customer models: folds that know their own past only, and the same study from the same cases."""

from pathlib import Path

import pytest

from features.errors import ConfigError, ModelError
from features.lake import Lake
from features.workspace import TerritorySettings, Workspace
from tests.customer_family import BEGIN, PERIOD, LineConfig, LineFamily, fill_lake
from training.customers.cases import Cases
from training.tuning import (
    CustomerSpace,
    CustomerTuning,
    Dimension,
    TuningRun,
    tags_of,
    tune_customers,
    tune_stored_customers,
)
from training.tuning.customers import CustomerObjective, folds_of

SPACE = CustomerSpace(parameters={"shift": Dimension(low=-0.3, high=0.3)}, study=CustomerTuning(folds=3))
UNTIL = BEGIN + 8 * PERIOD


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("tuning"))
    fill_lake(Lake(workspace.lake))
    return workspace


@pytest.fixture(scope="module")
def cases(workspace: Workspace) -> Cases:
    return LineFamily().cases(Lake(workspace.lake), TerritorySettings(), LineConfig())


def test_a_fold_learns_from_what_was_known_at_its_origin_and_ends_before_the_held_out_days(cases: Cases) -> None:
    folds = folds_of(cases, UNTIL, SPACE.study)
    assert [one.trained_until for one in folds] == [BEGIN + place * PERIOD for place in (3, 5, 7)]
    for one in folds:
        assert (one.training.rows["known_at"] <= one.trained_until).all()
        assert (one.scored.rows["origin"] == one.trained_until).all()
        assert (one.scored.rows["known_at"] <= UNTIL).all()


def test_a_short_history_is_folded_by_customers(cases: Cases) -> None:
    early = BEGIN + 3 * PERIOD
    folds = folds_of(cases, early, SPACE.study)
    assert len(folds) == 3
    for one in folds:
        assert not set(one.training.rows["customer_id"]) & set(one.scored.rows["customer_id"])
        assert (one.training.rows["known_at"] <= early).all()
    scored = [customer for one in folds for customer in one.scored.rows["customer_id"]]
    assert sorted(scored) == sorted(set(cases.rows["customer_id"]))
    with pytest.raises(ModelError, match="too few to tune on"):
        folds_of(cases, BEGIN, SPACE.study)


def test_the_settings_as_they_were_score_one_and_a_mistake_more(cases: Cases) -> None:
    objective = CustomerObjective(LineFamily(), cases, LineConfig(), UNTIL, SPACE.study)
    for fold in range(objective.folds):
        assert objective.score(LineConfig(), fold) == 1.0
        assert objective.score(LineConfig(shift=0.2), fold) > 1.1
        assert objective.score(LineConfig(learn=False), fold) > 1.1


def test_a_study_finds_its_way_back_and_is_the_same_wherever_it_runs(workspace: Workspace, tmp_path: Path) -> None:
    family, begun = LineFamily(), LineConfig(shift=0.2)
    runs = [
        tune_stored_customers(workspace, family, begun, SPACE, TuningRun(8, storage=tmp_path / place), 2)
        for place in ("a.journal", "b.journal")
    ]
    assert runs[0].params == runs[1].params
    assert runs[0].study_name == runs[1].study_name
    assert runs[0].default_value == 1.0
    assert runs[0].value < 0.9
    assert abs(runs[0].config.model_dump()["shift"]) < 0.15
    assert tags_of(runs[0]) == {"study": runs[0].study_name, "tuned_until": UNTIL.isoformat()}
    # What every fit of a study was given was known before the held-out origins.
    assert all(until < UNTIL and (seen.rows["known_at"] <= until).all() for seen, until in family.seen)


def test_other_cases_are_another_study_and_later_ones_are_not(cases: Cases, tmp_path: Path) -> None:
    run = TuningRun(1, storage=tmp_path / "s.journal")
    known = tune_customers(LineFamily(), cases, LineConfig(), SPACE, UNTIL, run).study_name
    fewer = cases.known(UNTIL)
    assert tune_customers(LineFamily(), fewer, LineConfig(), SPACE, UNTIL, run).study_name == known
    changed = Cases(fewer.rows.assign(next_kwh=fewer.rows["next_kwh"] * 1.01), fewer.features, fewer.context)
    assert tune_customers(LineFamily(), changed, LineConfig(), SPACE, UNTIL, run).study_name != known


def test_what_cannot_be_tuned_is_said(workspace: Workspace, tmp_path: Path) -> None:
    run = TuningRun(1, storage=tmp_path / "s.journal")
    wrong = SPACE.model_copy(update={"parameters": {"depth": Dimension(low=1, high=3)}})
    with pytest.raises(ConfigError, match="has no depth"):
        tune_stored_customers(workspace, LineFamily(), LineConfig(), wrong, run, 2)
    short = Workspace(tmp_path)
    fill_lake(Lake(short.lake), periods=3)
    with pytest.raises(ModelError, match="needs an origin to hold out"):
        tune_stored_customers(short, LineFamily(), LineConfig(), SPACE, run, 2)
