"""Residuals carried into gaps: what days beside a gap can tell, and no more."""

import numpy as np

from training.outlook.carry import carried


def planted(days: int, memory_days: float, seed: int) -> np.ndarray:
    """A daily level that fades over `memory_days`, and noise by the hour."""
    rng = np.random.default_rng(seed)
    keep = np.exp(-1.0 / memory_days)
    level = np.zeros(days)
    for day in range(1, days):
        level[day] = keep * level[day - 1] + np.sqrt(1 - keep**2) * rng.normal()
    return level[:, None] + 0.3 * rng.normal(size=(days, 24))


def test_a_gap_in_residuals_that_last_is_told_by_its_neighbours() -> None:
    truth = planted(900, 8.0, 1)
    known = truth.copy()
    gaps = np.zeros(900, dtype=bool)
    for first in range(100, 860, 80):
        gaps[first : first + 7] = True
    known[gaps] = np.nan
    found = carried(known[None], 30, 1)[0]
    left = truth[gaps].mean(axis=1) - found[gaps].mean(axis=1)
    assert left.var() < 0.6 * truth[gaps].mean(axis=1).var()
    assert not found[~gaps].any()


def test_residuals_without_memory_carry_almost_nothing() -> None:
    noise = np.random.default_rng(2).normal(size=(900, 24))
    noise[400:407] = np.nan
    assert np.abs(carried(noise[None], 30, 1)).max() < 0.15


def test_what_is_carried_past_the_end_fades() -> None:
    series = planted(600, 5.0, 4)
    series[540:560] = 3.0
    series[560:] = np.nan
    ahead = carried(series[None], 30, 1)[0, 560:].mean(axis=1)
    assert ahead[0] > 1.0
    assert (np.diff(ahead) < 0).all()
    assert abs(ahead[-1]) < 0.2 * ahead[0]


def test_too_short_a_history_carries_nothing() -> None:
    series = planted(40, 8.0, 5)
    series[20:25] = np.nan
    assert not carried(series[None], 30, 1).any()
