"""A random course of events over the queue and over the plain book, for tests and for the benchmark alike."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from serving.ledger import Promise
from serving.queue import Queue, QueuePolicy, Request
from tests.serving.ledger.builders import NOW, a_base
from tests.serving.queue.plain import RELEASE_DAYS, PlainQueue

CLASSES = {"public": 1, "residential": 2, "industrial": 3}


def policy(order: str = "first_come", overtaking: bool = False) -> QueuePolicy:
    return QueuePolicy(order=order, priority=CLASSES, overtaking=overtaking, release_days=RELEASE_DAYS)


class Course:
    """Both books side by side; `happen` lets one random thing come to pass in both."""

    def __init__(self, queue: Queue, rng: random.Random, areas: int = 8, feeders: int = 3) -> None:
        self.queue, self.rng, self.now, self.number = queue, rng, NOW, 0
        above: dict[str, str | None] = {"S1": None} | {f"F{n}": "S1" for n in range(feeders)}
        above |= {f"A{n}": f"F{n % feeders}" for n in range(areas)}
        self.areas, self.feeders = [f"A{n}" for n in range(areas)], [f"F{n}" for n in range(feeders)]
        rank = CLASSES if queue.policy.order == "priority" else {}
        self.plain = PlainQueue(dict.fromkeys(above), above, rank, queue.policy.overtaking)
        self.stages: dict[str, str] = {}
        self.publish()

    def happen(self) -> str:
        """One thing: its name."""
        self.now += timedelta(hours=self.rng.choice((1, 5, 40)))
        self.plain.go(self.now)
        self.queue.settle(self.now, "clock")
        do: list[tuple[int, Callable[[], Any]]] = [
            (45, self.apply),
            (20, self.withdraw),
            (15, self.publish),
            (10, self.correct),
            (10, self.approve),
        ]
        # What time brings and what people do are told apart by when they happen.
        self.now += timedelta(minutes=1)
        what = self.rng.choices([one for _, one in do], [weight for weight, _ in do])[0]
        what()
        return what.__name__

    def apply(self) -> None:
        self.number += 1
        name, area = f"Y{self.number:04d}", self.rng.choice(self.areas)
        kva = [self.rng.choice((0, 10, 40, 90)) for _ in range(6)]
        kva[self.rng.randrange(6)] = self.rng.choice((10, 40, 90))
        at = self.now - timedelta(hours=self.rng.choice((0, 0, 30)))
        customer_class = self.rng.choice(sorted(CLASSES))
        va = tuple(1000 * one for one in kva)
        self.queue.check(Request(name, area, va, max(kva), customer_class, at), self.now, "desk", hold=True)
        self.plain.check(name, customer_class, at, area, kva, self.now)

    def withdraw(self) -> None:
        ours = [one for one in self.plain.waiting if one not in self.stages]
        held = [case.application_id for case in self._cases() if case.state == "released"]
        names = sorted(set(ours) | (set(held) & set(self.plain.held)))
        if names:
            name = self.rng.choice(names)
            self.queue.withdraw(name, self.now, "desk")
            self.plain.withdraw(name, self.now)

    def publish(self) -> None:
        """New figures for every node; now and then one is not known."""
        ample = self.rng.choice((1, 1, 4))
        for node in self.plain.open_kva:
            kva = ample * {"A": 150, "F": 300, "S": 700}[node[0]]
            known = self.rng.random() > 0.04
            self.plain.open_kva[node] = [float(self.rng.randrange(0, kva, 5)) for _ in range(6)] if known else None
        self._rebase()

    def correct(self) -> None:
        """One ledger row is put right: another rating, or an area hangs on another feeder."""
        if self.rng.random() < 0.5:
            self.plain.above[self.rng.choice(self.areas)] = self.rng.choice(self.feeders)
        else:
            node = self.rng.choice(sorted(self.plain.open_kva))
            self.plain.open_kva[node] = [float(self.rng.randrange(0, 200, 5)) for _ in range(6)]
        self._rebase()

    def approve(self) -> None:
        """An application is approved, which the next figures count."""
        # Also one whose release ran out, or that was taken back and approved all the same.
        names = sorted(set(self.plain.asked) - set(self.stages))
        if names:
            name = self.rng.choice(names)
            self.stages[name] = "approved"
            self.plain.approve(name)
        self._rebase()

    def _rebase(self) -> None:
        promises = [
            Promise(name, self.plain.asked[name][2], stage, tuple(1000 * one for one in self.plain.asked[name][3]))
            for name, stage in self.stages.items()
        ]
        base = a_base(f"b{self.now:%d%H}-{self.rng.random()}", self.plain.open_kva, self.plain.above, promises)
        self.plain.go(self.now)
        self.queue.rebase(base, self.now, "publisher")

    def _cases(self) -> list[Any]:
        from serving.queue.reading import find_cases

        return find_cases(self.queue.ledger.engine)

    def differences(self) -> Iterator[str]:
        """What the two books do not agree on: who waits, and what is held for whom."""
        waiting = {case.application_id for case in self._cases() if case.state == "waiting"}
        if waiting != self.plain.waiting:
            yield f"waiting: {sorted(waiting ^ self.plain.waiting)}"
        held = {one.ref: one.expires_at for one in self.queue.ledger.find()}
        if held != self.plain.held:
            yield f"held: {sorted(set(held) ^ set(self.plain.held)) or 'until other times'}"
