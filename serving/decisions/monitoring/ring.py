"""The readings of the last days, dense [measure x node x slot], in a ring: as time goes on, the oldest make room."""

import numpy as np

from serving.decisions.monitoring.batch import MEASURES, Readings

__all__ = ["Ring"]

_NEVER = np.iinfo(np.int64).min


class Ring:
    """Slots from `left` on, `width` of them. Of several versions of a reading the one known last stays.

    Invariant: what is kept does not depend on the order in which versions came; of versions known at the same
    instant the one with the largest values, compared one after the other, stays.
    """

    def __init__(self, nodes: int, width: int, left: int) -> None:
        self.left, self.width = left, width
        self._values = np.full((len(MEASURES), nodes, width), np.nan)
        self._available = np.full((nodes, width), _NEVER)

    def write(self, readings: Readings) -> np.ndarray:
        """Take readings in; which of them changed what is known, as positions. All slots must lie in the ring."""
        order = np.lexsort((*_comparable(readings.values.T)[::-1], readings.available, readings.slot, readings.row))
        row, slot = readings.row[order], readings.slot[order]
        last = np.append((row[1:] != row[:-1]) | (slot[1:] != slot[:-1]), True)[: len(order)]
        best = order[last]
        row, column = readings.row[best], readings.slot[best] % self.width
        available, values = readings.available[best], readings.values[best].T
        known, held = self._available[row, column], self._values[:, row, column]
        newer = (available > known) | ((available == known) & _larger(values, held))
        row, column, best = row[newer], column[newer], best[newer]
        changed = ~_same(values[:, newer], held[:, newer])
        self._available[row, column] = available[newer]
        self._values[:, row, column] = values[:, newer]
        return best[changed]

    def window(self, rows: np.ndarray, first: int, last: int) -> np.ndarray:
        """Values [measure, row, slot] of the slots from `first` up to, not including, `last`."""
        columns = np.arange(first, last) % self.width
        return self._values[:, rows[:, None], columns[None, :]]

    def slide(self, left: int) -> None:
        """Forget what lies before `left`."""
        columns = np.arange(self.left, min(left, self.left + self.width)) % self.width
        self._values[:, :, columns] = np.nan
        self._available[:, columns] = _NEVER
        self.left = left


def _comparable(values: np.ndarray) -> np.ndarray:
    """Values that can be ordered: what is not known comes first."""
    return np.where(np.isnan(values), -np.inf, values)


def _larger(values: np.ndarray, than: np.ndarray) -> np.ndarray:
    """Whether values [measure, ·] are larger than others, the first measure that differs deciding."""
    a, b = _comparable(values), _comparable(than)
    larger, equal = np.zeros(a.shape[1], dtype=bool), np.ones(a.shape[1], dtype=bool)
    for one, other in zip(a, b, strict=True):
        larger |= equal & (one > other)
        equal &= one == other
    return larger


def _same(values: np.ndarray, other: np.ndarray) -> np.ndarray:
    same: np.ndarray = (_comparable(values) == _comparable(other)).all(axis=0)
    return same
