"""Scenarios start from today's weather and end as the season's; quantiles cover what comes; nothing is foreseen."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.errors import ModelError
from features.load.grid import Grid
from training.outlook import (
    MemberConfig,
    OutlookConfig,
    ScenarioConfig,
    TermsConfig,
    enough_history,
    least_days,
    outlook_quantiles,
)
from training.outlook.climate import temperature_scenarios
from training.outlook.quantiles import Errors, mixture
from training.outlook.terms import PAD_HOURS

# Models of months ahead are fitted.
pytestmark = pytest.mark.slow

START = pd.Timestamp("2020-01-01", tz="UTC")
LEVELS = (0.1, 0.5, 0.9)
CONFIG = OutlookConfig(
    terms=TermsConfig(lags=(3,), half_lives=(), year_end=False),
    members=(MemberConfig(stations=1),),
    scenarios=ScenarioConfig(residual_months=3, shift_days=(-10, 0, 10)),
)
ISSUE = START + pd.Timedelta(days=3 * 365 - 28)
HOURS = 28 * 24


def ahead(world: SimpleNamespace, loads: Grid | None = None, weather: Grid | None = None) -> np.ndarray:
    return outlook_quantiles(
        loads or world.loads, weather or world.weather, world.calendar, ISSUE, HOURS, LEVELS, CONFIG
    )


def test_most_hours_fall_between_the_outer_quantiles(world: SimpleNamespace) -> None:
    found = ahead(world)
    assert found.shape == (2, HOURS, 3)
    assert (np.diff(found, axis=2) >= 0).all()
    actual = world.loads.values[:, -HOURS:]
    inside = (actual >= found[:, :, 0]) & (actual <= found[:, :, 2])
    assert inside.mean() > 0.6


def test_nothing_from_the_issue_on_is_used(world: SimpleNamespace) -> None:
    loads, weather = world.loads.values.copy(), world.weather.values.copy()
    loads[:, -HOURS:], weather[:, -HOURS:] = 1e6, -99.0
    changed = ahead(world, replace(world.loads, values=loads), replace(world.weather, values=weather))
    assert np.array_equal(ahead(world), changed)


def test_temperature_that_is_given_is_followed(world: SimpleNamespace) -> None:
    asked = (world.calendar, ISSUE, HOURS, LEVELS, CONFIG)
    found = outlook_quantiles(world.loads, world.weather, *asked, coming=world.weather)
    quiet = world.quiet_kw[:, -HOURS:]
    assert np.abs(found[:, :, 1] / quiet - 1).mean() < 0.03
    unknown = ahead(world)
    assert np.ptp(found, axis=2).mean() < 0.5 * np.ptp(unknown, axis=2).mean()
    warmer = replace(world.weather, values=world.weather.values + 3.0)
    assert not np.array_equal(found, outlook_quantiles(world.loads, world.weather, *asked, coming=warmer))


def test_only_nodes_with_enough_behind_them_are_ready(world: SimpleNamespace) -> None:
    values = np.repeat(world.loads.values[:1], 3, axis=0)
    values[1, : -200 * 24] = np.nan  # began two hundred days ago
    values[2, -200 * 24 :] = np.nan  # fell silent then
    assert enough_history(replace(world.loads, ids=("a", "b", "c"), values=values), CONFIG).tolist() == [
        True,
        True,
        False,
    ]
    values[1, : -100 * 24] = np.nan
    assert not enough_history(replace(world.loads, ids=("a", "b", "c"), values=values), CONFIG)[1]
    short = replace(world.loads, values=world.loads.values[:, : (least_days(CONFIG) - 1) * 24])
    with pytest.raises(ModelError, match="it takes 456"):
        enough_history(short, CONFIG)


def test_under_a_year_of_load_is_refused(world: SimpleNamespace) -> None:
    late = replace(world.loads, start=ISSUE - pd.Timedelta(days=300), values=world.loads.values[:, -HOURS - 300 * 24 :])
    with pytest.raises(ModelError, match="300 days of load are too few"):
        ahead(world, late)


def test_scenarios_remember_a_warm_spell_and_forget_it(fading: Callable[..., np.ndarray]) -> None:
    rng = np.random.default_rng(8)
    hours = 8 * 8766
    values = 12 + 4 * fading(rng, hours, 60.0)[None]
    values[0, -48:] = 26.0
    weather = Grid(("one",), START, 60, values)
    issue = START + pd.Timedelta(hours=hours)
    plain, tied = (
        temperature_scenarios(weather, Calendar(), issue, 600, ScenarioConfig(memory_hours=memory))[:, 0, PAD_HOURS:]
        for memory in (0, 240)
    )
    rise = (tied - plain).mean(axis=0)
    assert rise[:6].mean() > 6.0
    assert np.abs(rise[200:240]).mean() < 2.0
    assert not rise[240:].any()
    assert tied[:, 0].std() < 0.5 * plain[:, 0].std()


def test_scenarios_need_a_year() -> None:
    weather = Grid(("one",), START, 60, np.full((1, 200 * 24), 10.0))
    with pytest.raises(ModelError, match="200 days of temperature"):
        temperature_scenarios(weather, Calendar(), weather.end, 100, ScenarioConfig())


def test_the_mixture_of_two_normals_has_their_joint_spread() -> None:
    rng = np.random.default_rng(5)
    scenarios = rng.normal(0.0, 3.0, size=(1, 400, 24))
    errors = Errors(rng.normal(1.0, 4.0, size=(1, 24 * 300)), np.tile(np.arange(24), 300), np.array([False]))
    levels = (0.1587, 0.5, 0.8413)
    plain = mixture(scenarios, np.arange(24), errors, levels, 0.0)[0].mean(axis=0)
    assert plain == pytest.approx([-5.0, 0.0, 5.0], abs=0.4)
    lifted = mixture(scenarios, np.arange(24), errors, levels, 1.0)[0].mean(axis=0)
    assert lifted - plain == pytest.approx(np.full(3, errors.values.mean()), abs=1e-9)
