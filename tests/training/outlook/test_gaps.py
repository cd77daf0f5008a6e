"""Unknown hours are filled from actual temperature; known ones stay as they are."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.errors import ModelError
from features.load.grid import Grid
from training.outlook import GapConfig, MemberConfig, OutlookConfig, TermsConfig, fill_unknown
from training.outlook.terms import dated_terms

TERMS = TermsConfig(lags=(3,), half_lives=(), year_end=False)
MEMBERS = (MemberConfig(stations=1), MemberConfig(stations=1, logged=False))
BOTH = OutlookConfig(terms=TERMS, members=MEMBERS)
ALONE = OutlookConfig(terms=TERMS, members=MEMBERS[:1], gaps=GapConfig(reach_days=0))


def blanked(world: SimpleNamespace, *stretches: slice) -> Grid:
    values = world.loads.values.copy()
    for stretch in stretches:
        values[:, stretch] = np.nan
    return replace(world.loads, values=values)


def test_gaps_and_the_week_after_the_end_come_close_to_the_quiet_load(world: SimpleNamespace) -> None:
    gaps = (slice(9000, 9168), slice(17000, 17168), slice(world.loads.values.shape[1] - 168, None))
    loads = blanked(world, *gaps)
    filled = fill_unknown(loads, world.weather, world.calendar, BOTH)
    for gap in gaps:
        error = filled.values[:, gap] / world.quiet_kw[:, gap] - 1
        assert np.sqrt((error**2).mean()) < 0.02
    known = np.isfinite(loads.values)
    assert np.array_equal(filled.values[known], loads.values[known])


def test_what_is_hidden_makes_no_difference(world: SimpleNamespace) -> None:
    loads = blanked(world, slice(-168, None))
    shorter = replace(loads, values=loads.values[:, :-168])
    padded = replace(loads, values=np.pad(shorter.values, ((0, 0), (0, 168)), constant_values=np.nan))
    one = fill_unknown(loads, world.weather, world.calendar, ALONE)
    other = fill_unknown(padded, world.weather, world.calendar, ALONE)
    assert np.array_equal(one.values, other.values)


def test_a_node_that_runs_off_its_model_is_followed_into_the_gap(world: SimpleNamespace) -> None:
    values = world.loads.values.copy()
    values[0, 20000:] *= 1.2
    truth = values[0, 21000:21168].copy()
    values[:, 21000:21168] = np.nan
    loads = replace(world.loads, values=values)
    errors = []
    for reach in (0, 30):
        config = ALONE.model_copy(update={"gaps": GapConfig(reach_days=reach)})
        filled = fill_unknown(loads, world.weather, world.calendar, config)
        errors.append(np.abs(filled.values[0, 21000:21168] - truth).mean())
    assert errors[1] < 0.7 * errors[0]


def test_loads_that_are_not_hourly_are_refused(world: SimpleNamespace) -> None:
    with pytest.raises(ModelError, match="every 15 minutes"):
        fill_unknown(replace(world.loads, step_minutes=15), world.weather, world.calendar, OutlookConfig())


def test_a_node_with_a_few_days_is_named(world: SimpleNamespace) -> None:
    values = world.loads.values.copy()
    values[1, 24 * 50 :] = np.nan
    with pytest.raises(ModelError, match="node b"):
        fill_unknown(replace(world.loads, values=values), world.weather, world.calendar, OutlookConfig())


def test_summer_time_of_a_zone_is_seen_where_the_clock_has_none() -> None:
    local = pd.DatetimeIndex(pd.date_range("2021-03-13", periods=72, freq="h"))
    calendar = Calendar("-05:00")
    plain = dated_terms(local, calendar, local[0], TermsConfig())["summer_time"]
    moved = dated_terms(local, calendar, local[0], TermsConfig(daylight_zone="America/New_York"))["summer_time"]
    assert not plain.any()
    assert moved.tolist() == [0.0] * 24 + [1.0] * 48


def test_the_eve_of_a_holiday_just_after_the_hours_is_seen() -> None:
    eve = pd.DatetimeIndex(pd.date_range("2021-07-03", periods=24, freq="h"))
    columns = dated_terms(eve, Calendar("UTC", "US"), eve[0], TermsConfig())
    assert columns["day_before Independence Day"].all()
    assert not columns["day_on Independence Day"].any()
