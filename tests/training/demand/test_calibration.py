"""Calibration makes quantiles mean what they say on data it was not fitted on; mixtures and other levels keep order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from training.demand.calibration import Calibration
from training.demand.quantiles import at_levels, level_name, mixture

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def world(seed: int, nodes: int = 6, days: int = 150) -> tuple[np.ndarray, ...]:
    """Forecasts that are too narrow, more so for long leads, and biased at node 0."""
    rng = np.random.default_rng(seed)
    issue, node, lead = (part.ravel() for part in np.meshgrid(range(days), range(nodes), range(2, 200, 6)))
    sigma = 10.0 + lead / 10
    actual = 100 + rng.normal(0, 1, len(lead)) * sigma + np.where(node == 0, 8.0, 0.0)
    quantiles = 100 + 7.0 * ndtri(np.array(LEVELS))[None] + np.zeros((len(lead), 1))
    return actual, quantiles, node, lead.astype(float), issue


def shares(actual: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    return (actual[:, None] <= quantiles).mean(axis=0)


def test_levels_hold_on_fresh_data_for_every_lead_and_the_biased_node() -> None:
    calibration = Calibration.fit(*world(1), 6, LEVELS, 45.0)
    actual, quantiles, node, lead, _ = world(2)
    corrected = calibration.apply(quantiles, node, lead)
    for mine in (lead < 6, (lead >= 24) & (lead < 48), lead >= 120, node == 3):
        np.testing.assert_allclose(shares(actual[mine], corrected[mine]), LEVELS, atol=0.03)
    # A node's own bias is shrunk by 150 / (150 + 45), so it is nearly but not wholly gone.
    np.testing.assert_allclose(shares(actual[node == 0], corrected[node == 0]), LEVELS, atol=0.06)
    assert abs(shares(actual, quantiles) - LEVELS).max() > 0.1, "uncorrected, they do not hold"


def test_a_node_unknown_at_calibration_gets_the_common_correction() -> None:
    calibration = Calibration.fit(*world(1), 6, LEVELS, 45.0)
    one = np.array([ndtri(np.array(LEVELS)) * 7 + 100])
    unknown = calibration.apply(one, np.array([-1]), np.array([30.0]))
    plain = Calibration(calibration.by_lead, calibration.by_node * 0).apply(one, np.array([0]), np.array([30.0]))
    np.testing.assert_array_equal(unknown, plain)


@given(st.lists(st.floats(-100, 100), min_size=7, max_size=7), st.lists(st.floats(0.01, 0.99), min_size=1, max_size=9))
@settings(max_examples=80, deadline=None)
def test_other_levels_keep_order_and_hit_the_trained_ones(values: list[float], wanted: list[float]) -> None:
    quantiles = np.sort(np.array(values))[None]
    levels = tuple(sorted({*wanted, *LEVELS}))
    found = at_levels(quantiles, LEVELS, levels)[0]
    assert (np.diff(found) >= -1e-9).all()
    np.testing.assert_allclose([found[levels.index(one)] for one in LEVELS], quantiles[0], atol=1e-9)


def test_the_mixture_of_two_far_worlds_spans_both() -> None:
    narrow = ndtri(np.array(LEVELS))
    found = mixture(np.stack([narrow, narrow + 50.0])[:, None], LEVELS)[0]
    assert found[0] < 0 < 50 < found[-1]
    same = mixture(np.stack([narrow, narrow])[:, None], LEVELS)[0]
    np.testing.assert_allclose(same, narrow, atol=0.25)


@pytest.mark.parametrize(("level", "name"), [(0.05, "q05"), (0.5, "q50"), (0.995, "q995"), (0.025, "q025")])
def test_names_of_levels(level: float, name: str) -> None:
    assert level_name(level) == name
