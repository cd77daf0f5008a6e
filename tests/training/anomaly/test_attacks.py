"""Our own attacks: what they leave as it was, and what they make of readings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.anomaly.attacks import KINDS, AttackConfig, attacked, forge

CONFIG = AttackConfig()


@given(st.sampled_from(list(KINDS)), st.integers(0, 2**31), st.integers(70, 190))
def test_days_before_the_onset_stay_and_whole_readings_stay_whole(kind: str, seed: int, onset: int) -> None:
    rng = np.random.default_rng(seed)
    use = np.rint(rng.gamma(4.0, 25.0, 220)) + 1
    shown = forge(use, onset, kind, CONFIG, rng, floor=1.0)
    assert np.array_equal(shown[:onset], use[:onset])
    assert np.array_equal(shown, np.rint(shown))
    assert shown.min() >= 1
    assert len(shown) == len(use)


@pytest.mark.parametrize("kind", ["scaled", "jittered", "capped", "spells", "creeping", "part_time"])
def test_a_theft_never_shows_more_than_was_used(kind: str) -> None:
    rng = np.random.default_rng(3)
    use = rng.gamma(4.0, 25.0, 220)
    assert np.all(forge(use, 100, kind, CONFIG, rng) <= use + 1e-9)


def test_days_put_in_other_order_keep_their_sum() -> None:
    rng = np.random.default_rng(3)
    use = rng.gamma(4.0, 25.0, 220)
    shown = forge(use, 100, "reordered", CONFIG, rng)
    assert shown.sum() == pytest.approx(use.sum())
    assert not np.array_equal(shown, use)


def test_attacks_lie_within_their_lengths() -> None:
    use = np.random.default_rng(1).gamma(4.0, 25.0, (200, 300))
    shown, kind, onset = attacked(use, CONFIG, np.random.default_rng(2))
    length = 300 - onset
    assert length.min() >= CONFIG.least_days
    assert length.max() <= CONFIG.most_days
    assert set(kind) <= set(range(len(KINDS)))
    assert np.mean(np.any(shown != use, axis=1)) > 0.95
