"""The first of many in an order, without sorting all of them."""

import numpy as np

__all__ = ["best"]


def best(values: np.ndarray, descending: bool, first: int, count: int) -> np.ndarray:
    """Places of the values that stand at [first, first + count) when all are put in order; what is unknown (NaN) comes
    last either way, and equals in the order they have, so that pages neither repeat nor miss anyone.
    """
    last = min(first + count, len(values))
    if last <= first:
        return np.empty(0, dtype=np.intp)
    key = np.where(np.isnan(values), np.inf, -values if descending else values)
    if last == len(values):
        return np.argsort(key, kind="stable")[first:last]
    edge = np.partition(key, last - 1)[last - 1]
    near = np.flatnonzero(key <= edge)
    return near[np.argsort(key[near], kind="stable")][first:last]
