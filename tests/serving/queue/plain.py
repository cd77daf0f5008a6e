"""The queue as a plain book: everything is recomputed from lists after everything that happens. Slow and obvious."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

BLOCKS = range(6)
RELEASE_DAYS = 30


@dataclass
class PlainQueue:
    """`open_kva` node → six figures (None: not known); `above` node → the one that supplies it."""

    open_kva: dict[str, list[float] | None]
    above: dict[str, str | None]
    rank: Mapping[str, int] = field(default_factory=dict)
    overtaking: bool = False
    asked: dict[str, tuple[int, datetime, str, list[int]]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    held: dict[str, datetime | None] = field(default_factory=dict)
    """application → until when capacity is held (None: for good); those in `counted` are in the figures already."""
    counted: set[str] = field(default_factory=set)

    def path(self, area: str) -> list[str]:
        found = [area]
        while (up := self.above[found[-1]]) is not None:
            found.append(up)
        return found

    def taken(self, node: str, block: int) -> int:
        return sum(
            self.asked[one][3][block]
            for one in self.held
            if one not in self.counted and node in self.path(self.asked[one][2])
        )

    def check(self, name: str, customer_class: str, at: datetime, area: str, kva: list[int], now: datetime) -> None:
        """A new application: it waits, and is released at once where it fits and is first."""
        self.asked[name] = (self.rank.get(customer_class, 0), at, area, kva)
        self.waiting.add(name)
        self.go(now)

    def withdraw(self, name: str, now: datetime) -> None:
        self.waiting.discard(name)
        self.held.pop(name, None)
        self.go(now)

    def approve(self, name: str) -> None:
        """In the figures that come next, wherever it stands."""
        self.waiting.discard(name)
        self.held[name] = None
        self.counted.add(name)

    def go(self, now: datetime) -> None:
        """End what ran out, then release in order what fits and may."""
        for name, until in list(self.held.items()):
            if until is not None and until <= now:
                del self.held[name]
        waited_for: set[str] = set()
        for name in sorted(self.waiting, key=lambda one: (*self.asked[one][:2], one)):
            _, _, area, kva = self.asked[name]
            path = self.path(area)
            if any(self.open_kva[node] is None for node in path):
                continue
            spare = {node: min(self._spare(node, block, kva[block]) for block in BLOCKS if kva[block]) for node in path}
            if min(spare.values()) < 0:
                least = min(spare.values())
                waited_for |= {next(node for node in reversed(path) if spare[node] == least)}
            elif self.overtaking or not waited_for & set(path):
                self.waiting.discard(name)
                self.held[name] = now + timedelta(days=RELEASE_DAYS)

    def _spare(self, node: str, block: int, kva: int) -> float:
        room = self.open_kva[node]
        assert room is not None
        return room[block] - self.taken(node, block) - kva
