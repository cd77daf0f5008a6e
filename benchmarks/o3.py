"""O3: eight processes reserve, confirm, cancel at random on SQLite and PostgreSQL and are killed at random; recounted.

Each database for a minute: 24 areas on 6 feeders and 2 substations, tight enough that most asks are refused. Every
third of a second one process is killed outright and another takes its place. Meanwhile and at the end, within one
snapshot: no node holds more than is open, every promise stands at its whole path, sums are what promises add up to.
"""

import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
from sqlalchemy import Engine, select

from benchmarks.result import Measured, run, seed
from features.errors import NotFoundError
from serving.ledger import BLOCKS, Ask, Base, Ledger
from serving.ledger.tables import HELD_VA, OPEN_VA, VA, capacity_room, reservation, reservation_node
from serving.refusals import RefusalError
from serving.state import open_state
from tests.postgres import postgres, postgres_binaries

PROCESSES, SECONDS, KILL_EVERY = 8, float(os.environ.get("SECONDS_EACH") or 60), 0.33
AREAS, FEEDERS, SUBSTATIONS = 24, 6, 2


def measure() -> Measured:
    """Both databases, one after the other."""
    binaries = postgres_binaries()
    if binaries is None:
        print("skipped: no PostgreSQL server programs on this machine (Debian: postgresql)")
        raise SystemExit(3)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        found |= {f"sqlite_{name}": value for name, value in one(f"sqlite:///{Path(folder) / 'state.db'}").items()}
    with postgres(binaries) as server:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE state")
        found |= {f"postgresql_{name}": value for name, value in one(f"{server}/state").items()}
    wrong = ("over_limit", "half_made", "sums_differ")
    total = {name: found[f"sqlite_{name}"] + found[f"postgresql_{name}"] for name in wrong}
    return total | found, {}


def one(url: str) -> dict[str, float]:
    """One database, under fire."""
    engine = open_state(url)
    book = Ledger(engine)
    book.rebase(a_base(), datetime.now(UTC))
    rng = random.Random(seed(0))
    counts = {"over_limit": 0, "half_made": 0, "sums_differ": 0, "looks": 0, "kills": 0}
    with crew(url, rng) as (members, start):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(KILL_EVERY)
            place = rng.randrange(PROCESSES)
            victim = members[place]
            if victim.pid:
                os.kill(victim.pid, signal.SIGKILL)
                victim.join()
                counts["kills"] += 1
            members[place] = start()
            look(engine, counts)
    look(engine, counts)
    made = {state: len(book.find(states=[state])) for state in ("held", "confirmed", "cancelled", "expired")}
    engine.dispose()
    return {**counts, "promises": sum(made.values()), "cancelled": made["cancelled"], "expired": made["expired"]}


@contextmanager
def crew(url: str, rng: random.Random) -> Iterator[tuple[list[BaseProcess], Callable[[], BaseProcess]]]:
    """The processes, and a way to start another."""
    # Imports take seconds: a process that had to do them would be killed before its first promise.
    spawn = multiprocessing.get_context("forkserver")
    spawn.set_forkserver_preload(["serving.ledger.book", "benchmarks.result", "tests.postgres"])

    def start() -> BaseProcess:
        process = spawn.Process(target=work, args=(url, rng.randrange(2**31)), daemon=True)
        process.start()
        return process

    members = [start() for _ in range(PROCESSES)]
    try:
        yield members, start
    finally:
        for process in members:
            process.kill()
            process.join()


def work(url: str, number: int) -> None:
    """Reserve, confirm, cancel, and now and then put the book on its base again, for ever."""
    rng = random.Random(number)
    engine = open_state(url)
    book = Ledger(engine)
    while True:
        now = datetime.now(UTC)
        try:
            act(book, rng, now)
        except (RefusalError, NotFoundError):
            continue


def act(book: Ledger, rng: random.Random, now: datetime) -> None:
    """One thing somebody might do."""
    what = rng.random()
    if what < 0.5:
        asks = [an_ask(rng, now) for _ in range(rng.choice((1, 1, 1, 2, 4)))]
        book.reserve(asks, now, "worker")
    elif what < 0.98:
        held = book.find()
        if held:
            one_of = rng.choice(held).reservation_id
            (book.confirm if rng.random() < 0.2 else book.cancel)(one_of, now, "worker")
    else:
        book.rebase(a_base(), now)


def an_ask(rng: random.Random, now: datetime) -> Ask:
    """Some kVA at some area, at some hours; every fifth confirmed at once, others for a few seconds."""
    area = rng.randrange(AREAS)
    kva = rng.choice((5, 20, 60, 150))
    va = (1000 * kva, *(1000 * kva * rng.choice((0, 1, 1)) for _ in range(BLOCKS - 1)))
    until = None if rng.random() < 0.2 else now + timedelta(seconds=rng.uniform(0.5, 8))
    return Ask(
        "allocation", f"Y{rng.randrange(10**6)}", path_of(area), va if max(va) else (5000,) * BLOCKS, None, until
    )


def path_of(area: int) -> tuple[str, str, str]:
    feeder = area * FEEDERS // AREAS
    return f"A{area}", f"F{feeder}", f"S{feeder * SUBSTATIONS // FEEDERS}"


def a_base() -> Base:
    """Areas of 200 kVA on feeders of 500 on substations of 1,200."""
    above = {}
    for area in range(AREAS):
        path = path_of(area)
        above |= {path[0]: path[1], path[1]: path[2], path[2]: None}
    kva = {"A": 200, "F": 500, "S": 1200}
    rows = [
        {
            "node_id": node,
            "name": node,
            "kind": {"A": "area", "F": "feeder", "S": "substation"}[node[0]],
            "above": up,
            "hall_id": None,
            "reason": None,
            **dict.fromkeys(OPEN_VA, 1000 * kva[node[0]]),
        }
        for node, up in sorted(above.items())
    ]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Base("base", now, now + timedelta(days=365), "l", tuple(rows))


def look(engine: Engine, counts: dict[str, float]) -> None:
    """Add what is wrong in one snapshot of the whole book."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection:
        rooms = connection.execute(select(capacity_room)).mappings().all()
        promises = connection.execute(select(reservation)).mappings().all()
        places: dict[str, set[str]] = {}
        for place in connection.execute(select(reservation_node)):
            places.setdefault(place.reservation_id, set()).add(place.node_id)
    held = {row["node_id"]: [0] * BLOCKS for row in rooms}
    for promise in promises:
        path = set(path_of(int(promise["node_id"][1:])))
        counts["half_made"] += places.get(promise["reservation_id"], set()) != path
        if promise["state"] in ("held", "confirmed"):
            for node in path:
                held[node] = [a + promise[name] for a, name in zip(held[node], VA, strict=True)]
    for row in rooms:
        told = [row[name] for name in HELD_VA]
        counts["sums_differ"] += told != held[row["node_id"]]
        counts["over_limit"] += any(one > row[free] for one, free in zip(told, OPEN_VA, strict=True))
    counts["looks"] += 1


if __name__ == "__main__":
    nothing = {name: [("<=", 0.0)] for name in ("over_limit", "half_made", "sums_differ")}
    enough = {f"{name}_{what}": [(">=", 50.0)] for name in ("sqlite", "postgresql") for what in ("kills", "promises")}
    run("O3", measure, nothing | enough)
