"""Scores against slow versions and hand-made figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metrics import coverage, pinball, rcrps

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@given(st.floats(-10, 10), st.floats(-10, 10), st.sampled_from(LEVELS))
def test_pinball_is_the_textbook_loss(actual: float, forecast: float, level: float) -> None:
    slow = level * (actual - forecast) if actual >= forecast else (1 - level) * (forecast - actual)
    assert pinball(np.array([actual]), np.array([forecast]), level)[0] == pytest.approx(slow)


def test_rcrps_by_hand() -> None:
    actual = np.arange(101.0)
    quantiles = np.repeat(actual[:, None] + 10.0, len(LEVELS), axis=1)
    expected = 2 * np.mean([(1 - level) * 10 for level in LEVELS]) / 98
    assert rcrps(actual, quantiles, LEVELS) == pytest.approx(expected)


def test_unknown_actuals_are_left_out() -> None:
    actual = np.array([1.0, np.nan, 3.0])
    assert coverage(actual, np.array([0.0, 0.0, 4.0]), np.array([2.0, 2.0, 5.0])) == 0.5
    assert np.isnan(coverage(np.array([np.nan]), np.zeros(1), np.ones(1)))
