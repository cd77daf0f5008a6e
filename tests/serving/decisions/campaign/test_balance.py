"""Whether hold-outs are as many, and as like, as they should be."""

import numpy as np
import pytest
from scipy import stats

from serving.decisions.campaign.balance import BALANCED, UNBALANCED, balance, sample_ratio
from serving.decisions.campaign.intervals import Arms
from serving.decisions.pushes.draws import left_out_of_campaign
from serving.decisions.pushes.policy import PushPolicy

SHARE = 0.145


def drawn(count: int, seed: int) -> Arms:
    """Persons held out by lot."""
    return Arms.of(np.random.default_rng(seed).random(count) >= SHARE, np.arange(count))


def test_as_many_as_should_be_are_no_matter() -> None:
    found = sample_ratio(drawn(2000, 1), SHARE)
    assert not found.flagged
    assert found.persons == 2000
    assert found.probability == pytest.approx(stats.binomtest(found.held_out, 2000, SHARE).pvalue)


def test_hold_outs_that_went_missing_are_flagged() -> None:
    arms = drawn(2000, 1)
    gone = ~arms.treated & (arms.persons % 3 == 0)
    assert sample_ratio(arms.take(~gone), SHARE).flagged


def test_persons_are_counted_and_not_their_accounts() -> None:
    arms = drawn(500, 2)
    many = Arms(np.repeat(arms.treated, 4), np.repeat(arms.persons, 4))
    assert sample_ratio(many, SHARE) == sample_ratio(arms, SHARE)


def test_nobody_is_no_reason_to_flag() -> None:
    assert not sample_ratio(Arms.of(np.zeros(0, dtype=bool), np.zeros(0)), SHARE).flagged


def test_a_difference_is_told_in_standard_deviations() -> None:
    arms = Arms.of(np.arange(400) < 200, np.arange(400))
    values = np.tile([0.0, 2.0], 200) + 0.5 * arms.treated
    (found,) = balance({"use": values}, arms)
    assert found.difference == pytest.approx(0.5 / np.sqrt(200 / 199), rel=1e-6)
    assert found.verdict == UNBALANCED


def test_what_chance_makes_of_a_small_campaign_is_told_and_not_flagged() -> None:
    # Fifty persons, and whatever ten covariates come to: most are beyond a tenth of a standard deviation.
    flagged, large = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = balance({f"x{k}": rng.lognormal(0, 2, 120) for k in range(10)}, drawn(120, seed))
        flagged += any(one.verdict == UNBALANCED for one in found)
        large += any(one.verdict != BALANCED for one in found)
    assert large > 50
    assert flagged <= 3


def test_what_is_known_of_few_or_the_same_of_all_is_left_out() -> None:
    arms = drawn(300, 3)
    few = np.where(np.arange(300) < 4, 1.0, np.nan)
    assert balance({"few": few, "all alike": np.full(300, 7.0)}, arms) == ()


def test_hold_outs_by_hash_pass() -> None:
    persons = np.array([f"C{k:06d}" for k in range(6000)], dtype=object)
    policy = PushPolicy.model_validate({"salt": "any"})
    arms = Arms.of(~left_out_of_campaign(policy, "one", persons), persons)
    assert not sample_ratio(arms, policy.campaign_holdout).flagged
    (found,) = balance({"number": np.arange(6000.0)}, arms)
    assert found.verdict != UNBALANCED
