"""The room offers have to fit into, at every node of their path and in every block in which they add."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.pushes.records import Grid
from training.peak.blocks import BLOCKS

__all__ = ["Room", "room_of", "wants"]


def wants(adds_va: np.ndarray) -> np.ndarray:
    """`adds_va` [..., block] as it is held against the room: a block in which nothing is added fits into anything."""
    return np.where(adds_va > 0, adds_va, -np.inf)


@dataclass(frozen=True)
class Room:
    """`rest` float64 [node + 1, block] VA (NaN: not known) shrinks while offers are taken; its last row is endless and
    fills up short paths. `paths` int [area, depth] are rows of it, `areas` the names in order."""

    nodes: tuple[str, ...]
    areas: tuple[str, ...]
    paths: np.ndarray
    rest: np.ndarray

    def slack(self, area: np.ndarray, want: np.ndarray) -> np.ndarray:
        """What would be left [offer, depth, block] of the nodes above `area` [offer] with `want` [offer, block] taken;
        endless where nothing is wanted, NaN where it is not known."""
        left = self.rest[self.paths[area]] - want[:, None, :]
        return np.where(np.isneginf(want)[:, None, :], np.inf, left)

    def binding(self, area: np.ndarray, slack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Node and block that have least left [offer]; where something is not known, the first such, from below."""
        depth = slack.shape[1]
        unknown = np.isnan(slack)
        poor = unknown.any(axis=(1, 2))
        least = np.where(unknown, np.inf, slack)
        # Figures of a node are no higher than those above it: of equals, the uppermost is the one that binds.
        up = depth - 1 - least[:, ::-1].min(axis=2).argmin(axis=1)
        up = np.where(poor, unknown.any(axis=2).argmax(axis=1), up)
        every = np.arange(len(slack))
        block = np.where(poor, unknown[every, up].argmax(axis=1), least[every, up].argmin(axis=1))
        return self.paths[area, up], block


def room_of(grid: Grid) -> Room:
    """What is left beside the queue and would-be offers. A node without figures is there, and not known."""
    nodes = tuple(sorted(set(grid.left_va) | {node for path in grid.paths.values() for node in path}))
    row = {node: at for at, node in enumerate(nodes)}
    rest = np.full((len(nodes) + 1, BLOCKS), np.nan)
    rest[-1] = np.inf
    for node, va in grid.left_va.items():
        rest[row[node]] = va
    taken = [(one.node_id, np.array(one.va, dtype=float)) for one in grid.waiting]
    for begins, va in [*taken, *((area, np.asarray(va, dtype=float)) for area, va in grid.shadow_va.items())]:
        for node in grid.paths.get(begins) or (begins,):
            if node in row:
                rest[row[node]] -= va
    areas = tuple(sorted(area for area, path in grid.paths.items() if path))
    depth = max((len(grid.paths[area]) for area in areas), default=1)
    paths = np.full((len(areas), depth), len(nodes), dtype=np.int32)
    for at, area in enumerate(areas):
        paths[at, : len(grid.paths[area])] = [row[node] for node in grid.paths[area]]
    return Room(nodes, areas, paths, rest)
