"""What is told beside an allocation: why somebody is not served, what would fit, and where else one could go."""

from typing import Any

import numpy as np

from serving.decisions.allocation.problem import NOWHERE, Assignment, Problem

__all__ = ["REASONS", "alternatives_of", "largest_kva", "reason_of"]

REASONS = (
    "NO_CANDIDATE_NEAR",
    "DATA_POOR",
    "NO_ROOM_AREA",
    "NO_ROOM_FEEDER",
    "NO_ROOM_SUBSTATION",
    "OUTBID",
)
"""No area lies near enough; of none near is the room known; the roomiest place near is too small, by what binds there;
it would fit alone, but others of more weight took the room."""

_LEVELS = ("NO_ROOM_AREA", "NO_ROOM_FEEDER", "NO_ROOM_SUBSTATION")


def largest_kva(problem: Problem, request: int, room_kva: np.ndarray) -> np.ndarray:
    """The largest kVA [m] of the request's own shape that `room_kva` takes at each area; NaN where it is not known."""
    return _by_step(problem, request, room_kva).min(axis=1)


def reason_of(problem: Problem, request: int) -> str:
    """The reason code of a request that is not served."""
    near = np.isfinite(problem.distance_km[request])
    if not near.any():
        return "NO_CANDIDATE_NEAR"
    if problem.candidates[request]:
        return "OUTBID"
    steps = _by_step(problem, request, problem.room_kva)
    alone = np.where(near, steps.min(axis=1), np.nan)
    if np.isnan(alone).all():
        return "DATA_POOR"
    path = steps[int(np.nanargmax(alone))]
    # Of levels with equally little the highest binds: published figures of areas are the least on their way up.
    return _LEVELS[min(int(np.flatnonzero(path == path.min())[-1]), len(_LEVELS) - 1)]


def alternatives_of(problem: Problem, request: int, assignment: Assignment, left: np.ndarray) -> list[dict[str, Any]]:
    """Known areas near, at most as many as the policy's candidates: those that take the request after all others
    first, then those it could have had, then the nearest; by cost among each. `left` is the room after everybody."""
    room = left
    if assignment[request] != NOWHERE:
        room = left.copy()
        room[problem.path_of[assignment[request]]] += problem.draw_kva[request]
    most = np.clip(largest_kva(problem, request, room), 0.0, None)
    reach = np.where(np.isnan(most), np.inf, problem.distance_km[request])
    areas = {
        int(one) for one in np.argsort(reach, kind="stable")[: problem.policy.candidates] if np.isfinite(reach[one])
    }
    able = set(problem.candidates[request])
    fits = {area: problem.fits(request, area, room) for area in areas | able}
    ranked = sorted(fits, key=lambda one: (not fits[one], one not in able, problem.cost_cny(request, one), one))
    return [
        {
            "request_id": problem.request_ids[request],
            "rank": rank,
            "node_id": problem.area_ids[area],
            "distance_km": float(problem.distance_km[request, area]),
            "cost_cny": problem.cost_cny(request, area),
            "room_kva": float(most[area]),
            "fits": fits[area],
            "assigned": bool(assignment[request] == area),
        }
        for rank, area in enumerate(ranked[: problem.policy.candidates], start=1)
    ]


def _by_step(problem: Problem, request: int, room_kva: np.ndarray) -> np.ndarray:
    """The largest kVA [m, depth] each node on each path takes by itself; infinite beyond the top."""
    share = problem.draw_kva[request] / problem.kva[request]
    drawn = share > 0
    by_node = (room_kva[:, drawn] / share[drawn]).min(axis=1)
    return np.asarray(by_node[problem.paths])
