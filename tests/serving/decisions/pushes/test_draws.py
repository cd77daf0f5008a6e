"""Lots: the same everywhere and always, as many as they should be, and nothing to do with each other."""

import numpy as np
import pytest

from serving.decisions.pushes.draws import draw, explores, left_out_of_all, left_out_of_campaign
from tests.serving.decisions.pushes.worlds import policy

MANY = np.array([f"C{at:06d}" for at in range(100_000)], dtype=object)


def test_a_lot_stays_as_it_fell() -> None:
    assert draw("headroom", "universal", ["C1", "C2"]).tolist() == [0.6466198132726788, 0.22787727697197213]
    assert draw("headroom", "universal", []).tolist() == []


def test_lots_are_even() -> None:
    found = draw("s", "what", MANY)
    assert found.min() >= 0
    assert found.max() < 1
    tenths = np.bincount((found * 10).astype(int), minlength=10)
    assert np.abs(tenths - 10_000).max() < 5 * np.sqrt(100_000 * 0.1 * 0.9)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.5])
def test_shares_are_what_the_policy_says(share: float) -> None:
    one = policy(universal_holdout=share, campaign_holdout=share, explore=share, salt="any")
    bound = 5 * np.sqrt(len(MANY) * share * (1 - share))
    for mask in (left_out_of_all(one, MANY), left_out_of_campaign(one, "universal", MANY), explores(one, MANY)):
        assert abs(mask.sum() - share * len(MANY)) <= bound


def test_lots_have_nothing_to_do_with_each_other() -> None:
    one = policy(universal_holdout=0.3, campaign_holdout=0.3, explore=0.3)
    masks = [
        left_out_of_all(one, MANY),
        left_out_of_campaign(one, "a", MANY),
        left_out_of_campaign(one, "universal", MANY),
        explores(one, MANY),
        left_out_of_all(one.model_copy(update={"salt": "another"}), MANY),
    ]
    apart = np.corrcoef(np.array(masks, dtype=float)) - np.eye(len(masks))
    assert np.abs(apart).max() < 0.02


def test_accounts_of_one_person_fall_together() -> None:
    one = policy(universal_holdout=0.5, campaign_holdout=0.5)
    persons = np.repeat(MANY[:50], 3)
    for mask in (left_out_of_all(one, persons), left_out_of_campaign(one, "a", persons)):
        assert (mask.reshape(50, 3).all(axis=1) == mask.reshape(50, 3).any(axis=1)).all()
        assert 0 < mask.mean() < 1
