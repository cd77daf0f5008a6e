"""Level steps: a planted one is found on its day and taken out; seasons, weather and noise are none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.peak.inputs import PeakInputs
from training.peak.weekly import WeeklyConfig, find_steps, rebased, weekly_peaks

CONFIG = WeeklyConfig(scenarios=60, harmonics=2, last_week=12, rounds=30, min_rows_in_leaf=50)


def stepped(inputs: PeakInputs, node: int, day: int, factor: float) -> PeakInputs:
    peak = inputs.peak_kw.copy()
    peak[node, day:] *= factor
    return replace(inputs, peak_kw=peak)


def test_a_town_without_steps_has_none(three_years: PeakInputs) -> None:
    assert find_steps(three_years, CONFIG) == ()


@pytest.mark.parametrize("factor", [3.0, 0.4])
@pytest.mark.parametrize("day", [400, 3 * 365 - 30])
def test_a_planted_step_is_found_and_taken_out(three_years: PeakInputs, day: int, factor: float) -> None:
    (step,) = find_steps(stepped(three_years, 2, day, factor), CONFIG)
    assert step.node_id == "A2"
    assert abs((step.since - three_years.days[day]).days) <= 3
    assert step.factor == pytest.approx(factor, rel=0.1)


def test_a_step_too_fresh_to_be_told_from_a_bad_week_is_left(three_years: PeakInputs) -> None:
    assert find_steps(stepped(three_years, 2, 3 * 365 - 5, 3.0), CONFIG) == ()


def test_a_rebased_past_forecasts_at_the_new_level(three_years: PeakInputs) -> None:
    day = 3 * 365 - 40
    plain = weekly_peaks(three_years, CONFIG)
    found = weekly_peaks(stepped(three_years, 2, day, 3.0), CONFIG)
    assert [step.node_id for step in found.steps] == ["A2"]
    ratio = found.combined_kw[2] / plain.combined_kw[2]
    assert np.median(ratio) == pytest.approx(3.0, rel=0.15)
    frame = found.frame().set_index("node_id")
    assert (frame.loc["A2", "rebased_since"] == found.steps[0].since).all()
    assert frame.loc["A3", "rebased_since"].isna().all()
    np.testing.assert_allclose(found.annual_kw[2], 3 * plain.annual_kw[2], rtol=0.1)


def test_an_exporter_is_not_judged_and_nothing_is_changed(three_years: PeakInputs) -> None:
    inputs = stepped(three_years, 0, 500, -1.0)
    assert find_steps(inputs, CONFIG) == ()
    assert rebased(inputs, ()) is inputs


def test_two_steps_are_both_found(three_years: PeakInputs) -> None:
    both = stepped(stepped(three_years, 4, 300, 2.5), 4, 700, 0.4)
    steps = find_steps(both, CONFIG)
    assert [step.node_id for step in steps] == ["A4", "A4"]
    assert steps[0].since < steps[1].since < pd.Timestamp("2024-01-01")
    whole = rebased(both, steps).peak_kw[4, 50:1000].max(axis=1)
    again = three_years.peak_kw[4, 50:1000].max(axis=1)
    np.testing.assert_allclose(np.median(whole / again), 1.0, rtol=0.1)
