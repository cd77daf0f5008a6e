"""The rows of the integer program: one column per request and candidate, one row per request, node and block.

Rows that can never bind are left out: firm requests draw the same in all blocks, and a node then has one row, not six.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from serving.decisions.allocation.problem import NOWHERE, Assignment, Problem
from training.peak.blocks import BLOCKS

__all__ = ["Program", "program_of"]

_HAIR = 1e-9


@dataclass(frozen=True)
class Program:
    """Columns (`request`, `area` by number, `gain` the worth of the request) and rows: `once` [n, columns] ≤ 1, one for
    each request, and `limits` ≤ `most`, each divided by its room, so that limits of all sizes weigh alike."""

    problem: Problem
    request: np.ndarray
    area: np.ndarray
    gain: np.ndarray
    once: csr_matrix
    limits: csr_matrix
    most: np.ndarray

    def only(self, columns: np.ndarray) -> "Program":
        """With these columns alone."""
        parts = (self.request[columns], self.area[columns], self.gain[columns])
        return Program(self.problem, *parts, self.once[:, columns], self.limits[:, columns], self.most)

    def chosen(self, x: np.ndarray) -> Assignment:
        """The columns above one half, the greatest worth first and as far as they fit: solvers keep limits to about a
        millionth only."""
        problem, taken = self.problem, np.flatnonzero(x > 0.5)
        room, found = problem.room_kva.copy(), np.full(len(problem.kva), NOWHERE)
        for column in taken[np.argsort(-self.gain[taken], kind="stable")]:
            request, area = int(self.request[column]), int(self.area[column])
            if problem.fits(request, area, room):
                found[request] = area
                room[problem.path_of[area]] -= problem.draw_kva[request]
        return found


def program_of(problem: Problem) -> Program:
    """The whole program of a problem."""
    request, rank = np.nonzero(problem.nearest != NOWHERE)
    area, columns = problem.nearest[request, rank], np.arange(len(request))
    once = csr_matrix((np.ones(len(request)), (request, columns)), shape=(len(problem.kva), len(request)))
    limits, most = _limits(problem, request, area)
    return Program(problem, request, area, problem.worth[request], once, limits, most)


def _limits(problem: Problem, request: np.ndarray, area: np.ndarray) -> tuple[csr_matrix, np.ndarray]:
    rows, most = [csr_matrix((0, len(request)))], []
    below = _below(problem, area)
    implied = _implied(problem, below)
    for node, columns in below.items():
        room, draw = problem.room_kva[node], problem.draw_kva[request[columns]]
        for block in _binding(draw, request[columns], room, implied.get(node, np.full(BLOCKS, np.inf))):
            scale, used = max(room[block], 1.0), draw[:, block] > 0
            entries = (np.zeros(int(used.sum()), int), columns[used])
            rows.append(csr_matrix((draw[used, block] / scale, entries), shape=(1, len(request))))
            most.append(room[block] / scale)
    return vstack(rows, format="csr"), np.array(most)


def _below(problem: Problem, area: np.ndarray) -> dict[int, np.ndarray]:
    """For each node the columns whose path leads through it."""
    steps = problem.paths[area]
    return {int(node): np.flatnonzero((steps == node).any(axis=1)) for node in np.unique(steps[steps != NOWHERE])}


def _implied(problem: Problem, below: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """What the areas below a node let through at most, by block: a node above that has as much cannot bind."""
    used = {int(path[0]) for path in problem.paths}
    most: dict[int, np.ndarray] = {}
    for path in problem.path_of:
        if int(path[0]) in below:
            for node in path[1:]:
                if int(node) not in used:
                    most[int(node)] = most.get(int(node), np.zeros(BLOCKS)) + problem.room_kva[path[0]]
    return most


def _binding(draw: np.ndarray, request: np.ndarray, room: np.ndarray, implied: np.ndarray) -> list[int]:
    """Blocks whose row can bind: less room than all could draw, than the areas below let through, and not implied by
    another block in which everybody draws at least as much of no more room."""
    # A request has several columns below a feeder, but takes one of them.
    _, first = np.unique(request, return_index=True)
    most = np.minimum(draw[first].sum(axis=0), implied)
    kept: list[int] = []
    for block in np.argsort(room, kind="stable"):
        if most[block] <= room[block] + _HAIR:
            continue
        if not any((draw[:, other] >= draw[:, block]).all() for other in kept):
            kept.append(int(block))
    return kept
