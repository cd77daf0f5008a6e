"""The resolution of readings is the data's own, whatever is missing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.load.resolution import step_of

MINUTE = 60_000_000
START = pd.Timestamp("2024-01-01", tz="UTC").value // 1000


def stamps(minutes: np.ndarray) -> np.ndarray:
    return START + minutes.astype(np.int64) * MINUTE


@given(
    step=st.sampled_from([15, 30, 60]),
    nodes=st.integers(1, 300),
    kept=st.floats(0.08, 1.0),
    absent=st.floats(0.0, 0.9),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=100, deadline=None)
def test_gaps_and_missing_nodes_do_not_change_it(step: int, nodes: int, kept: float, absent: float, seed: int) -> None:
    """Readings missing at random, whole stretches missing, nodes that are hardly there, versions, any order."""
    rng = np.random.default_rng(seed)
    width = 7 * 1440 // step
    there = rng.random((nodes, width)) < kept
    for row in there:
        begin = rng.integers(0, width)
        row[begin : begin + rng.integers(0, width // 4)] = False
    there[rng.random(nodes) < absent] &= rng.random(width) < 0.05
    there[rng.integers(nodes)] = rng.random(width) < max(kept, 0.3)
    node, column = np.nonzero(there)
    twice = rng.random(len(node)) < 0.2
    node, column = np.append(node, node[twice]), np.append(column, column[twice])
    order = rng.permutation(len(node))
    assert step_of(stamps(column[order] * step), node[order]) == step


def test_nodes_that_report_at_different_minutes_have_the_step_of_each() -> None:
    """Taken together their stamps are a quarter of an hour apart, but no node is read that often."""
    node = np.arange(8 * 48) % 8
    minute = 60 * (np.arange(8 * 48) // 8) + 15 * (node % 4)
    assert step_of(stamps(minute), node) == 60


def test_a_few_finer_nodes_do_not_thin_out_all_others() -> None:
    hourly = [(node, 60 * k) for node in range(20) for k in range(48)]
    finer = [(20, 15 * k) for k in range(48 * 4)]
    node, minute = np.array(hourly + finer).T
    assert step_of(stamps(minute), node) == 60


@pytest.mark.parametrize("off", [-7, 7, 13])
def test_strays_do_not_change_it(off: int) -> None:
    minute = np.append(np.arange(0, 48 * 60, 60), [60 * 20 + off])
    assert step_of(stamps(minute)) == 60


def test_seconds_that_drift_do_not_make_it_odd() -> None:
    seconds = np.random.default_rng(0).integers(-20, 20, 200)
    assert step_of(stamps(15 * np.arange(200)) + seconds * 1_000_000) == 15


@pytest.mark.parametrize(("minutes", "step"), [(1440, 1440), (180, 180), (7, 7), (1, 1)])
def test_other_resolutions_are_told_as_they_are(minutes: int, step: int) -> None:
    assert step_of(stamps(np.arange(40) * minutes)) == step


def test_daily_readings_at_local_midnight_are_daily() -> None:
    days = pd.date_range("2023-01-01", periods=700, tz="Europe/Amsterdam").tz_convert("UTC").as_unit("us").asi8
    assert step_of(days) == 1440


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_readings_it_is_an_hour(count: int) -> None:
    assert step_of(stamps(np.arange(count))) == 60
