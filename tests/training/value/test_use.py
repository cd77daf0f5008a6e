"""The forecast of use: levels that forgive what is unknown, seasons that come again, and no look ahead."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.behaviour import DailyUse
from features.clock import Calendar
from features.configs import config_path
from features.errors import ModelError
from features.settings import load_settings
from training.value.use import UseConfig, UseModel
from training.value.use.levels import LEVELS, Levels, levels_at, ordinary_days
from training.value.use.linear import least_absolute

CALENDAR = Calendar("Asia/Shanghai", "CN")
QUICK = UseConfig(rounds=30, bags=1, min_leaf_rows=20, origin_step_days=21)


def error(model: UseModel, use: DailyUse, known: DailyUse) -> float:
    """Sum of absolute errors over the sum of use, of the season after `known`."""
    end = known.kwh.shape[1]
    actual = use.kwh[:, end : end + model.config.horizon_days].astype(float).sum(axis=1)
    return float(np.abs(model.predict(known, CALENDAR) - actual).sum() / actual.sum())


def test_the_shipped_settings_are_those_of_the_code() -> None:
    assert load_settings(UseConfig, config_path("value.use.yaml")) == UseConfig()


def test_days_around_the_spring_festival_are_not_like_others() -> None:
    days = pd.date_range("2016-01-20", "2016-03-01", freq="D")
    ordinary = pd.Series(ordinary_days(CALENDAR, days), index=days)
    assert not ordinary["2016-01-27":"2016-02-22"].any()
    assert ordinary[:"2016-01-26"].all()
    assert ordinary["2016-02-23":].all()
    assert ordinary_days(Calendar("Asia/Shanghai", None), days).all()


def test_levels_are_finite_whatever_is_unknown(make_use: Callable[..., DailyUse]) -> None:
    use = make_use(customers=5, days=120)
    kwh = use.kwh.astype(float)
    kwh[0] = np.nan
    kwh[1, :60] = np.nan
    kwh[2, -30:] = np.nan
    kwh[3] = 0.0
    levels = levels_at(kwh, use.days, np.ones(120, dtype=bool))
    assert levels.features.shape == (5, len(Levels.names))
    assert np.isfinite(levels.features).all()
    assert levels.size[0] == levels.size[3] == 1.0
    steady = levels_at(np.full((1, 120), 50.0), use.days, np.ones(120, dtype=bool))
    assert steady.features[0, : len(LEVELS)] == pytest.approx(0.0)
    assert steady.size == pytest.approx(50.0)


def test_least_absolute_error_ignores_a_wild_tenth() -> None:
    rng = np.random.default_rng(3)
    levels = rng.lognormal(size=(400, 3))
    target = levels @ np.array([0.5, 0.2, 0.3])
    target[:40] += 50.0
    assert least_absolute(levels, target, np.ones(400)) == pytest.approx([0.5, 0.2, 0.3], abs=0.02)


def test_a_season_that_comes_every_year_is_expected_again(make_use: Callable[..., DailyUse]) -> None:
    use = make_use(season=0.4)
    known = use.until(pd.Timestamp("2016-06-01"))
    model = UseModel.fit(known, CALENDAR, QUICK)
    blind = replace(model, season_weight=0.0)
    certain = replace(model, season_weight=1.0)
    assert error(certain, use, known) < 0.5 * error(blind, use, known)


def test_without_a_year_behind_no_season_is_assumed(make_use: Callable[..., DailyUse]) -> None:
    known = make_use(days=300)
    model = UseModel.fit(known, CALENDAR, QUICK)
    assert model.season_weight == QUICK.season_weight
    assert model.predict(known, CALENDAR) == pytest.approx(replace(model, season_weight=0.0).predict(known, CALENDAR))


def test_nothing_later_than_what_is_known_counts(make_use: Callable[..., DailyUse]) -> None:
    use = make_use(days=400, walk=0.02)
    day = pd.Timestamp("2015-12-01")
    changed = use.kwh.copy()
    changed[:, (day - use.first_day).days :] *= 7.0
    one = UseModel.fit(use.until(day), CALENDAR, QUICK).predict(use.until(day), CALENDAR)
    other = replace(use, kwh=changed).until(day)
    assert (UseModel.fit(other, CALENDAR, QUICK).predict(other, CALENDAR) == one).all()


def test_days_before_anything_is_known_change_nothing(make_use: Callable[..., DailyUse]) -> None:
    use = make_use(days=300)
    empty = np.full((len(use.kwh), 90), np.nan, dtype=np.float32)
    longer = replace(use, kwh=np.hstack([empty, use.kwh]), first_day=use.first_day - pd.Timedelta(days=90))
    model = UseModel.fit(use, CALENDAR, QUICK)
    assert (UseModel.fit(longer, CALENDAR, QUICK).predict(longer, CALENDAR) == model.predict(use, CALENDAR)).all()


def test_saved_and_loaded_it_says_the_same(make_use: Callable[..., DailyUse], tmp_path: Path) -> None:
    use = make_use(customers=60, days=250)
    model = UseModel.fit(use, CALENDAR, QUICK)
    model.save(tmp_path / "use")
    assert (UseModel.load(tmp_path / "use").predict(use, CALENDAR) == model.predict(use, CALENDAR)).all()
    (tmp_path / "use" / "use-0.txt").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        UseModel.load(tmp_path / "use")


def test_too_short_a_history_is_refused(make_use: Callable[..., DailyUse]) -> None:
    with pytest.raises(ModelError, match="169 days"):
        UseModel.fit(make_use(days=150), CALENDAR, QUICK)
