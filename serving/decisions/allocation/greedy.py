"""Simple rules that fill room one request after the other: the reference, and where better searches start.

An *order* says who comes first, a *place* says where among the candidates that still have room. The best of all pairs
counts; FIFO (in order of submission, to the nearest that fits) is what a counter without a computer does.
"""

from collections.abc import Callable, Mapping

import numpy as np

from serving.decisions.allocation.problem import NOWHERE, Assignment, Problem

__all__ = ["ORDERS", "PLACES", "best_greedy", "fifo", "fill", "greedies", "regret"]

Place = Callable[[Problem, list[int], np.ndarray], int]


def _orders() -> dict[str, Callable[[Problem], np.ndarray]]:
    # The last key of lexsort is the first that counts; requests stand in order of submission already.
    return {
        "fifo": lambda p: np.arange(len(p.kva)),
        "priority": lambda p: np.argsort(-p.weight, kind="stable"),
        "priority_small": lambda p: np.lexsort((p.kva, -p.weight)),
        "priority_large": lambda p: np.lexsort((-p.kva, -p.weight)),
        "small": lambda p: np.argsort(p.kva, kind="stable"),
        "large": lambda p: np.argsort(-p.kva, kind="stable"),
        "density": lambda p: np.argsort(-p.value / p.draw_kva.sum(axis=1), kind="stable"),
        "value": lambda p: np.argsort(-p.value, kind="stable"),
    }


def _nearest_fit(_problem: Problem, able: list[int], _room: np.ndarray) -> int:
    return able[0]


def _best_fit(problem: Problem, able: list[int], room: np.ndarray) -> int:
    return min(able, key=lambda area: _spare(problem, area, room))


def _most_room(problem: Problem, able: list[int], room: np.ndarray) -> int:
    return max(able, key=lambda area: _spare(problem, area, room))


def _spare(problem: Problem, area: int, room: np.ndarray) -> float:
    return float(room[problem.path_of[area][0]].min())


ORDERS: Mapping[str, Callable[[Problem], np.ndarray]] = _orders()
PLACES: Mapping[str, Place] = {"nearest": _nearest_fit, "best_fit": _best_fit, "most_room": _most_room}


def fill(problem: Problem, order: np.ndarray, place: Place = _nearest_fit) -> Assignment:
    """Give each request in `order` what `place` chooses of the candidates that still take it."""
    room, found = problem.room_kva.copy(), np.full(len(problem.kva), NOWHERE)
    for request in order:
        able = problem.able(request, room)
        if able:
            found[request] = area = place(problem, able, room)
            room[problem.path_of[area]] -= problem.draw_kva[request]
    return found


def fifo(problem: Problem) -> Assignment:
    """In order of submission, to the nearest candidate that fits."""
    return fill(problem, ORDERS["fifo"](problem))


def regret(problem: Problem) -> Assignment:
    """Next comes whoever has the fewest places left, of those of equal choice the most worth; to the fullest place."""
    room, found = problem.room_kva.copy(), np.full(len(problem.kva), NOWHERE)
    able = [list(areas) for areas in problem.candidates]
    users: dict[int, set[int]] = {}
    largest = problem.draw_kva.max(axis=0, initial=0.0)
    for request, areas in enumerate(able):
        for area in areas:
            for node in problem.path_of[area]:
                users.setdefault(int(node), set()).add(request)
    waiting = {request for request, areas in enumerate(able) if areas}
    while waiting:
        # Worth counts by what it would be to lose: all of it with one place left, half of it with two.
        request = max(waiting, key=lambda one: (problem.worth[one] / len(able[one]), -one))
        area = _best_fit(problem, able[request], room)
        found[request] = area
        room[problem.path_of[area]] -= problem.draw_kva[request]
        waiting.discard(request)
        # Only places that might refuse somebody from now on: most pools above could still take anybody.
        scarce = [int(node) for node in problem.path_of[area] if (room[node] < largest).any()]
        touched = set().union(*(users[node] for node in scarce)) & waiting
        for one in touched:
            able[one] = problem.able(one, room)
            if not able[one]:
                waiting.discard(one)
    return found


def greedies(problem: Problem) -> dict[str, Assignment]:
    """Every rule's assignment by name, such as `priority_small/best_fit`."""
    found = {
        f"{by}/{at}": fill(problem, order(problem), place)
        for by, order in ORDERS.items()
        for at, place in PLACES.items()
    }
    return found | {"regret": regret(problem)}


def best_greedy(problem: Problem) -> tuple[str, Assignment]:
    """The best rule on this problem (the first of equals) and what it does."""
    found = greedies(problem)
    name = min(found, key=lambda one: problem.score(found[one]))
    return name, found[name]
