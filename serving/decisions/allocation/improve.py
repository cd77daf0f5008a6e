"""A local search from any assignment: put in who fits, move others aside, let the lesser make way for the greater.

It takes no clock and no dice, but counts its tries: the same assignment always leads to the same one.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from serving.decisions.allocation.problem import NOWHERE, Assignment, Problem

__all__ = ["improve"]

_LEAST_GAIN = 1e-9
_HAIR_KVA = 1e-6
_MOST_TRIES = 12_000
_MOST_OUT = 8  # who might make way at one place: the least worth of them are looked at


class _Plan:
    """An assignment on its way, with the room that is left and who draws from each node."""

    def __init__(self, problem: Problem, assignment: Assignment) -> None:
        self.problem, self.at, self.tries = problem, assignment.copy(), 0
        self.room = problem.left(assignment)
        self.users: list[set[int]] = [set() for _ in problem.room_kva]
        for request in np.flatnonzero(self.at != NOWHERE):
            for node in problem.path_of[self.at[request]]:
                self.users[node].add(int(request))

    def put(self, request: int, area: int) -> None:
        path = self.problem.path_of[area]
        self.at[request] = area
        self.room[path] -= self.problem.draw_kva[request]
        for node in path:
            self.users[node].add(request)

    def take(self, request: int) -> int:
        area = int(self.at[request])
        path = self.problem.path_of[area]
        self.at[request] = NOWHERE
        self.room[path] += self.problem.draw_kva[request]
        for node in path:
            self.users[node].discard(request)
        return area

    def place_for(self, request: int) -> int:
        """The nearest candidate that has room, or NOWHERE."""
        return next(iter(self.problem.able(request, self.room)), NOWHERE)

    def rivals(self, request: int, area: int) -> list[int]:
        """Who draws from the lowest place that lacks room for the request, the least worth first."""
        problem, path = self.problem, self.problem.path_of[area]
        short = (problem.draw_kva[request] > self.room[path] + _HAIR_KVA).any(axis=1)
        users = self.users[path[int(short.argmax())]]
        return sorted(users, key=lambda one: (problem.worth[one], one))[:_MOST_OUT]


def improve(problem: Problem, assignment: Assignment, passes: int = 8) -> Assignment:
    """An assignment of at least as much worth that breaks no limit, from one that breaks none."""
    plan = _Plan(problem, assignment)
    for _ in range(passes):
        waiting = [one for one in np.flatnonzero(plan.at == NOWHERE) if problem.candidates[one]]
        waiting.sort(key=lambda one: (-problem.worth[one], one))
        if plan.tries > _MOST_TRIES or not sum(
            _serve(plan, int(request)) for request in waiting if plan.at[request] == NOWHERE
        ):
            break
    return plan.at


def _serve(plan: _Plan, request: int) -> bool:
    """Serve a waiting request where it fits, or where the loss of others is less than what it is worth."""
    area = plan.place_for(request)
    if area != NOWHERE:
        plan.put(request, area)
        return True
    for area in plan.problem.candidates[request] if plan.tries <= _MOST_TRIES else []:
        if any(_make_way(plan, request, area, out) for out in _ways(plan, request, area)):
            return True
    return False


def _ways(plan: _Plan, request: int, area: int) -> Iterator[tuple[int, ...]]:
    """One or two who might make way: those that free enough if they draw from every place that lacks room."""
    problem, rivals = plan.problem, plan.rivals(request, area)
    short = (problem.draw_kva[request] - plan.room[problem.path_of[area]]).max(axis=0) - _HAIR_KVA
    freed = problem.draw_kva[rivals]
    yield from ((rivals[one],) for one in np.flatnonzero((freed >= short).all(axis=1)))
    enough = (freed[:, None] + freed[None] >= short).all(axis=2)
    yield from ((rivals[one], rivals[two]) for one, two in combinations(range(len(rivals)), 2) if enough[one, two])


def _make_way(plan: _Plan, request: int, area: int, out: tuple[int, ...]) -> bool:
    """Try it: `out` leave, `request` comes, who left goes elsewhere where there is room. Undone if nothing is won."""
    problem, plan.tries = plan.problem, plan.tries + 1
    places = [plan.take(one) for one in out]
    gain, came = -sum(problem.worth[one] for one in out), []
    if problem.fits(request, area, plan.room):
        plan.put(request, area)
        came.append(request)
        for one in sorted(out, key=lambda each: -problem.worth[each]):
            elsewhere = plan.place_for(one)
            if elsewhere != NOWHERE:
                plan.put(one, elsewhere)
                came.append(one)
        if gain + sum(problem.worth[one] for one in came) > _LEAST_GAIN:
            return True
    for one in came:
        plan.take(one)
    for one, place in zip(out, places, strict=True):
        plan.put(one, place)
    return False
