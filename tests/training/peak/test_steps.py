"""Level steps: a planted one is found on its day and taken out; seasons, weather and noise are none."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.peak import ConnectionPolicy, PeakConfig, PeakModel
from training.peak.connections import energised
from training.peak.core import fit_core
from training.peak.inputs import PeakInputs
from training.peak.kappa import Evidence
from training.peak.steps import StepRule, find_steps, rebased

NOTHING = Evidence(np.empty(0, int), (), (), (), np.empty((0, 0, 0)))
Stepped = Callable[[PeakInputs, int, int, float], PeakInputs]
CONFIG = StepRule(days=28, floor=0.4)


def test_a_town_without_steps_has_none(three_years: PeakInputs) -> None:
    assert find_steps(three_years, CONFIG) == ()


@pytest.mark.parametrize("factor", [3.0, 0.4])
@pytest.mark.parametrize("day", [400, 3 * 365 - 30])
def test_a_planted_step_is_found_and_taken_out(
    three_years: PeakInputs, stepped: Stepped, day: int, factor: float
) -> None:
    (step,) = find_steps(stepped(three_years, 2, day, factor), CONFIG)
    assert step.node_id == "A2"
    assert abs((step.since - three_years.days[day]).days) <= 3
    assert step.factor == pytest.approx(factor, rel=0.1)


def test_a_step_too_fresh_to_be_told_from_a_bad_week_is_left(three_years: PeakInputs, stepped: Stepped) -> None:
    assert find_steps(stepped(three_years, 2, 3 * 365 - 5, 3.0), CONFIG) == ()


def test_an_exporter_is_not_judged_and_nothing_is_changed(three_years: PeakInputs, stepped: Stepped) -> None:
    inputs = stepped(three_years, 0, 500, -1.0)
    assert find_steps(inputs, CONFIG) == ()
    assert rebased(inputs, ()) is inputs


def test_what_comes_back_every_year_is_no_step(three_years: PeakInputs, stepped: Stepped) -> None:
    peak = three_years.peak_kw.copy()
    idle = (three_years.days.month <= 4) | (three_years.days.month >= 11)
    peak[0, idle] /= 30
    pumping = replace(three_years, peak_kw=peak)
    assert find_steps(pumping, CONFIG) == ()
    (step,) = find_steps(stepped(pumping, 0, 800, 5.0), CONFIG)
    assert step.factor == pytest.approx(5.0, rel=0.2)


def test_two_steps_are_both_found(three_years: PeakInputs, stepped: Stepped) -> None:
    both = stepped(stepped(three_years, 4, 300, 2.5), 4, 700, 0.4)
    steps = find_steps(both, CONFIG)
    assert [step.node_id for step in steps] == ["A4", "A4"]
    assert steps[0].since < steps[1].since < pd.Timestamp("2024-01-01")
    whole = rebased(both, steps).peak_kw[4, 50:1000].max(axis=1)
    again = three_years.peak_kw[4, 50:1000].max(axis=1)
    np.testing.assert_allclose(np.median(whole / again), 1.0, rtol=0.1)


class TestOfAYear:
    """The peak of the coming year, from a past in which one area stepped."""

    def test_it_is_forecast_at_the_new_level_and_flagged(
        self, three_years: PeakInputs, stepped: Stepped, quick: PeakConfig
    ) -> None:
        day = 3 * 365 - 90
        model = PeakModel(quick, ConnectionPolicy(), NOTHING, three_years.as_of)
        plain = model.peaks_of(three_years, (365,)).frame()
        found = model.peaks_of(stepped(three_years, 2, day, 3.0), (365,)).frame()
        assert found.loc["A2", "peak_p50_kw"] == pytest.approx(3.0 * plain.loc["A2", "peak_p50_kw"], rel=0.1)
        assert abs((found.loc["A2", "stepped_on"] - three_years.days[day]).days) <= 3
        assert found.loc["A2", "step_factor"] == pytest.approx(3.0, rel=0.1)
        assert found["stepped_on"].notna().sum() == 1
        assert plain["stepped_on"].isna().all()

    def test_a_new_connection_that_the_ledger_tells_of_is_no_step(
        self, three_years: PeakInputs, quick: PeakConfig, apply: Callable[..., pd.DataFrame]
    ) -> None:
        policy, day = ConnectionPolicy(learn=False), 3 * 365 - 200
        since = three_years.days[day].tz_localize("UTC")
        ledger = apply(energised_at=since, status="energised", available_at=since, requested_kva=400.0)
        drawn = energised(ledger, three_years.as_of, policy).block_kw[0]
        peak = three_years.peak_kw.copy()
        peak[0, day:] += np.clip(np.arange(1, 201) / policy.ramp_days, 0, 1)[:, None] * drawn
        grown = replace(three_years, peak_kw=peak)
        assert [one.node_id for one in fit_core(grown, quick, policy).steps] == ["A0"]
        assert fit_core(replace(grown, applications=ledger), quick, policy).steps == ()
