"""The worst run of a day says for every limit whether the load was over it for so long."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.clock import Calendar
from features.load.grid import Grid
from training.foreseen.runs import day_levels, run_width, worst_run

DAY = arrays(float, 24, elements=st.floats(-50, 200))


def crosses(load: np.ndarray, limit: float, width: int) -> bool:
    """Rule by rule, point by point."""
    held = 0
    for value in load:
        held = held + 1 if value >= limit else 0
        if held >= width:
            return True
    return False


@given(DAY, st.floats(-60, 210), st.integers(1, 24))
def test_one_level_answers_for_every_limit(load: np.ndarray, limit: float, width: int) -> None:
    level, first = worst_run(load, width)
    assert (level >= limit) == crosses(load, limit, width)
    assert load[first : first + width].min() == level


def test_a_gap_hides_the_day() -> None:
    load = np.arange(24.0)
    load[3] = np.nan
    assert np.isnan(worst_run(load, 2)[0])


def test_rule_set_a_is_eight_points_of_a_quarter_hour() -> None:
    assert (run_width(120, 15), run_width(120, 60), run_width(90, 60), run_width(10, 60)) == (8, 2, 2, 1)


def test_days_follow_the_local_clock_also_where_it_changes() -> None:
    start = pd.Timestamp("2024-03-29T23:00Z")
    loads = Grid(("a",), start, 60, np.arange(72.0)[None])
    days = pd.DatetimeIndex(["2024-03-30", "2024-03-31", "2024-04-01", "2024-04-02"])
    found = day_levels(loads, Calendar("Europe/Amsterdam", "NL"), days, 1)
    assert found[0, :2] == pytest.approx([23.0, 46.0])  # the second day has 23 hours
    assert found[0, 2] == 70.0
    assert np.isnan(found[0, 3])
