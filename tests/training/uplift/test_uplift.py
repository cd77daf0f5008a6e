"""Uplift: what is planted is found, what is not there is not claimed, and only what sorts customers serves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.configs import config_path
from features.errors import ModelError
from features.settings import load_settings
from features.workspace import Workspace
from training.registry import champion, list_versions, promotions
from training.uplift import TreesConfig, Trial, UpliftConfig, UpliftModel, serving_models, train_uplift
from training.uplift.learner import Judged
from training.uplift.qini import qini, qini_curve

# Models are fitted fold after fold.
pytestmark = pytest.mark.slow

SHARE = 0.855
QUICK = UpliftConfig(
    folds=5, outcome=TreesConfig(rounds=25), effect=TreesConfig(rounds=40, leaves=3, min_leaf_rows=80, l2=50), draws=300
)


def trial(count: int = 2500, spread: float = 0.2, seed: int = 0, base: float = 0.05) -> Trial:
    """Half the customers gain `spread` by an offer, the others nothing: by feature x1, and x0 says who takes it."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(rng.normal(size=(count, 6)), columns=[f"x{k}" for k in range(6)])
    treated = rng.random(count) < SHARE
    alone = np.clip(base * np.exp(0.5 * features["x0"].to_numpy()), 0, 0.5)
    adds = np.where(features["x1"] > 0, spread, 0.0)
    success = (rng.random(count) < alone + adds * treated).astype(float)
    persons = np.array([f"P{k}" for k in range(count)], dtype=object)
    return Trial("e_bill", features, treated, success, persons, SHARE, pd.Timestamp("2026-06-01", tz="UTC"))


@pytest.fixture(scope="module")
def found() -> UpliftModel:
    return UpliftModel.fit(trial(), QUICK)[0]


def test_the_shipped_settings_are_the_defaults_written_out() -> None:
    assert load_settings(UpliftConfig, config_path("uplift.yaml")) == UpliftConfig()


def test_what_is_planted_is_found(found: UpliftModel) -> None:
    assert found.ships
    assert found.qini.low > 0
    assert "is used" in found.said
    asked = pd.DataFrame({"x1": [2.0, -2.0], "x0": 0.0})
    gains, nothing = found.predict(asked)
    assert gains - nothing > 0.03
    assert found.average == pytest.approx(0.1, abs=0.04)
    assert found.gains()["effect"].idxmax() == "x1"


def test_where_all_gain_alike_it_is_not_claimed() -> None:
    flat = trial(2000, seed=4)
    success = flat.success * 0 + (np.random.default_rng(1).random(2000) < 0.05 + 0.2 * flat.treated)
    model, _ = UpliftModel.fit(replace(flat, success=success), QUICK)
    assert not model.ships
    assert "propensity score of e_bill stays" in model.said


def test_few_persons_are_refused_in_words() -> None:
    with pytest.raises(ModelError, match=r"held out.*propensity score stays"):
        UpliftModel.fit(trial(300), QUICK)


def test_nobody_taking_it_is_refused() -> None:
    few = trial(2000)
    with pytest.raises(ModelError, match="10 successes"):
        UpliftModel.fit(replace(few, success=(np.arange(2000) < 10) * 1.0), QUICK)


def test_a_trial_is_checked() -> None:
    whole = trial(100)
    with pytest.raises(ModelError, match="neither success nor none"):
        replace(whole, success=np.full(100, np.nan))
    with pytest.raises(ModelError, match="nobody is held out"):
        replace(whole, sent_share=1.0)
    with pytest.raises(ModelError, match="different lengths"):
        replace(whole, treated=whole.treated[:-1])


def test_what_is_told_is_a_probability_and_goes_by_name(found: UpliftModel) -> None:
    asked = trial(500, seed=9).features
    told = found.predict(asked)
    assert ((told >= 0) & (told <= 1)).all()
    assert np.array_equal(told, found.predict(asked[asked.columns[::-1]].assign(more=1.0)))
    assert np.isfinite(found.predict(asked[["x3"]])).all()


def test_it_comes_back_as_it_was_saved(found: UpliftModel, tmp_path: Path) -> None:
    found.save(tmp_path / "model")
    back = UpliftModel.load(tmp_path / "model")
    asked = trial(200, seed=3).features
    assert np.array_equal(back.predict(asked), found.predict(asked))
    assert (back.qini, back.columns, back.until, back.config) == (found.qini, found.columns, found.until, found.config)
    (tmp_path / "model" / "manifest.json").write_text("{}")
    with pytest.raises(ModelError, match="not a model of uplift"):
        UpliftModel.load(tmp_path / "model")


def test_the_same_contacts_give_the_same_model(found: UpliftModel) -> None:
    again = UpliftModel.fit(trial(), QUICK)[0]
    assert again.effect.text == found.effect.text
    assert again.qini == found.qini


def judged(count: int, seed: int) -> Judged:
    """Draws that say nothing of each other."""
    rng = np.random.default_rng(seed)
    return Judged(
        np.round(rng.normal(size=count), 1), rng.normal(size=count), rng.integers(2, 5, count), np.arange(count)
    )


def test_the_coefficient_is_the_area_of_the_curve_over_lot() -> None:
    some = replace(judged(400, 1), told=np.random.default_rng(2).permutation(400).astype(float), folds=np.full(400, 2))
    curve = qini_curve(some, points=400)
    area = np.trapezoid(curve["gain"] - curve["by_lot"], curve["share"])
    assert qini(some, 100, 0.95).coefficient == pytest.approx(area, abs=2e-3)


def test_those_told_alike_are_not_sorted() -> None:
    some = replace(judged(300, 3), told=np.zeros(300))
    found = qini(some, 100, 0.95)
    assert found.coefficient == pytest.approx(0, abs=1e-12)
    assert found.low == pytest.approx(0, abs=1e-12)


def test_sorting_the_wrong_way_round_is_below_zero() -> None:
    some = judged(600, 4)
    right, wrong = replace(some, told=some.pseudo), replace(some, told=-some.pseudo)
    assert qini(right, 100, 0.95).low > 0 > qini(wrong, 100, 0.95).high
    assert qini(right, 100, 0.95).coefficient == pytest.approx(-qini(wrong, 100, 0.95).coefficient)


def test_accounts_of_a_person_are_drawn_together() -> None:
    some = replace(judged(300, 5), told=np.random.default_rng(6).normal(size=300))
    twice = Judged(*(np.repeat(one, 2) for one in (some.told, some.pseudo, some.folds, some.persons)))
    once, both = qini(some, 400, 0.95), qini(twice, 400, 0.95)
    assert both.coefficient == pytest.approx(once.coefficient)
    assert both.high - both.low == pytest.approx(once.high - once.low, rel=0.15)


def test_what_sorts_serves_and_what_no_longer_does_is_withdrawn(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    assert serving_models(workspace, ["e_bill", "autopay"]) == {}
    first = train_uplift(workspace, trial(), QUICK)
    assert first.ships
    assert first.trained.version == 1
    assert first.trained.metrics["qini_low"] > 0
    assert train_uplift(workspace, trial(), QUICK).trained.reused
    model, version = serving_models(workspace, ["e_bill", "autopay"])["e_bill"]
    assert version == 1
    assert model.ships
    flat = trial(2000, spread=0.0, base=0.2, seed=5)
    second = train_uplift(workspace, flat, QUICK)
    assert not second.ships
    assert second.said.endswith("stays.")
    assert serving_models(workspace, ["e_bill"]) == {}
    assert [one.details["reason"] for one in promotions(workspace, "uplift-e_bill")] == ["QINI", "WITHDRAWN"]


def test_what_never_sorted_is_kept_and_does_not_serve(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    made = train_uplift(workspace, trial(2000, spread=0.0, base=0.2, seed=5), QUICK)
    assert not made.ships
    assert champion(workspace, "uplift-e_bill") is None
    assert [one.tags["ships"] for one in list_versions(workspace, "uplift-e_bill")] == ["false"]
