"""Where one or many applications connect: the best of simple rules, a local search and an exact solver."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from serving.decisions.allocation.answers import alternatives_of, largest_kva, reason_of
from serving.decisions.allocation.greedy import greedies
from serving.decisions.allocation.ground import Distance, great_circle_km
from serving.decisions.allocation.improve import improve
from serving.decisions.allocation.milp import cheapest, dive, solve_exactly
from serving.decisions.allocation.policy import AllocationPolicy
from serving.decisions.allocation.problem import NOWHERE, Assignment, Problem, read_problem
from serving.decisions.allocation.program import program_of

__all__ = ["Allocation", "Solved", "allocate", "solve"]

_DIVE, _WHOLE, _COST = 0.25, 0.55, 0.2  # shares of the solver's time: near the relaxation, all of it, cost at the end
_LATE = 1.6  # after so many times the solver's time nothing more is improved: a busy machine is no reason to wait

_ASSIGNED = ("request_id", "node_id", "kva", "distance_km", "cost_cny")
_UNSERVED = ("request_id", "kva", "reason", "largest_kva", "largest_node_id", "largest_alone_kva")
_ALTERNATIVES = ("request_id", "rank", "node_id", "distance_km", "cost_cny", "room_kva", "fits", "assigned")


@dataclass(frozen=True)
class Solved:
    """An assignment and how it came about. `method` names what found it; `bound` is the least weighted kVA that any
    assignment to these candidates leaves unserved, as far as proved (NaN: not proved)."""

    assignment: Assignment
    method: str
    optimal: bool
    gap: float
    bound: float


@dataclass(frozen=True)
class Allocation:
    """The answer, in order of submission.

    `assignments`: request_id, node_id, kva, distance_km, cost_cny. `unserved`: request_id, kva, reason (one of
    `answers.REASONS`), the largest kVA of the request's own daily shape that fits near after everybody else, where, and
    the largest if it were alone (NaN: not known). `alternatives`: request_id, rank, node_id, distance_km, cost_cny,
    room_kva (what fits there after all others), fits, assigned.
    `totals`: served_kva, unserved_kva, weighted_unserved_kva, cost_cny, and how many of each.
    `optimal` says that nobody could do better in weighted kVA (within the policy's gap); else `gap`, relative to the
    weighted kVA unserved, says how much better at most; NaN where nothing was proved. Such an answer may differ from
    machine to machine.
    """

    assignments: pd.DataFrame
    unserved: pd.DataFrame
    alternatives: pd.DataFrame
    totals: Mapping[str, float]
    method: str
    optimal: bool
    gap: float


def allocate(
    requests: pd.DataFrame,
    room: pd.DataFrame,
    paths: Mapping[str, tuple[str, ...]],
    places: pd.DataFrame,
    policy: AllocationPolicy,
    distance_km: Distance = great_circle_km,
) -> Allocation:
    """Allocate `requests` to areas, so that the least weighted kVA stays unserved, and at the least cost then.

    requests: columns `checks.REQUEST_COLUMNS`; block_share_0..5 is the share of kva drawn in each four-hour block of
    the local day (all 1: firm), priority 1 (most urgent) to 5, node_id the area asked for or none, else a position.
    room: indexed by node_id, columns 0..5, the kVA that may still be promised at the node itself in each block, after
    every reservation; NaN is not known and takes nobody. paths: area → the area and the nodes above it, upwards.
    places: indexed by node_id, longitude and latitude (whatever `distance_km` understands).

    Limits hold at every node and in every block; a request is served whole at one area, or not at all. Raises DataError
    for what cannot be used.
    """
    problem = read_problem(requests, room, paths, places, policy, distance_km)
    return _told(problem, solve(problem))


def solve(problem: Problem) -> Solved:
    """The best assignment of all that were tried; no worse than any simple rule."""
    started = time.perf_counter()
    rules, program, seconds = greedies(problem), program_of(problem), problem.policy.seconds
    tried = {f"greedy {name}": one for name, one in rules.items()}
    scores = {name: problem.score(one) for name, one in tried.items()}
    best_rule = min(scores, key=lambda one: scores[one])
    first, whole = dive(program, _DIVE * seconds), solve_exactly(program, _WHOLE * seconds)
    tried |= {name: one.assignment for name, one in (("dive", first), ("milp", whole)) if one is not None}
    if whole is None or not whole.optimal:
        # What a dive leaves behind is full of holes of the right size: it gains most, however it stands before.
        for name in ("dive", "milp", best_rule):
            if name in tried and time.perf_counter() - started < _LATE * seconds:
                tried[f"{name}, improved"] = improve(problem, tried[name])
    scores = {name: problem.score(one) for name, one in tried.items()}
    method = min(tried, key=lambda one: scores[one])
    best = min(tried[method], cheapest(problem, tried[method], _COST * seconds), key=problem.score)
    bounds = [one.bound for one in (first, whole) if one is not None and np.isfinite(one.bound)]
    bound = max(bounds, default=float("nan"))
    gap = _gap(problem.score(best)[1], bound)
    return Solved(best, method, bool(gap <= problem.policy.gap), gap, bound)


def _gap(unserved: float, bound: float) -> float:
    """How far what stays unserved lies above the bound, relative to it; NaN without a bound."""
    return 0.0 if unserved <= 0 else max((unserved - bound) / unserved, 0.0) if np.isfinite(bound) else float("nan")


def _told(problem: Problem, solved: Solved) -> Allocation:
    at, left = solved.assignment, problem.left(solved.assignment)
    served, out = np.flatnonzero(at != NOWHERE), np.flatnonzero(at == NOWHERE)
    others = [row for one in range(len(at)) for row in alternatives_of(problem, one, at, left)]
    weighted, _, cost = problem.score(at)
    totals = {
        "requests": float(len(at)),
        "served": float(len(served)),
        "served_kva": float(problem.kva[served].sum()),
        "unserved_kva": float(problem.kva[out].sum()),
        "weighted_unserved_kva": weighted,
        "cost_cny": cost,
    }
    return Allocation(
        assignments=pd.DataFrame([_assigned(problem, int(one), int(at[one])) for one in served], columns=_ASSIGNED),
        unserved=pd.DataFrame([_unserved(problem, int(one), left) for one in out], columns=_UNSERVED),
        alternatives=pd.DataFrame(others, columns=_ALTERNATIVES),
        totals=totals,
        method=solved.method,
        optimal=solved.optimal,
        gap=solved.gap,
    )


def _assigned(problem: Problem, request: int, area: int) -> dict[str, Any]:
    return {
        "request_id": problem.request_ids[request],
        "node_id": problem.area_ids[area],
        "kva": float(problem.kva[request]),
        "distance_km": float(problem.distance_km[request, area]),
        "cost_cny": problem.cost_cny(request, area),
    }


def _unserved(problem: Problem, request: int, left: np.ndarray) -> dict[str, Any]:
    near = np.isfinite(problem.distance_km[request])
    now = np.where(near, np.clip(largest_kva(problem, request, left), 0.0, None), np.nan)
    alone = np.where(near, largest_kva(problem, request, problem.room_kva), np.nan)
    known = not np.isnan(now).all()
    place = int(np.nanargmax(now)) if known else NOWHERE
    return {
        "request_id": problem.request_ids[request],
        "kva": float(problem.kva[request]),
        "reason": reason_of(problem, request),
        "largest_kva": float(now[place]) if known else float("nan"),
        "largest_node_id": problem.area_ids[place] if known and now[place] > 0 else None,
        "largest_alone_kva": float(np.nanmax(alone)) if known else float("nan"),
    }
