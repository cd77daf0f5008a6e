"""Who feeds whom, and how much of a parent's load is not its children's."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.errors import ConfigError
from features.load.grid import Grid

__all__ = ["Tree", "rest_shares"]

_SHARE_DAYS = 28
_FEWEST_SHARED = 48
_SHARES = (-0.5, 3.0)


@dataclass(frozen=True)
class Tree:
    """Nodes in an order in which every parent stands before its children; `parent` [N] is a row, −1 at the top."""

    ids: tuple[str, ...]
    parent: np.ndarray

    @classmethod
    def of(cls, ids: tuple[str, ...], parent_of: Mapping[str, object]) -> "Tree":
        """The tree of the nodes `ids`; a parent that is not among them makes its child a top.

        ConfigError where nodes feed each other in a circle.
        """
        known = set(ids)
        above = {node: str(parent_of[node]) for node in ids if parent_of.get(node) in known}
        placed: dict[str, int] = {}
        waiting = list(ids)
        while waiting:
            ready = [node for node in waiting if node not in above or above[node] in placed]
            if not ready:
                raise ConfigError(
                    f"nodes feed each other in a circle ({len(waiting)} nodes, the first is {waiting[0]})"
                )
            placed |= {node: len(placed) + at for at, node in enumerate(ready)}
            waiting = [node for node in waiting if node not in placed]
        order = tuple(placed)
        return cls(order, np.array([placed[above[node]] if node in above else -1 for node in order], dtype=int))

    @property
    def leaves(self) -> np.ndarray:
        """Rows of the nodes that feed no other, in order."""
        return np.setdiff1d(np.arange(len(self.ids)), self.parent)

    def summing(self, shares: np.ndarray) -> np.ndarray:
        """Matrix [N, leaves] that adds leaves up: a parent is (1 + its share) × the sum of its children."""
        leaves = self.leaves
        matrix = np.zeros((len(self.ids), len(leaves)))
        matrix[leaves, np.arange(len(leaves))] = 1.0
        for row in range(len(self.ids) - 1, -1, -1):  # children stand behind their parents
            children = np.flatnonzero(self.parent == row)
            if len(children):
                matrix[row] = (1.0 + shares[row]) * matrix[children].sum(axis=0)
        return matrix


def rest_shares(tree: Tree, loads: Grid) -> np.ndarray:
    """What each parent carries beyond its children, over their sum [N]: losses, and customers with no node below it.

    From the intervals of the last four weeks of `loads` at which parent and children are known; 0 for leaves and
    where too few are known.
    """
    steps = _SHARE_DAYS * 24 * 60 // loads.step_minutes
    recent = loads.values[:, -steps:]
    row = {node: place for place, node in enumerate(loads.ids)}
    series = np.full((len(tree.ids), recent.shape[1]), np.nan)
    for place, node in enumerate(tree.ids):
        if node in row:
            series[place] = recent[row[node]]
    shares = np.zeros(len(tree.ids))
    for parent in np.unique(tree.parent[tree.parent >= 0]):
        below = series[tree.parent == parent].sum(axis=0)  # NaN as soon as one child is unknown
        good = np.isfinite(below) & np.isfinite(series[parent])
        total = below[good].sum()
        if good.sum() >= _FEWEST_SHARED and total > 0:
            shares[parent] = np.clip(series[parent][good].sum() / total - 1.0, *_SHARES)
    return shares
