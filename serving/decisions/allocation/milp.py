"""The exact way: one yes-or-no per request and candidate, solved by HiGHS.

    maximise  Σ worth · x     subject to   Σ_area x ≤ 1 for each request,
                                           Σ draw · x ≤ room at each node, in each block of the day

HiGHS stops at a proved gap or at a time limit. Stopped by time, the answer hangs on the machine's speed: `optimal` and
`gap` say so. Rows that can never bind are left out; for firm requests a node then has one row, not six.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, vstack

from serving.decisions.allocation.problem import NOWHERE, Assignment, Problem
from training.peak.blocks import BLOCKS

__all__ = ["Exact", "cheapest", "solve_exactly"]

_HAIR = 1e-9


@dataclass(frozen=True)
class Exact:
    """What HiGHS found; `optimal` when proved within the policy's gap. No assignment leaves less than `bound` of worth
    unserved; NaN where there was no time to find one."""

    assignment: Assignment
    optimal: bool
    bound: float


def solve_exactly(problem: Problem, seconds: float) -> Exact | None:
    """The assignment of most worth; None where time was too short for any."""
    request, area = _pairs(problem)
    total = float(problem.worth.sum())
    if not len(request):
        return Exact(np.full(len(problem.kva), NOWHERE), True, total)
    gain = problem.worth[request]
    scale = float(gain.max())
    # One more column, always one, holds the worth of all: the objective is what stays unserved, and so is its gap.
    result = milp(
        np.append(-gain, total) / scale,
        integrality=np.append(np.ones(len(gain)), 0),
        bounds=Bounds(np.append(np.zeros(len(gain)), 1), 1),
        constraints=[
            LinearConstraint(_once(request, len(problem.kva), extra=1), -np.inf, 1.0),
            *_limits(problem, request, area, extra=1),
        ],
        options={"time_limit": seconds, "mip_rel_gap": problem.policy.gap},
    )
    if result.x is None:
        return None
    found = _kept(problem, request, area, result.x[:-1])
    bound = np.nan if result.mip_dual_bound is None else float(result.mip_dual_bound) * scale
    return Exact(found, result.status == 0, bound)


def cheapest(problem: Problem, assignment: Assignment, seconds: float) -> Assignment:
    """Whoever is served stays served, at the places that together cost least; `assignment` where time is too short."""
    request, area = _pairs(problem)
    served = assignment[request] != NOWHERE
    request, area = request[served], area[served]
    if not len(request):
        return assignment
    cost = np.array([problem.cost_cny(int(one), int(at)) for one, at in zip(request, area, strict=True)])
    each = _once(request, len(problem.kva))
    stay = (assignment != NOWHERE).astype(float)
    result = milp(
        cost / max(cost.max(), 1.0),
        integrality=np.ones(len(cost)),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(each, stay, stay), *_limits(problem, request, area)],
        options={"time_limit": seconds, "mip_rel_gap": problem.policy.gap},
    )
    if result.x is None:
        return assignment
    return _kept(problem, request, area, result.x)


def _kept(problem: Problem, request: np.ndarray, area: np.ndarray, x: np.ndarray) -> Assignment:
    """What was chosen, the greatest worth first, as far as it fits: HiGHS keeps limits to a millionth of them only."""
    taken = np.flatnonzero(x > 0.5)
    room, found = problem.room_kva.copy(), np.full(len(problem.kva), NOWHERE)
    for pair in taken[np.argsort(-problem.worth[request[taken]], kind="stable")]:
        one, at = int(request[pair]), int(area[pair])
        if problem.fits(one, at, room):
            found[one] = at
            room[problem.path_of[at]] -= problem.draw_kva[one]
    return found


def _pairs(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    request, rank = np.nonzero(problem.nearest != NOWHERE)
    return request, problem.nearest[request, rank]


def _once(request: np.ndarray, count: int, extra: int = 0) -> csr_matrix:
    """A row for each request: one in the columns of its pairs. `extra` columns behind stay empty."""
    columns = np.arange(len(request))
    return csr_matrix((np.ones(len(request)), (request, columns)), shape=(count, len(request) + extra))


def _limits(problem: Problem, request: np.ndarray, area: np.ndarray, extra: int = 0) -> list[LinearConstraint]:
    """Rows of nodes and blocks, each divided by its room so that limits of all sizes weigh alike."""
    rows, limits = [], []
    below = _below(problem, area)
    implied = _implied(problem, below)
    for node, columns in below.items():
        room, draw = problem.room_kva[node], problem.draw_kva[request[columns]]
        for block in _binding(draw, request[columns], room, implied.get(node, np.full(BLOCKS, np.inf))):
            scale, used = max(room[block], 1.0), draw[:, block] > 0
            entries = (np.zeros(int(used.sum()), int), columns[used])
            rows.append(csr_matrix((draw[used, block] / scale, entries), shape=(1, len(request) + extra)))
            limits.append(room[block] / scale)
    return [LinearConstraint(vstack(rows, format="csr"), -np.inf, np.array(limits))] if rows else []


def _below(problem: Problem, area: np.ndarray) -> dict[int, np.ndarray]:
    """For each node the pairs whose path leads through it."""
    steps = problem.paths[area]
    found = {int(node): np.flatnonzero((steps == node).any(axis=1)) for node in np.unique(steps[steps != NOWHERE])}
    return dict(sorted(found.items(), key=lambda item: item[0]))


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
    # A request has several pairs below a feeder, but takes one of them.
    _, first = np.unique(request, return_index=True)
    most = np.minimum(draw[first].sum(axis=0), implied)
    kept: list[int] = []
    for block in np.argsort(room, kind="stable"):
        if most[block] <= room[block] + _HAIR:
            continue
        if not any((draw[:, other] >= draw[:, block]).all() for other in kept):
            kept.append(int(block))
    return kept
