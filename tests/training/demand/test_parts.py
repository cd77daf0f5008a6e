"""Each stage taken apart gives back that stage, before anything that is left over could be put into a group."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.load.groups import CALENDAR, EVENTS, GROUPS, LEVEL, RECENT_RESIDUAL, WEATHER
from features.load.history import History
from features.load.issue import build_features, special_targets
from features.load.terms import PAD_HOURS
from training.demand import DemandConfig, DemandModel
from training.demand.assembly import Assembler, Issue
from training.demand.explain import Explainer
from training.demand.linear import EXPONENTS, LinearStage
from training.demand.parts import linear_parts

# Models are fitted to be taken apart.
pytestmark = pytest.mark.slow

WEEK, HOURS = 7 * 24, 48
FIRST = pd.Timestamp("2023-06-01", tz="UTC")


Fitted = tuple[DemandModel, History]


def fit(history: History, quick: DemandConfig) -> Fitted:
    few = quick.booster.model_copy(update={"rounds": 12, "max_rows": 4000})
    return DemandModel.fit(history, quick.model_copy(update={"booster": few})), history


@pytest.fixture(scope="module")
def logged(history_of: Callable[..., History], quick: DemandConfig) -> Fitted:
    """Nodes whose logarithm is modelled."""
    model, history = fit(history_of(nodes=2, days=110), quick)
    assert model.stage.logged.all()
    return model, history


@pytest.fixture(scope="module")
def exporting(history_of: Callable[..., History], quick: DemandConfig) -> Fitted:
    """Nodes that export at times and are modelled in units."""
    model, history = fit(history_of(nodes=2, days=110, offset_kw=180.0), quick)
    assert not model.stage.logged.any()
    return model, history


@pytest.fixture(params=["logged", "exporting"])
def fitted(request: pytest.FixtureRequest) -> Fitted:
    found: Fitted = request.getfixturevalue(request.param)
    return found


def taken_apart(stage: LinearStage, history: History, warmer: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Parts and forecast of the linear stage over a week and two days, at 25 degC that turn `warmer` after the week."""
    local = history.calendar.local(pd.date_range(FIRST, periods=WEEK + HOURS, freq="h"))
    days = history.calendar.days(local)
    swing = 4 * np.sin(2 * np.pi * np.arange(PAD_HOURS + WEEK + HOURS) / 24)
    temperature = (25.0 + swing)[None]
    temperature[:, PAD_HOURS + WEEK :] += warmer
    rows = np.arange(len(stage.node_ids))
    parts = linear_parts(stage, rows, local, days, temperature, 1, WEEK)
    start = FIRST - pd.Timedelta(hours=PAD_HOURS)
    return parts, stage.predict_kw(rows, start, 60, temperature, history.calendar)


def test_trees_and_linear_stage_taken_apart_give_the_raw_median(fitted: Fitted) -> None:
    model, history = fitted
    issue = Issue(history.as_of - pd.Timedelta(days=4), np.arange(HOURS))
    assembler = Assembler(history, model.stage, actual_weather=True)
    window = assembler.weather(issue)
    inputs = assembler.inputs_under(issue, window)
    features, scale = build_features(inputs)
    linear = assembler.linear_parts(issue, window, np.arange(2)) * inputs.recentring[:, None, None]
    np.testing.assert_allclose(linear.sum(axis=-1), inputs.future_linear_kw, rtol=1e-9, atol=1e-9)
    told = Explainer(model.booster, model.weather_variables).parts(features, scale, linear, special_targets(inputs))
    flat = features.reshape(-1, features.shape[-1])
    raw = model.booster.predict_kw(flat, np.repeat(scale, HOURS), inputs.future_linear_kw.reshape(-1))
    median = raw[:, model.config.levels.index(0.5)].reshape(2, HOURS)
    np.testing.assert_allclose(told.sum(axis=-1), median, rtol=1e-7, atol=1e-6)


def test_what_warms_the_last_days_is_weather_and_nothing_else(fitted: Fitted) -> None:
    model, history = fitted
    (before, usual), (after, warm) = (taken_apart(model.stage, history, by) for by in (0.0, 8.0))
    moved = (after - before)[:, WEEK:]
    np.testing.assert_allclose(moved.sum(axis=-1), (warm - usual)[:, WEEK:], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moved[..., GROUPS.index(LEVEL)], 0.0, atol=1e-9 * np.abs(usual).max())
    if not model.stage.logged.any():  # an additive stage leaves every other group as it was
        for group in (CALENDAR, EVENTS, RECENT_RESIDUAL):
            np.testing.assert_allclose(moved[..., GROUPS.index(group)], 0.0, atol=1e-9 * np.abs(usual).max())
    hottest = np.abs(moved).mean(axis=(0, 1))
    assert GROUPS[int(hottest.argmax())] == WEATHER


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_an_exponent_that_is_cut_off_leaves_parts_that_add_up_and_stay_bounded(logged: Fitted, way: float) -> None:
    model, history = logged
    names = np.array(model.stage.names)
    wild = model.stage.coefficients.copy()
    wild[..., names == "temp_now"] = 40.0 * way
    stage = replace(model.stage, coefficients=wild)
    parts, kw = taken_apart(stage, history)
    bounds = np.exp(EXPONENTS) * stage.unit_kw[:, None]
    assert np.isclose(kw, bounds[:, [1 if way > 0 else 0]]).any(), "nothing was cut off"
    np.testing.assert_allclose(parts.sum(axis=-1), kw, rtol=1e-9, atol=1e-9 * bounds[:, 1].max())
    level = parts[..., GROUPS.index(LEVEL)]
    assert (level > 0.9 * bounds[:, [0]]).all()
    assert (level < 1.1 * bounds[:, [1]]).all()


def test_moves_are_cut_in_the_same_proportion(logged: Fitted) -> None:
    model, history = logged
    coefficients = np.zeros_like(model.stage.coefficients)
    names = list(model.stage.names)
    coefficients[..., names.index("holiday")] = 6.0
    coefficients[..., names.index("off")] = 2.0
    stage = replace(model.stage, coefficients=coefficients)
    # 2023-06-22 is a holiday on a Thursday: eight in the exponent, of which four are left.
    local = history.calendar.local(pd.date_range(pd.Timestamp("2023-06-14T16:00Z"), periods=WEEK + 24, freq="h"))
    days = history.calendar.days(local)
    parts = linear_parts(stage, np.arange(2), local, days, np.full((1, PAD_HOURS + len(local)), 20.0), 1, WEEK)
    weekend = 2.0 * 2 / 7  # what `off` is worth on average over the week before, which stands in the level
    ratio = np.exp(4.0) / np.exp(weekend)
    day = parts[:, WEEK:]
    np.testing.assert_allclose(
        day[..., GROUPS.index(LEVEL)], np.exp(weekend) * stage.unit_kw[:, None] + 0 * day[..., 0]
    )
    np.testing.assert_allclose(day.sum(axis=-1), np.exp(4.0) * stage.unit_kw[:, None] + 0 * day[..., 0])
    moves = {CALENDAR: -weekend, EVENTS: 8.0}
    mean = np.exp(weekend) * (ratio - 1) / np.log(ratio)
    for group, move in moves.items():
        expected = move * (4.0 - weekend) / (8.0 - weekend) * mean * stage.unit_kw[:, None]
        np.testing.assert_allclose(day[..., GROUPS.index(group)], expected + 0 * day[..., 0])
