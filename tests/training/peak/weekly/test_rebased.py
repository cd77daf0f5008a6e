"""Weekly maxima of a node whose level stepped are forecast at the new level, and say so."""

from collections.abc import Callable

import numpy as np
import pytest

from training.peak.inputs import PeakInputs
from training.peak.weekly import WeeklyConfig, weekly_peaks

Stepped = Callable[[PeakInputs, int, int, float], PeakInputs]
CONFIG = WeeklyConfig(scenarios=60, harmonics=2, last_week=12, rounds=30, min_rows_in_leaf=50)


def test_a_rebased_past_forecasts_at_the_new_level(three_years: PeakInputs, stepped: Stepped) -> None:
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
