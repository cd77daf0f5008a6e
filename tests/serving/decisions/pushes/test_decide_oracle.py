"""Reasons, contacts and their order are those of a slow and plain judge, in small worlds of every kind."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.pushes import CODES
from tests.serving.decisions.pushes.random_worlds import random_world
from tests.serving.decisions.pushes.slow import slowly
from tests.serving.decisions.pushes.worlds import reasons_of


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 24))
def test_a_plain_judge_agrees(seed: int, n: int) -> None:
    world = random_world(seed, n)
    decided = world.decide()
    reasons, contacts = slowly(world)
    assert reasons_of(world, decided) == reasons
    assert list(zip(decided.contacts["customer_id"], decided.contacts["service"], strict=True)) == contacts


def test_the_worlds_bear_every_reason() -> None:
    seen: Counter[str] = Counter()
    for seed in range(80):
        seen.update(random_world(seed, 24).reasons().values())
    assert set(seen) == set(CODES)
