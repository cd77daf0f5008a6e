"""Work beside the answers is done when asked, once for many asks, and goes on after a failure."""

import threading

from features.errors import HeadroomError
from serving.rechecking import Rechecker


def test_many_asks_are_one_look_and_a_failure_is_not_the_end() -> None:
    begun, may_go, looks = threading.Semaphore(0), threading.Semaphore(0), []

    def work() -> None:
        looks.append(len(looks))
        begun.release()
        may_go.acquire(timeout=10)
        if len(looks) == 1:
            raise HeadroomError("the database is gone")

    one = Rechecker("work", work, 3600)
    one.start()
    one.ask()
    assert begun.acquire(timeout=10)
    for _ in range(5):
        one.ask()
    may_go.release()
    assert begun.acquire(timeout=10)
    may_go.release()
    one.close()
    assert looks == [0, 1]


def test_time_alone_is_reason_enough() -> None:
    looked = threading.Event()
    one = Rechecker("look", looked.set, 0.01)
    one.start()
    assert looked.wait(10)
    one.close()
