"""Weekly maxima: nothing after the origin counts, figures fit what comes, far weeks are scenarios."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from training.peak.inputs import PeakInputs
from training.peak.weekly import WeeklyConfig, Weeks, next_monday, weekly_peaks
from training.peak.weekly.direct import direct_quantiles
from training.peak.weekly.scenarios import spread_evenly, weekly_scenarios

# Models of weekly peaks are fitted.
pytestmark = pytest.mark.slow

QUICK = WeeklyConfig(scenarios=60, harmonics=2, last_week=12, rounds=30, min_rows_in_leaf=50)


@pytest.fixture(scope="module")
def said(four_years: PeakInputs):
    return weekly_peaks(four_years.until(3 * 365), QUICK)


def test_weeks_are_mondays_and_their_peaks_those_of_plain_loops(three_years: PeakInputs) -> None:
    peak = three_years.peak_kw.copy()
    peak[0, 10, 2] = np.nan
    weeks = Weeks.of(replace(three_years, peak_kw=peak))
    assert (weeks.first_day.day_of_week == 0).all()
    for week, monday in enumerate(weeks.first_day[:60]):
        day = int((monday - three_years.days[0]).days)
        for node in range(3):
            values = peak[node, day : day + 7]
            expected = values.max() if np.isfinite(values).all() else np.nan
            np.testing.assert_equal(weeks.peak_kw[node, week], expected)
            if day >= 364:
                np.testing.assert_equal(weeks.annual_kw[node, week], np.nanmax(peak[node, day - 364 : day]))
    assert np.isnan(weeks.peak_kw[0]).any()


@pytest.mark.parametrize(("day", "monday"), [("2024-01-01", "2024-01-01"), ("2024-01-02", "2024-01-08")])
def test_week_zero_begins_on_the_next_monday(day: str, monday: str) -> None:
    assert next_monday(pd.Timestamp(day)) == pd.Timestamp(monday)


def test_most_weeks_come_within_p95_and_about_half_within_the_median(said, four_years: PeakInputs) -> None:
    weeks = Weeks.of(four_years)
    came = weeks.peak_kw[:, weeks.first_day.get_indexer(said.first_day)]
    assert np.mean(came <= said.combined_kw[:, :, 2]) > 0.85
    assert 0.1 < np.mean(came <= said.combined_kw[:, :, 0]) < 0.9
    assert np.abs(np.log(said.combined_kw[:, :, 0] / came)).mean() < 0.12


def test_quantiles_rise_and_the_answer_lies_between_its_members(said) -> None:
    assert said.direct_kw is not None
    assert (np.diff(said.combined_kw, axis=2) >= 0).all()
    low, high = np.minimum(said.scenario_kw, said.direct_kw), np.maximum(said.scenario_kw, said.direct_kw)
    assert ((said.combined_kw >= low - 1e-9) & (said.combined_kw <= high + 1e-9)).all()


def test_what_comes_after_the_origin_changes_nothing(said, four_years: PeakInputs) -> None:
    later = replace(four_years, peak_kw=four_years.peak_kw.copy(), weather=four_years.weather.copy())
    later.peak_kw[:, 3 * 365 :] *= 7
    later.weather[:, 3 * 365 :] += 30
    np.testing.assert_array_equal(weekly_peaks(later.until(3 * 365), QUICK).combined_kw, said.combined_kw)


def test_without_weather_or_a_long_past_scenarios_still_answer(three_years: PeakInputs) -> None:
    short = three_years.until(400)
    bare = replace(short, weather=short.weather[:0], station_ids=())
    found = weekly_peaks(bare, QUICK)
    assert found.direct_kw is None
    np.testing.assert_array_equal(found.combined_kw, found.scenario_kw)
    assert np.isfinite(found.combined_kw).all()


def test_direct_quantiles_of_others_are_not_lost_to_a_node_with_silent_and_idle_weeks(four_years: PeakInputs) -> None:
    weeks = Weeks.of(four_years)
    peak, annual = weeks.peak_kw.copy(), weeks.annual_kw[:, -1]
    peak[0, -60:] = np.nan  # nothing is known of its last year
    peak[1, 60:64] = 0.0  # nothing was drawn: growth since has no ratio
    found = direct_quantiles(replace(weeks, peak_kw=peak), annual, QUICK)
    assert found is not None
    assert np.isfinite(found[1:]).all()
    assert (np.diff(found[1:], axis=2) >= 0).all()


def test_a_node_of_too_short_a_past_is_not_stated(three_years: PeakInputs) -> None:
    peak = three_years.peak_kw.copy()
    peak[0, :-100] = np.nan
    found = weekly_peaks(replace(three_years, peak_kw=peak), QUICK)
    assert np.isnan(found.combined_kw[0]).all()
    assert np.isfinite(found.combined_kw[1:]).all()


def test_weeks_beyond_two_years_are_scenarios_and_say_why(three_years: PeakInputs) -> None:
    far = QUICK.model_copy(update={"first_week": 100, "last_week": 106, "scenarios": 50})
    frame = weekly_peaks(three_years, far).frame()
    ends = frame["week"] + pd.Timedelta(days=7)
    beyond = ends > frame["origin"] + pd.Timedelta(days=731)
    assert beyond.any()
    assert not beyond.all()
    assert (frame["standing"] == np.where(beyond, "scenario", "firm")).all()
    assert (frame["reason"] == np.where(beyond, "BEYOND_FIRM_HORIZON", "")).all()


def test_a_past_that_ends_before_the_origin_is_bridged(said, four_years: PeakInputs) -> None:
    known = four_years.until(3 * 365 - 10)
    found = weekly_peaks(known, QUICK, said.origin)
    assert found.first_day.equals(said.first_day)
    assert np.abs(np.log(found.combined_kw / said.combined_kw)).mean() < 0.1
    with pytest.raises(ModelError, match="lies within the past"):
        weekly_peaks(four_years, QUICK, said.origin)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.25, 10), (0.5, 20), (1.0, 40)])
def test_weather_that_keeps_its_season_is_spread_over_the_scenarios(share: float, expected: int) -> None:
    flags = spread_evenly(40, share)
    assert flags.sum() == expected
    assert abs(int(flags[:20].sum()) - int(flags[20:].sum())) <= 1


def test_a_season_that_may_come_early_or_late_widens_the_weeks(four_years: PeakInputs) -> None:
    config = WeeklyConfig(scenarios=60, level_error=0.0, residual_block_days=7, weather_shift_days=28)
    monday = next_monday(four_years.days[-1] + pd.Timedelta(days=1))
    spread = {}
    for share in (0.0, 1.0):
        found = weekly_scenarios(four_years, config.model_copy(update={"whole_weather_share": share}), monday)
        spread[share] = float(np.log(found).std(axis=2).mean())
    assert spread[1.0] > spread[0.0]
