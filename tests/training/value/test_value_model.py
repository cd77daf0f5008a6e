"""The value model: ordered quantiles, what ships and why, and an artifact that says the same again."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.configs import config_path
from features.errors import ModelError
from features.settings import load_settings
from training.customers.cases import Cases
from training.tuning.space import Space
from training.value import VALUE, ValueConfig
from training.value.config import HeadConfig
from training.value.ranges import held_out, pinball, with_common

QUICK = ValueConfig(heads=HeadConfig(rounds=40, leaves=6, min_leaf_rows=20))
UNTIL = pd.Timestamp("2024-06-01", tz="UTC")
VALUES = ["value_p10_cny", "value_p50_cny", "value_p90_cny"]

MakeCases = Callable[..., Cases]


def test_the_shipped_settings_are_those_of_the_code() -> None:
    assert load_settings(ValueConfig, config_path("value.yaml")) == ValueConfig()
    assert load_settings(ValueConfig, config_path("demo/value.yaml")).horizon_days == 90


@pytest.mark.parametrize("folder", ["", "demo/"])
def test_the_search_space_fits_the_settings(folder: str) -> None:
    import yaml

    told = yaml.safe_load(config_path(f"{folder}value.space.yaml").read_text(encoding="utf-8"))
    space = Space.model_validate({"parameters": told["parameters"]})
    space.checked(load_settings(ValueConfig, config_path(f"{folder}value.yaml")), "value.space.yaml")


def test_without_any_signal_last_period_ships(make_cases: MakeCases) -> None:
    cases = make_cases()
    model = VALUE.fit(cases, QUICK, UNTIL)
    told = model.predict(cases)
    assert model.rule == "last_period"
    assert model.check.reason.startswith("as last period")
    assert told["value_p50_cny"].to_numpy() == pytest.approx(told["value_last_cny"].to_numpy())
    assert VALUE.scores(model, cases)["rule_last_period"] == 1.0
    assert VALUE.scores(model, cases)["coverage"] == pytest.approx(0.8, abs=0.03)


def test_what_all_customers_share_is_no_signal(make_cases: MakeCases) -> None:
    model = VALUE.fit(make_cases(shared=0.4), QUICK, UNTIL)
    assert model.rule == "last_period"


def test_a_planted_signal_is_proven_and_ships(make_cases: MakeCases) -> None:
    cases = make_cases(signal=1.0)
    model = VALUE.fit(cases, QUICK, UNTIL)
    fresh = make_cases(signal=1.0, seed=6)
    scores = VALUE.scores(model, fresh)
    assert model.rule == "lightgbm"
    assert "90 days' change" in model.check.reason
    assert scores["mae_cny"] < 0.8 * scores["naive_mae_cny"]
    assert scores["loss"] < 0.8 * scores["naive_loss"]
    assert 0.72 < scores["coverage"] < 0.9


def test_where_outcomes_do_not_overlap_it_is_judged_by_whole_ones(make_cases: MakeCases) -> None:
    model = VALUE.fit(make_cases(signal=1.0, origins=3, gap=400), QUICK, UNTIL)
    assert model.rule == "lightgbm"
    assert "a year's change" in model.check.reason


def test_with_a_single_origin_nothing_is_proven(make_cases: MakeCases) -> None:
    model = VALUE.fit(make_cases(signal=1.0, origins=1), QUICK, UNTIL)
    assert model.rule == "last_period"
    assert "nothing is proven" in model.check.reason


@pytest.mark.parametrize("signal", [0.0, 1.0])
def test_quantiles_are_ordered_and_finite(make_cases: MakeCases, signal: float) -> None:
    told = VALUE.fit(make_cases(signal=signal), QUICK, UNTIL).predict(make_cases(signal=signal, seed=9))
    assert list(told.columns) == list(VALUE.says)
    assert np.isfinite(told.to_numpy()).all()
    assert (np.diff(told[VALUES].to_numpy(), axis=1) >= 0).all()


def test_accounts_too_new_are_told_nothing_of(make_cases: MakeCases) -> None:
    cases = make_cases()
    model = VALUE.fit(cases, QUICK, UNTIL)
    new = cases.take(np.arange(len(cases.rows)) < 3)
    new.context["size_cny"][0] = new.context["last_margin_cny"][0] = np.nan
    told = model.predict(new)
    assert told.loc[0, [*VALUES, "growth_share"]].isna().all()
    assert told.loc[1:, VALUES].notna().all(axis=None)


def test_few_cases_are_refused(make_cases: MakeCases) -> None:
    with pytest.raises(ModelError, match="300 cases"):
        VALUE.fit(make_cases(customers=50), QUICK, UNTIL)


@pytest.mark.parametrize("signal", [0.0, 1.0])
def test_saved_and_loaded_it_says_the_same(make_cases: MakeCases, tmp_path: Path, signal: float) -> None:
    cases = make_cases(signal=signal)
    model = VALUE.fit(cases, QUICK, UNTIL)
    model.save(tmp_path)
    again = VALUE.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(cases), model.predict(cases))
    assert again.trained_until == UNTIL
    record = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert (record["rule"], record["reason"]) == (model.rule, model.check.reason)
    assert record["annualised"] is False
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="is not a value model"):
        VALUE.load(tmp_path)


def test_held_out_customers_are_the_same_whatever_else_is_there() -> None:
    ids = np.array([f"K{one}" for one in range(2000)])
    out = held_out(ids, 0.3, 7)
    assert out.mean() == pytest.approx(0.3, abs=0.03)
    assert (held_out(ids[::-3], 0.3, 7) == out[::-3]).all()


def test_pinball_is_least_at_the_quantiles() -> None:
    actual = np.random.default_rng(1).standard_normal(4000)
    levels = (0.1, 0.5, 0.9)
    right = np.tile(np.quantile(actual, levels), (4000, 1))
    for off in (-0.2, 0.2):
        assert pinball(actual, right, levels).mean() < pinball(actual, right + off, levels).mean()


def test_what_all_do_together_is_added_to_what_each_does_alone() -> None:
    rng = np.random.default_rng(5)
    alone, together = rng.normal(0, 0.3, 100_000), rng.normal(0, 0.4, 100_000)
    levels = (0.1, 0.5, 0.9)
    told = with_common(np.quantile(alone, levels)[None, :], levels, 0.4)[0]
    assert told == pytest.approx(np.quantile(alone + together, levels), abs=0.01)
    quantiles = np.sort(rng.normal(size=(50, 3)), axis=1)
    assert with_common(quantiles, levels, 0.0) == pytest.approx(quantiles)
    wider = with_common(quantiles, levels, 0.1)
    assert (wider[:, 0] < quantiles[:, 0]).all()
    assert (wider[:, 1] == quantiles[:, 1]).all()
    assert (wider[:, 2] > quantiles[:, 2]).all()


def test_the_weather_foreseen_moves_the_margin_and_what_came_is_not_learnt(make_cases: MakeCases) -> None:
    cases = make_cases(signal=1.0)
    rng, size = np.random.default_rng(6), cases.context["size_cny"]
    came = 0.1 * rng.standard_normal(len(cases.rows))
    config = QUICK.model_copy(update={"common_sd": 0.0})
    moved = cases.rows.assign(
        value_cny=cases.rows["value_cny"] + config.weather_gain * came * size,
        check_change=cases.rows["check_change"] + config.weather_gain * came,
        weather_share=came,
        check_weather_share=came,
    )
    with_weather = VALUE.fit(replace(cases, rows=moved), config, UNTIL)
    assert with_weather.rule == "lightgbm"
    plain = with_weather.predict(cases)
    context = cases.context | {"weather_foreseen": np.full(len(size), 0.1)}
    mild = with_weather.predict(replace(cases, context=context))
    for name in ("value_p10_cny", "value_p50_cny", "value_p90_cny"):
        assert (mild[name] - plain[name]).to_numpy() == pytest.approx(0.1 * config.weather_gain * size)
    unsure = with_weather.predict(replace(cases, context=cases.context | {"weather_sd": np.full(len(size), 0.2)}))
    assert (unsure["value_p90_cny"] > plain["value_p90_cny"]).all()
    assert unsure["value_p50_cny"].to_numpy() == pytest.approx(plain["value_p50_cny"].to_numpy())
