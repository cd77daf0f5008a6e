"""Thresholds: they follow the unit, rise with the number of tests, and are silent where nothing changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.watch.threshold import Rates, judge, rolling_past

RATES = Rates(alarm=0.02, watch=0.3, tests=50)
PAST = np.random.default_rng(1).normal(5.0, 0.3, 200)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-3, 1e3), value=st.floats(-20, 20))
def test_the_unit_of_the_figure_does_not_matter(scale: float, value: float) -> None:
    plain = judge(value, PAST, 30, RATES)
    scaled = judge(value * scale, PAST * scale, 30, RATES)
    assert plain is not None
    assert scaled is not None
    assert scaled.severity == plain.severity
    assert scaled.threshold == pytest.approx(plain.threshold * scale, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(shift=st.floats(-100, 100), value=st.floats(-20, 20))
def test_where_the_zero_lies_does_not_matter(shift: float, value: float) -> None:
    plain, moved = judge(value, PAST, 30, RATES), judge(value + shift, PAST + shift, 30, RATES)
    assert plain is not None
    assert moved is not None
    assert moved.deviation == pytest.approx(plain.deviation, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(tests=st.integers(1, 2000), more=st.integers(1, 2000), rate=st.floats(1e-4, 0.2))
def test_more_tests_lower_rates_and_fewer_windows_raise_the_threshold(tests: int, more: int, rate: float) -> None:
    def threshold(rates: Rates, windows: float = 30) -> float:
        judged = judge(5.0, PAST, windows, rates)
        assert judged is not None
        return judged.threshold

    here = Rates(rate, 0.3, tests)
    assert threshold(Rates(rate, 0.3, tests + more)) >= threshold(here)
    assert threshold(Rates(rate / 2, 0.3, tests)) >= threshold(here)
    assert threshold(here, 8) >= threshold(here, 30)
    judged = judge(5.0, PAST, 30, here)
    assert judged is not None
    assert judged.notice <= judged.threshold


def test_no_finding_on_a_figure_that_is_as_it_always_was() -> None:
    still = judge(1.0, np.ones(50), 10, RATES)
    assert still is not None
    assert still.severity is None


def test_a_floor_and_the_past_s_own_extremes_hold_an_alarm_back() -> None:
    far = judge(8.0, PAST, 30, RATES)
    assert far is not None
    assert far.severity == "alarm"
    floored = judge(8.0, PAST, 30, RATES, floor=4.0)
    assert floored is not None
    assert floored.severity is None
    bursts = np.concatenate([np.zeros(97), [5.0, 5.0, 5.0]])
    seen = judge(5.5, bursts, 30, RATES, margin=1.2, tail=1.0)
    assert seen is not None
    assert seen.severity == "watch"
    worse = judge(6.5, bursts, 30, RATES, margin=1.2, tail=1.0)
    assert worse is not None
    assert worse.severity == "alarm"


def test_upward_only_is_blind_downwards() -> None:
    for value, severity in ((8.0, "alarm"), (2.0, None)):
        judged = judge(value, PAST, 30, RATES, upward_only=True)
        assert judged is not None
        assert judged.severity == severity


def test_false_alarms_over_all_tests_stay_below_the_rate() -> None:
    rng = np.random.default_rng(7)
    rates = Rates(alarm=0.05, watch=0.5, tests=20)
    alarmed = noticed = 0
    for _ in range(200):
        runs = [judge(float(x[-1]), x[:-1], 40, rates) for x in rng.normal(size=(20, 41))]
        severities = {one.severity for one in runs if one is not None}
        alarmed += "alarm" in severities
        noticed += bool(severities - {None})
    # The scale is estimated from 40 windows by a robust figure, which makes the tails somewhat heavier than t's.
    assert alarmed <= 0.12 * 200
    assert noticed > alarmed


def test_the_unknown_is_not_judged() -> None:
    assert judge(np.nan, PAST, 30, RATES) is None
    assert judge(1.0, np.full(5, np.nan), 30, RATES) is None


def test_recent_windows_are_no_past() -> None:
    rolled = np.arange(30.0)
    known, windows = rolling_past(rolled, gap=10, length=5)
    assert known.max() == 19
    assert windows == 4
    assert len(rolling_past(rolled, gap=40, length=5)[0]) == 0
