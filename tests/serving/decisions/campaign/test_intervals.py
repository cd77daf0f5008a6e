"""Intervals of differences: known figures, slow oracles, and how often they cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from serving.decisions.campaign.intervals import Arms, mean_difference, ratio_difference, share_difference


def arms(sent: int, held: int) -> Arms:
    """A person for each row."""
    return Arms.of(np.arange(sent + held) < sent, np.arange(sent + held))


def hits(sent: int, of_sent: int, held: int, of_held: int) -> tuple[np.ndarray, Arms]:
    """Successes of both arms."""
    success = np.r_[np.arange(of_sent) < sent, np.arange(of_held) < held].astype(float)
    return success, arms(of_sent, of_held)


def test_shares_are_as_newcombe_tells_of_his_example() -> None:
    # Newcombe (1998), method 10: 56 of 70 against 48 of 80 are 0.0524 to 0.3339, with the normal quantile.
    found = share_difference(*hits(56, 70, 48, 80))
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=0.004), pytest.approx(0.3339, abs=0.004))
    # Student's quantile is the wider one.
    assert found.low < 0.0524
    assert found.high > 0.3339


def test_nobody_taking_it_is_no_certainty() -> None:
    found = share_difference(*hits(0, 300, 0, 40))
    assert found.difference == 0
    assert found.low < -0.05 < 0.005 < found.high


@given(st.integers(0, 200), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_an_interval_holds_its_difference_and_is_turned_around_with_the_arms(sent: int, held: int) -> None:
    success, drawn = hits(sent, 200, held, 40)
    found = share_difference(success, drawn)
    back = share_difference(success, Arms(~drawn.treated, drawn.persons))
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert (back.low, back.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_accounts_of_one_person_that_act_alike_are_one_draw() -> None:
    success, drawn = hits(60, 200, 5, 50)
    twice = Arms(np.repeat(drawn.treated, 2), np.repeat(drawn.persons, 2))
    once, both = share_difference(success, drawn), share_difference(np.repeat(success, 2), twice)
    assert (both.low, both.high) == (pytest.approx(once.low, abs=2e-3), pytest.approx(once.high, abs=2e-3))
    values = success * 7.5
    once, both = mean_difference(values, drawn), mean_difference(np.repeat(values, 2), twice)
    assert (both.low, both.high) == (pytest.approx(once.low), pytest.approx(once.high))


def test_means_of_persons_with_one_account_are_as_welch_has_them() -> None:
    rng = np.random.default_rng(5)
    sent, held = rng.normal(3, 2, 90), rng.normal(2, 5, 30)
    found = mean_difference(np.r_[sent, held], arms(90, 30))
    known = stats.ttest_ind(sent, held, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(known.low), pytest.approx(known.high))


def test_a_ratio_varies_as_the_jackknife_says() -> None:
    rng = np.random.default_rng(6)
    whole = rng.lognormal(4, 1, 500)
    part = whole * rng.uniform(0, 1, 500)
    found = ratio_difference([(part, whole)], arms(400, 100))
    variance = 0.0
    for mask in (np.arange(500) < 400, np.arange(500) >= 400):
        a, b = part[mask], whole[mask]
        left = (a.sum() - a) / (b.sum() - b)
        variance += (len(a) - 1) / len(a) * ((left - left.mean()) ** 2).sum()
    half = (found.high - found.low) / 2
    assert found.sent == pytest.approx(part[:400].sum() / whole[:400].sum())
    assert half / 1.96 == pytest.approx(np.sqrt(variance), rel=0.1)


def test_a_change_of_ratios_is_the_first_less_the_second() -> None:
    one = np.ones(100)
    counter = np.r_[np.full(60, 0.9), np.full(40, 0.8)]
    found = ratio_difference([(counter, one), (counter - 0.1 * (np.arange(100) < 60), one)], arms(60, 40))
    assert (found.sent, found.held_out, found.difference) == (pytest.approx(0.1), pytest.approx(0), pytest.approx(0.1))


@pytest.mark.parametrize(("base", "effect", "held"), [(0.02, 0.0, 40), (0.05, 0.1, 60), (0.3, 0.05, 100)])
def test_the_truth_is_within_in_95_of_100(base: float, effect: float, held: int) -> None:
    rng, covered = np.random.default_rng(int(1000 * base)), 0
    drawn, draws = arms(6 * held, held), 400
    for _ in range(draws):
        success = (rng.random(7 * held) < base + effect * drawn.treated).astype(float)
        found = share_difference(success, drawn)
        covered += found.low <= effect <= found.high
    assert covered >= 0.93 * draws


def test_times_turns_an_interval_around_where_it_has_to() -> None:
    found = mean_difference(np.r_[np.arange(40.0), np.arange(30.0)], arms(40, 30))
    turned = found.times(-2)
    assert (turned.low, turned.high) == (-2 * found.high, -2 * found.low)
