"""The queue beside a plain book, through random courses of publications, corrections, withdrawals and approvals."""

import random

import pytest

from serving.ledger import Ledger
from serving.queue import Queue, QueuePolicy
from serving.state import open_state
from tests.serving.ledger.builders import recounted
from tests.serving.ledger.conftest import quick_folder
from tests.serving.queue.course import Course, policy


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("order", "overtaking"), [("first_come", False), ("priority", False), ("first_come", True)])
def test_who_is_released_is_as_a_plain_book_has_it(seed: int, order: str, overtaking: bool) -> None:
    with quick_folder() as folder:
        as_a_plain_book_has_it(seed, policy(order, overtaking), f"sqlite:///{folder / 'state.db'}")


def as_a_plain_book_has_it(seed: int, rules: QueuePolicy, url: str) -> None:
    engine = open_state(url)
    course = Course(Queue(Ledger(engine), rules), random.Random(seed))
    happened = []
    for _ in range(25):
        happened.append(course.happen())
        assert list(course.differences()) == [], happened
    for node, (held, counted) in recounted(engine).items():
        assert held == counted, node
    engine.dispose()


@pytest.mark.slow
def test_the_same_on_postgresql(postgres_url: str) -> None:
    engine = open_state(postgres_url)
    course = Course(Queue(Ledger(engine), policy()), random.Random(9))
    for _ in range(60):
        course.happen()
        assert list(course.differences()) == []
    engine.dispose()
