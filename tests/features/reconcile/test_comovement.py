"""What moves together hangs together, and what says nothing decides nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.reconcile.balance import gain
from features.reconcile.comovement import Series, log_likelihood, logs_of_use

HOURS = 24 * 60


def planted(
    areas: int = 5, meters: int = 60, noise: float = 1.0, seed: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Meters that follow their area with noise on top: series of meters, of areas, and the area of each."""
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.normal(0, 0.3, HOURS))
    own = rng.normal(0, 1, (areas, HOURS))
    area = np.arange(meters) % areas
    volts = 230 + common + own[area] + noise * rng.normal(0, 1, (meters, HOURS))
    return volts, 230 + common + own + 0.3 * rng.normal(0, 1, own.shape), area


def ranked(volts: np.ndarray, own: np.ndarray, held: np.ndarray) -> np.ndarray:
    kinds, phases = np.zeros(len(volts), dtype=int), np.full(len(volts), -1)
    series = Series.of(volts, own, held, kinds, phases)
    return log_likelihood(series, np.ones((len(volts), len(own)), dtype=bool))


def test_meters_on_the_wrong_area_come_back_to_theirs() -> None:
    volts, own, area = planted()
    held = area.copy()
    held[::7] = (held[::7] + 1) % 5
    assert (ranked(volts, own, held).argmax(axis=1) == area).all()


def test_meters_alone_tell_where_the_area_measured_nothing() -> None:
    volts, own, area = planted()
    held = area.copy()
    held[::7] = (held[::7] + 1) % 5
    found = ranked(volts, np.full_like(own, np.nan), held).argmax(axis=1)
    assert (found == area).mean() > 0.98


def test_a_meter_that_was_never_read_says_nothing() -> None:
    volts, own, area = planted()
    volts[0] = np.nan
    assert np.allclose(ranked(volts, own, area)[0], 0.0)


def test_gaps_cost_certainty_not_truth() -> None:
    volts, own, area = planted()
    whole = ranked(volts, own, area)
    rng = np.random.default_rng(1)
    volts[rng.random(volts.shape) < 0.5] = np.nan
    found = ranked(volts, own, area)
    assert (found.argmax(axis=1) == area).all()
    assert found.max(axis=1).mean() < whole.max(axis=1).mean()


def test_only_candidates_are_ranked() -> None:
    volts, own, area = planted()
    candidates = np.zeros((len(volts), 5), dtype=bool)
    candidates[:, :2] = True
    series = Series.of(volts, own, np.minimum(area, 1), np.zeros(len(volts), dtype=int), np.full(len(volts), -1))
    found = log_likelihood(series, candidates)
    assert np.isneginf(found[:, 2:]).all()
    assert np.isfinite(found[:, :2]).all()


def test_the_likelihood_is_the_one_of_a_slow_and_obvious_way() -> None:
    """Correlation of a meter with the mean of the others, one pair after the other."""
    volts, own, area = planted(areas=3, meters=12)
    silent = np.full_like(own, np.nan)
    series = Series.of(volts, silent, area, np.zeros(12, dtype=int), np.full(12, -1))
    fast = log_likelihood(series, np.ones((12, 3), dtype=bool))
    for meter in range(12):
        for candidate in range(3):
            others = [m for m in range(12) if area[m] == candidate and m != meter]
            mean = series.meters[others].mean(axis=0)
            mine = series.meters[meter]
            correlation = max(float(mine @ mean / np.sqrt((mine @ mine) * (mean @ mean))), 0.0)
            expected = -0.5 * np.count_nonzero(mine) * np.log1p(-(correlation**2))
            assert fast[meter, candidate] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_day_away_says_nothing_of_use() -> None:
    use = np.array([[10.0, 11.0, 0.0, 0.2, 9.0]])
    logs = logs_of_use(use)
    assert np.isnan(logs[0, 2:4]).all()
    np.testing.assert_allclose(logs[0, [0, 1, 4]], np.log([10.0, 11.0, 9.0]))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), losses=st.floats(0.0, 0.05))
def test_a_member_makes_the_parents_load_add_up(seed: int, losses: float) -> None:
    rng = np.random.default_rng(seed)
    shape = 1 + 0.4 * np.sin(np.arange(24 * 30) / 24 * 2 * np.pi)
    loads = 100 * shape * np.exp(0.05 * rng.normal(0, 1, (6, 24 * 30)))
    total = loads[:5].sum(axis=0)
    parent = total * (1 + losses * total / total.max())
    assert gain(parent, loads[:4].sum(axis=0), loads[4]) > 20
    assert gain(parent, total, loads[5]) < -20


def test_few_hours_say_nothing() -> None:
    loads = np.ones(100)
    assert gain(loads, loads, loads) == 0.0
