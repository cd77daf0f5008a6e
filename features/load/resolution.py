"""The resolution of readings, told from their stamps alone; gaps and missing things must not change it."""

import numpy as np

__all__ = ["step_of"]

# What meters and weather services use, in minutes, from a day down.
_USUAL = (1440, 720, 480, 360, 240, 180, 120, 60, 30, 20, 15, 12, 10, 6, 5)
# So large a share of the distances must be whole steps; the rest are strays and changes of clocks.
_NEARLY_ALL = 0.9
_ENOUGH_THINGS = 200
_ONE = 60


def step_of(stamps: np.ndarray, things: np.ndarray | None = None) -> int:
    """The resolution in minutes of readings at `stamps` (int64 microseconds) of `things` (int codes; one when None).

    Each thing's own is the largest usual step of which nearly all distances between its readings are multiples, so
    however many readings are missing, it is the same. That of the things that cover most time between them is the
    answer; 60 where no thing has two readings.
    """
    minutes = np.rint(stamps / 60e6).astype(np.int64)
    codes = np.zeros(len(minutes), dtype=np.int64) if things is None else things.astype(np.int64)
    thing, gap = _gaps(minutes, codes)
    if not len(gap):
        return _ONE
    count = np.bincount(thing)
    covered: dict[int, float] = {}
    undecided = count > 0
    for step in _USUAL:
        whole = np.bincount(thing, weights=gap % step == 0, minlength=len(count))
        found = undecided & (whole >= _NEARLY_ALL * count)
        covered[step] = float(step * count[found].sum())
        undecided &= ~found
    sizes, times = np.unique(gap[undecided[thing]], return_counts=True)
    if len(sizes):
        commonest = int(sizes[np.argmax(times)])
        covered[commonest] = covered.get(commonest, 0.0) + float(commonest * times.sum())
    return max(covered, key=lambda step: (covered[step], -step))


def _gaps(minutes: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distances in minutes between neighbouring readings of one thing, and whose they are; of many things, some."""
    present = np.unique(codes)
    if len(present) > _ENOUGH_THINGS:
        chosen = np.isin(codes, present[:: len(present) // _ENOUGH_THINGS])
        minutes, codes = minutes[chosen], codes[chosen]
    order = np.lexsort((minutes, codes))
    minutes, codes = minutes[order], codes[order]
    gap = np.diff(minutes)
    real = (codes[1:] == codes[:-1]) & (gap > 0)
    return codes[1:][real], gap[real]
