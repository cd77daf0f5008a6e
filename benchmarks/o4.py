"""O4: 500 random applications, publications, corrections, withdrawals and approvals: the queue beside a plain recount.

After every event, who waits and what is held for whom, until when, is compared with a plain book that recomputes all
of it from lists. Three seeds on SQLite and one on PostgreSQL where its programs are; half by first come, half by
priority. `out_of_order` counts releases that passed an earlier one that waited for a node on the same path.
"""

import random
from collections import Counter
from datetime import datetime

import psycopg

from benchmarks.result import Measured, run, seed
from serving.ledger import Ledger
from serving.queue import Queue
from serving.queue.reading import find_cases, ordered
from serving.state import open_state
from tests.postgres import postgres, postgres_binaries
from tests.serving.ledger.builders import recounted
from tests.serving.ledger.conftest import quick_folder
from tests.serving.queue.course import Course, policy

EVENTS = 500


def measure() -> Measured:
    """Every seed by itself, added up."""
    total: Counter[str] = Counter()
    for number in range(seed(0), seed(0) + 3):
        with quick_folder() as folder:
            total += one(f"sqlite:///{folder / 'state.db'}", number)
    binaries = postgres_binaries()
    if binaries is not None:
        with postgres(binaries) as server:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE state")
            total += one(f"{server}/state", seed(0) + 3)
    names = ("events", "differing", "sums_differ", "out_of_order", "released", "constrained", "on_postgresql")
    return {name: float(total[name]) for name in names}, {}


def one(url: str, number: int) -> Counter[str]:
    """One course of events."""
    engine = open_state(url)
    course = Course(Queue(Ledger(engine), policy("priority" if number % 2 else "first_come")), random.Random(number))
    found: Counter[str] = Counter()
    for _ in range(EVENTS):
        found[course.happen()] += 1
        found["events"] += 1
        found["differing"] += bool(list(course.differences()))
        found["out_of_order"] += out_of_order(course)
    cases = find_cases(engine)
    found["released"] = sum(case.released_at is not None for case in cases)
    found["constrained"] = len(cases)
    found["sums_differ"] = sum(held != counted for held, counted in recounted(engine).values())
    found["on_postgresql"] = int(engine.dialect.name == "postgresql")
    engine.dispose()
    print(number, dict(found))
    return found


def out_of_order(course: Course) -> int:
    """Releases of this very moment that passed an earlier case that waits for a node on their path."""
    cases = find_cases(course.queue.ledger.engine)
    now: datetime = course.now
    passed = [case for case in cases if case.released_at == now]
    waiting = [case for case in cases if case.state == "waiting" and case.outcome == "constrained"]
    return sum(
        any(
            ordered(other) < ordered(case) and other.binding_node_id in course.plain.path(case.node_id)
            for other in waiting
        )
        for case in passed
    )


if __name__ == "__main__":
    nothing = {name: [("<=", 0.0)] for name in ("differing", "sums_differ", "out_of_order")}
    run("O4", measure, nothing | {"released": [(">=", 100.0)]})
