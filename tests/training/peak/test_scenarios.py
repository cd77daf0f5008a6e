"""Scenarios: shared by all nodes, coherent upwards, the same for the same inputs, with honest tails."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.peak.config import PeakConfig
from training.peak.connections import ConnectionPolicy
from training.peak.core import fit_core
from training.peak.inputs import PeakInputs
from training.peak.peaks import Peaks, state_peaks
from training.peak.plan import draw_plan, node_error
from training.peak.simulate import settle_residuals

LOSSES = 1.02
POLICY = ConnectionPolicy()


def peaks_of(inputs: PeakInputs, config: PeakConfig, horizons: tuple[int, ...] = (31, 365)) -> Peaks:
    return state_peaks(fit_core(inputs, config, POLICY), horizons, config, POLICY)


@pytest.fixture(scope="module")
def said(three_years: PeakInputs, quick: PeakConfig) -> Peaks:
    return peaks_of(three_years, quick)


def test_what_is_above_carries_the_sum_of_what_is_below_in_every_scenario(said: Peaks) -> None:
    whole = said.load_kw[:, -1].max(axis=2)
    row = {node: k for k, node in enumerate(said.facts.index)}
    areas = whole[[row[f"A{k}"] for k in range(6)]].sum(axis=0) * LOSSES
    feeders = whole[[row["F0"], row["F1"]]].sum(axis=0)
    station = whole[row["S"]]
    # Peaks of different areas do not fall in one hour: the sum of peaks is above the peak of the sum, not far.
    assert (station <= areas * 1.01).all()
    assert (station >= areas * 0.9).all()
    np.testing.assert_allclose(station, feeders, rtol=0.03)
    assert np.corrcoef(station, areas)[0, 1] > 0.8


def test_a_year_ahead_is_forecast_from_the_years_before(four_years: PeakInputs, quick: PeakConfig) -> None:
    found = peaks_of(four_years.until(1095), quick).frame(365)
    came = np.nanmax(four_years.peak_kw[:, 1095:1460].reshape(9, -1), axis=1)
    np.testing.assert_allclose(found["peak_p50_kw"], came, rtol=0.12)
    assert (found["peak_p95_kw"] >= found["peak_p90_kw"]).all()
    assert (found["peak_p90_kw"] > found["peak_p50_kw"]).all()


def test_longer_horizons_never_peak_lower(said: Peaks) -> None:
    assert (said.load_kw[:, 1] >= said.load_kw[:, 0]).all()


def test_the_highest_block_has_the_peak_of_the_whole_day(said: Peaks) -> None:
    frame = said.frame()
    blocks = frame[[f"block_p50_kw_{block}" for block in range(6)]]
    np.testing.assert_allclose(blocks.max(axis=1), frame["peak_p50_kw"])
    # Load of the town is highest around seven in the evening.
    assert (blocks.to_numpy().argmax(axis=1) == 4).all()


def test_the_same_inputs_give_the_same_figures(three_years: PeakInputs, quick: PeakConfig, said: Peaks) -> None:
    again = peaks_of(three_years, quick)
    np.testing.assert_array_equal(again.load_kw, said.load_kw)
    np.testing.assert_array_equal(again.shock, said.shock)
    other = peaks_of(three_years, quick.model_copy(update={"seed": 21}))
    assert not np.array_equal(other.load_kw, said.load_kw)


def test_an_area_is_told_the_same_whoever_else_is_asked(
    three_years: PeakInputs, quick: PeakConfig, said: Peaks
) -> None:
    some = [k for k, kind in enumerate(three_years.nodes["kind"]) if kind == "area"]
    alone = replace(three_years, nodes=three_years.nodes.iloc[some], peak_kw=three_years.peak_kw[some])
    found = peaks_of(alone, quick)
    # Only the tail and the trend lean on what is typical of the others.
    np.testing.assert_allclose(found.load_kw, said.load_kw[some], rtol=0.01)
    np.testing.assert_array_equal(found.shock, said.shock[some])


def test_an_application_raises_its_path_and_nothing_else(
    three_years: PeakInputs, quick: PeakConfig, said: Peaks, apply
) -> None:
    pending = replace(three_years, applications=apply())
    frame, before = peaks_of(pending, quick).frame(), said.frame()
    more = frame["peak_p50_kw"] - before["peak_p50_kw"]
    assert (more[["A0", "F0", "S"]] > 10).all()
    assert (more.drop(["A0", "F0", "S"]) == 0).all()
    np.testing.assert_array_equal(frame["base_p50_kw"], before["base_p50_kw"])


def test_a_step_that_was_a_connection_is_taken_into_the_level(
    three_years: PeakInputs, quick: PeakConfig, apply
) -> None:
    stepped = three_years.peak_kw.copy()
    stepped[0, -60:] += 45.0
    began = apply(energised_at=three_years.days[-60].tz_localize("UTC"), status="energised")
    known = replace(three_years, peak_kw=stepped, applications=began)
    policy = POLICY.model_copy(update={"ramp_days": 1})
    config = quick
    told = state_peaks(fit_core(known, config, policy), (365,), config, policy).frame()["peak_p50_kw"]
    plain = state_peaks(fit_core(three_years, config, policy), (365,), config, policy).frame()["peak_p50_kw"]
    assert told["A0"] - plain["A0"] == pytest.approx(45.0, abs=12.0)


def test_export_and_idle_nodes_have_finite_peaks(three_years: PeakInputs, quick: PeakConfig) -> None:
    loads = three_years.peak_kw.copy()
    loads[0] -= 150.0
    loads[1] = 0.0
    frame = peaks_of(replace(three_years, peak_kw=loads), quick).frame()
    assert np.isfinite(frame["peak_p50_kw"]).all()
    assert frame["peak_p50_kw"].iloc[1] == pytest.approx(0.0, abs=0.05)
    came = np.nanmax(loads[0, -365:])
    assert frame["peak_p50_kw"].iloc[0] == pytest.approx(came, abs=0.25 * abs(came) + 10)


def test_too_little_history_is_not_guessed(three_years: PeakInputs, quick: PeakConfig) -> None:
    loads = three_years.peak_kw.copy()
    loads[0, :-120] = np.nan
    loads[1] = np.nan
    peaks = peaks_of(replace(three_years, peak_kw=loads), quick)
    assert np.isnan(peaks.load_kw[:2]).all()
    assert np.isfinite(peaks.load_kw[2:]).all()
    assert peaks.facts["known_days"].tolist()[:2] == [120, 0]


def test_without_weather_the_calendar_alone_speaks(three_years: PeakInputs, quick: PeakConfig) -> None:
    blind = replace(three_years, station_ids=(), weather=three_years.weather[:0])
    assert np.isfinite(peaks_of(blind, quick).frame()["peak_p50_kw"]).all()


def test_an_unmeasured_feeder_takes_the_sum_of_its_areas(three_years: PeakInputs, quick: PeakConfig) -> None:
    loads = three_years.peak_kw.copy()
    loads[6] = np.nan
    peaks = peaks_of(replace(three_years, peak_kw=loads), quick).with_sums(three_years.nodes["parent_id"])
    np.testing.assert_allclose(peaks.load_kw[6], peaks.load_kw[:3].sum(axis=0))
    assert peaks.facts["summed"].tolist() == [False] * 6 + [True, False, False]
    loads[0] = np.nan
    poor = peaks_of(replace(three_years, peak_kw=loads), quick).with_sums(three_years.nodes["parent_id"])
    assert np.isnan(poor.load_kw[6]).all()
    assert poor.facts.loc["F0", "known_days"] == 0


def test_days_without_news_are_forecast_too(three_years: PeakInputs, quick: PeakConfig) -> None:
    late = replace(three_years, as_of=three_years.as_of + pd.Timedelta(days=20))
    found = peaks_of(late, quick, (11,)).load_kw
    straight = peaks_of(three_years, quick, (31,)).load_kw
    np.testing.assert_allclose(found, straight)
    ages_ago = replace(three_years, as_of=three_years.as_of + pd.Timedelta(days=3000))
    assert np.isfinite(peaks_of(ages_ago, quick, (11,)).load_kw).all()


def test_a_plan_draws_whole_years_and_the_season() -> None:
    plan = draw_plan(3 * 365, 365, 200, 14, 28, 10, 5)
    season = np.arange(365)
    for index, reach in ((plan.weather_day, 11), (plan.residual_day, 29)):
        assert index.min() >= 0
        assert index.max() < 3 * 365
        away = np.abs((index - season + 182) % 365 - 182)
        inner = (season > 60) & (season < 300)
        assert away[:, inner].max() <= reach + 14
    assert np.median(plan.common) == pytest.approx(0.0, abs=0.02)
    assert node_error("A1", 200, 5).std() == pytest.approx(1.0, abs=0.15)
    assert not np.array_equal(node_error("A1", 200, 5), node_error("A2", 200, 5))


def test_a_plan_beyond_two_years_keeps_the_season_in_every_year_of_a_short_history() -> None:
    horizon = 5 * 365 + 1
    plan = draw_plan(3 * 365 + 1, horizon, 200, 14, 28, 10, 5)
    assert plan.weather_day.shape == plan.residual_day.shape == plan.tail.shape == (200, horizon)
    season = np.arange(horizon)
    for index, reach in ((plan.weather_day, 11), (plan.residual_day, 29)):
        assert index.min() >= 0
        assert index.max() <= 3 * 365
        away = np.abs((index - season + 182) % 365 - 182)
        inner = (season % 365 > 60) & (season % 365 < 300)
        assert away[:, inner].max() <= reach + 14
    # Each year is drawn by itself: that of the first says nothing of that of the fourth.
    first, fourth = plan.weather_day[:, 180] // 365, plan.weather_day[:, 3 * 365 + 180] // 365
    assert set(first) == set(fourth) == {0, 1, 2}
    assert 0.2 < (first == fourth).mean() < 0.5


def test_five_years_peak_no_lower_than_one(three_years: PeakInputs, quick: PeakConfig, said: Peaks) -> None:
    far = peaks_of(three_years, quick, (5 * 365,)).frame()
    year = said.frame(365)
    assert np.isfinite(far["peak_p95_kw"]).all()
    assert (far["peak_p50_kw"] > 0.98 * year["peak_p50_kw"]).all()
    assert (far["peak_p50_kw"] < 1.5 * year["peak_p50_kw"]).all()


def test_residuals_are_centred_by_year_and_their_tail_is_measured() -> None:
    rng = np.random.default_rng(0)
    residual = rng.exponential(1.0, (4, 1095, 6))
    residual[:, 365:730] += 5.0
    residual[0, 100:140] = np.nan
    settled = settle_residuals(residual, 0.99)
    assert np.isfinite(settled.value).all()
    for year in range(3):
        np.testing.assert_allclose(settled.value[1:, year * 365 : (year + 1) * 365].mean(axis=(1, 2)), 0.0, atol=1e-9)
    # Beyond any threshold an exponential exceeds it by its own mean.
    assert settled.excess.mean() == pytest.approx(1.0, abs=0.25)


def recent(inputs: PeakInputs, row: int, factor: float, days: int = 60) -> PeakInputs:
    """The same town, one node of which used `factor` times as much in the last days."""
    loads = inputs.peak_kw.copy()
    loads[row, -days:] *= factor
    return replace(inputs, peak_kw=loads)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_who_used_more_lately_peaks_higher_in_proportion(
    three_years: PeakInputs, quick: PeakConfig, said: Peaks, factor: float
) -> None:
    before = said.frame()["peak_p50_kw"]
    after = peaks_of(recent(three_years, 2, factor), quick).frame()["peak_p50_kw"]
    grown = np.log(after / before) / np.log(factor)
    # Sixty days may still be a season unlike others: a part of the gap is taken for that.
    assert 0.4 <= grown["A2"] <= 1.0
    np.testing.assert_allclose(grown.drop("A2"), 0.0, atol=0.1)


def test_a_node_at_rest_is_not_blown_up_by_a_little_more(three_years: PeakInputs, quick: PeakConfig) -> None:
    """A pump that idles in winter at a thirtieth of its summer load, and at twice that lately."""
    loads = three_years.peak_kw.copy()
    idle = (three_years.days.month <= 4) | (three_years.days.month >= 11)
    loads[0, idle] = loads[0, idle] / 30
    resting = replace(three_years, peak_kw=loads)
    plain = peaks_of(resting, quick).frame()["peak_p50_kw"]
    more = peaks_of(recent(resting, 0, 2.0), quick).frame()["peak_p50_kw"]
    assert more["A0"] == pytest.approx(plain["A0"], rel=0.1)


def test_a_gap_that_all_nodes_show_is_left_out(three_years: PeakInputs, quick: PeakConfig) -> None:
    own = fit_core(recent(three_years, 2, 1.25), quick, POLICY).level
    loads = three_years.peak_kw.copy()
    loads[:, -60:] *= 1.25
    shared = fit_core(replace(three_years, peak_kw=loads), quick, POLICY).level
    assert own[2] > 1.08
    assert (np.abs(shared - 1) < 0.6 * (own[2] - 1)).all()
    believed = fit_core(
        replace(three_years, peak_kw=loads), quick.model_copy(update={"recent_common_nodes": 1e9}), POLICY
    )
    assert (believed.level > 1.08).all()


def test_what_vanished_lately_keeps_something_and_who_was_not_heard_keeps_all(
    three_years: PeakInputs, quick: PeakConfig
) -> None:
    loads = three_years.peak_kw.copy()
    loads[0, -30:] *= -5.0
    loads[1, -200:] = np.nan
    core = fit_core(replace(three_years, peak_kw=loads), quick, POLICY)
    assert core.level[0] == 0.1
    assert core.level[1] == pytest.approx(1.0, abs=0.05)
