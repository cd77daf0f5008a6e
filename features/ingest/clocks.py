"""From the clock of a source to UTC: fixed offsets, local zones, and the two hours of a year that are not plain."""

from collections import Counter
from collections.abc import Iterable
from datetime import timezone, tzinfo
from typing import Literal

import numpy as np
import pandas as pd

__all__ = ["Occurrences", "localize"]


class Occurrences:
    """Counts how often an ambiguous local time was seen per thing, across the chunks of one file.

    When clocks go back, a source that keeps its rows in order writes the summer hour first, the winter hour second.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[object, ...]] = Counter()
        self._fresh: Counter[tuple[object, ...]] = Counter()

    def is_first(self, things: list[tuple[object, ...]]) -> np.ndarray:
        """True where the thing occurs for the first time; every call counts on."""
        first = np.empty(len(things), dtype=bool)
        for position, thing in enumerate(things):
            first[position] = self._seen[thing] == 0
            self._seen[thing] += 1
            self._fresh[thing] += 1
        return first

    def fresh(self) -> list[tuple[list[object], int]]:
        """What was seen since this was asked last, as plain values."""
        seen = [(list(thing), count) for thing, count in self._fresh.items()]
        self._fresh.clear()
        return seen

    def recall(self, seen: Iterable[tuple[list[object], int]]) -> None:
        """Count what a run before has seen."""
        for thing, count in seen:
            self._seen[tuple(thing)] += count


def localize(
    naive: np.ndarray, zone: tzinfo, ambiguous: str = "quarantine", nonexistent: str = "quarantine"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """UTC of naive local times (datetime64[us], NaT allowed), where they occur twice, and where they do not occur.

    What is not decided by the policies is NaT and marked; `in_order` is decided by the caller: here it stays NaT.
    """
    nothing = np.zeros(len(naive), dtype=bool)
    if isinstance(zone, timezone):
        return naive - np.timedelta64(zone.utcoffset(None)), nothing, nothing
    codes, local = pd.factorize(naive)
    index = pd.DatetimeIndex(local)
    as_first = _utc(index, zone, np.ones(len(index), dtype=bool), nonexistent)
    as_second = _utc(index, zone, np.zeros(len(index), dtype=bool), nonexistent)
    twice = ~np.isnat(as_first) & ~np.isnat(as_second) & (as_first != as_second)
    never = np.isnat(as_first)
    utc = as_second if ambiguous == "second" else as_first
    if ambiguous in ("quarantine", "in_order"):
        utc = np.where(twice, np.datetime64("NaT", "us"), utc)
    # A code of -1 (no time at all) takes the appended entry.
    utc = np.append(utc, np.datetime64("NaT", "us"))
    undecided = ambiguous in ("quarantine", "in_order")
    return utc[codes], np.append(twice & undecided, False)[codes], np.append(never, False)[codes]


def _utc(index: pd.DatetimeIndex, zone: tzinfo, is_first: np.ndarray, nonexistent: str) -> np.ndarray:
    shift: Literal["shift_forward", "NaT"] = "shift_forward" if nonexistent == "shift_forward" else "NaT"
    placed = index.tz_localize(zone, ambiguous=is_first, nonexistent=shift)
    return placed.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]")
