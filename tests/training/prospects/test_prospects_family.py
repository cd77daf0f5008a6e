"""The prospects family from a lake on: cases know nothing of later, the model answers, and comes back as it was."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.configs import config_path
from features.demo import DemoConfig, Territory, simulate
from features.errors import NotFoundError
from features.lake import Lake
from features.settings import load_settings
from features.workspace import TerritorySettings
from training.customers.cases import Cases
from training.prospects import PROSPECTS, ProspectsConfig, ProspectsModel
from training.prospects.outcomes import HEADS
from training.tabular import BoosterConfig, ForestConfig, NetworkConfig, TabularConfig
from training.tuning.space import Space

TINY = TabularConfig(
    folds=2,
    booster=BoosterConfig(rounds=10, leaves=4, min_leaf_rows=10, feature_share=0.5),
    forest=ForestConfig(copies=0),
    network=NetworkConfig(copies=0),
)
QUICK = ProspectsConfig(origin_step_months=6, least_cases=8, classifier=TINY)
SETTINGS = TerritorySettings()


@pytest.fixture(scope="module")
def village() -> Territory:
    return simulate(
        DemoConfig(substations=1, feeders=2, areas=6, customers=250, years=3, customer_years=3, weather_stations=1)
    )


@pytest.fixture(scope="module")
def lake(village: Territory, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("village") / "lake")
    for name in ("org_unit", "node", "customer", "meter", "consumption", "application", "work_order"):
        lake.append(name, village.frame(name), "first")
    return lake


@pytest.fixture(scope="module")
def cases(lake: Lake) -> Cases:
    return PROSPECTS.cases(lake, SETTINGS, QUICK)


@pytest.fixture(scope="module")
def model(cases: Cases) -> ProspectsModel:
    return PROSPECTS.fit(cases, QUICK, cases.rows["known_at"].max())


def test_origins_have_a_year_before_and_after(cases: Cases, village: Territory) -> None:
    origins = cases.origins()
    assert origins[0] >= village.days.utc(village.customers.first_day) + pd.Timedelta(days=364)
    assert origins[-1] <= village.end - pd.Timedelta(days=365)
    assert (cases.rows["known_at"] > cases.rows["origin"] + pd.Timedelta(days=364)).all()
    assert cases.rows[list(HEADS)].isin([0.0, 1.0]).all().all()


def test_what_is_asked_is_what_a_case_had(lake: Lake, cases: Cases) -> None:
    origin = cases.origins()[-1]
    asked, then = (
        PROSPECTS.asked(lake, SETTINGS, QUICK, origin),
        cases.take((cases.rows["origin"] == origin).to_numpy()),
    )
    pd.testing.assert_frame_equal(asked.features, then.features)
    assert asked.rows[list(HEADS)].isna().all().all()


def test_nothing_known_later_changes_a_case(lake: Lake, cases: Cases) -> None:
    origin = cases.origins()[-1]
    known = origin + pd.Timedelta(days=368)
    earlier = PROSPECTS.cases(lake, SETTINGS, QUICK, as_of=known)
    assert earlier.rows["known_at"].max() <= known
    pick = (cases.rows["origin"] == origin).to_numpy()
    again = earlier.take((earlier.rows["origin"] == origin).to_numpy())
    if len(again.rows):
        pd.testing.assert_frame_equal(cases.take(pick).rows, again.rows)


def test_it_says_three_probabilities_of_everybody(model: ProspectsModel, cases: Cases) -> None:
    told = model.predict(cases)
    assert list(told) == list(PROSPECTS.says)
    assert told.to_numpy().min() >= 0
    assert told.to_numpy().max() <= 1
    assert PROSPECTS.losses(model, cases).notna().all()
    scores = PROSPECTS.scores(model, cases)
    assert scores["loss"] <= scores["naive_loss"] + 1e-6
    assert {"more_capacity_lift", "electrify_auc", "naive_leave_auc"} <= set(scores)


def test_too_few_who_had_it_give_base_rates_that_say_so(cases: Cases) -> None:
    model = PROSPECTS.fit(cases, QUICK.model_copy(update={"least_cases": 10_000}), cases.rows["known_at"].max())
    assert not model.heads
    assert len(model.notes) == 3
    assert "base rate" in model.notes[0]
    pd.testing.assert_frame_equal(model.predict(cases), model.base(cases))


def test_it_comes_back_from_disk_as_it_was(model: ProspectsModel, cases: Cases, tmp_path: Path) -> None:
    model.save(tmp_path / "kept")
    again = PROSPECTS.load(tmp_path / "kept")
    assert again.trained_until == model.trained_until
    np.testing.assert_allclose(again.predict(cases), model.predict(cases), rtol=0, atol=1e-9)


def test_attributes_of_other_systems_are_features(lake: Lake, cases: Cases, tmp_path: Path) -> None:
    origin = cases.origins()[-1]
    more = Lake(tmp_path / "lake")
    for name in ("node", "customer", "meter", "consumption"):
        more.append(name, lake.read(name), "first")
    row = {"customer_id": cases.rows["customer_id"].iloc[0], "attribute": "margin", "value_number": 3.0}
    times = {"observed_at": origin - pd.Timedelta(days=9), "available_at": origin - pd.Timedelta(days=8)}
    more.append("customer_attribute", pd.DataFrame([row | {"value_text": None} | times]), "first")
    asked = PROSPECTS.asked(more, SETTINGS, QUICK, origin)
    assert asked.features["attribute_margin"].sum() == 3.0


def test_a_lake_without_use_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="consumption"):
        PROSPECTS.cases(Lake(tmp_path / "empty"), SETTINGS, QUICK)


def test_the_shipped_settings_are_the_defaults_and_the_space_is_valid() -> None:
    assert load_settings(ProspectsConfig, config_path(PROSPECTS.config_file)) == ProspectsConfig()
    import yaml

    space = yaml.safe_load(config_path(PROSPECTS.space_file).read_text(encoding="utf-8"))
    assert Space.model_validate({"parameters": space["parameters"]}).defaults(ProspectsConfig())
