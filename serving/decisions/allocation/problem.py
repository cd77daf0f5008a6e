"""One allocation as arrays: who asks for what, where it could go, and what is open on the way up."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from serving.decisions.allocation.checks import check_places, check_requests, check_room
from serving.decisions.allocation.ground import Distance, great_circle_km
from serving.decisions.allocation.policy import AllocationPolicy
from training.peak.blocks import BLOCKS

__all__ = ["NOWHERE", "Assignment", "Problem", "Score", "read_problem"]

NOWHERE = -1
_HAIR_KVA = 1e-6
_SENIORITY = 1e-6

Assignment = np.ndarray
"""For each request the number of the area it goes to, or NOWHERE."""

Score = tuple[float, float, float]
"""Weighted unserved kVA, the same with older applications counting a hair more, cost in CNY: less is better."""


@dataclass(frozen=True)
class Problem:
    """Requests [n] in order of submission, areas [m] in order of their ids, nodes with room [k], K nearest candidates.

    `draw_kva` [n, 6] is what a request draws in each block; `room_kva` [k + 1, 6] what may be promised at a node itself
    (NaN: not known), and a last row without limit, at which NOWHERE points; `paths` [m, depth] the nodes from the area
    upwards, NOWHERE beyond the top; `distance_km` [n, m] (infinite: farther than the policy allows); `nearest` [n, K]
    the candidates, NOWHERE where there are fewer.
    """

    policy: AllocationPolicy
    request_ids: tuple[str, ...]
    area_ids: tuple[str, ...]
    node_ids: tuple[str, ...]
    kva: np.ndarray
    draw_kva: np.ndarray
    weight: np.ndarray
    room_kva: np.ndarray
    paths: np.ndarray
    distance_km: np.ndarray
    nearest: np.ndarray

    @cached_property
    def value(self) -> np.ndarray:
        """Weighted kVA of each request."""
        return self.weight * self.kva

    @cached_property
    def worth(self) -> np.ndarray:
        """`value`, where of two equal requests the older one counts a hair more."""
        count = len(self.kva)
        return self.value * (1 + _SENIORITY * (count - np.arange(count)) / max(count, 1))

    @cached_property
    def path_of(self) -> list[np.ndarray]:
        """The nodes above each area, itself first, as numbers."""
        return [path[path != NOWHERE] for path in self.paths]

    @cached_property
    def _ranked(self) -> list[np.ndarray]:
        return [row[row != NOWHERE] for row in self.nearest]

    @cached_property
    def candidates(self) -> list[list[int]]:
        """The areas each request may go to, the nearest first."""
        return [row.tolist() for row in self._ranked]

    def cost_cny(self, request: int, area: int) -> float:
        """What connecting there costs."""
        rules = self.policy
        return rules.cost_cny_per_km * self.distance_km[request, area] + rules.cost_cny_per_kva * self.kva[request]

    def fits(self, request: int, area: int, room_kva: np.ndarray) -> bool:
        """Whether `room_kva` [k + 1, 6] takes the request at the area and everywhere above."""
        return bool((self.draw_kva[request] <= room_kva[self.path_of[area]] + _HAIR_KVA).all())

    def able(self, request: int, room_kva: np.ndarray) -> list[int]:
        """The candidates at which `room_kva` takes the request, the nearest first."""
        areas = self._ranked[request]
        takes = (self.draw_kva[request] <= room_kva[self.paths[areas]] + _HAIR_KVA).all(axis=(1, 2))
        return [int(one) for one in areas[takes]]

    def left(self, assignment: Assignment) -> np.ndarray:
        """Room [k + 1, 6] that is left after an assignment."""
        room = self.room_kva.copy()
        for request in np.flatnonzero(assignment != NOWHERE):
            room[self.path_of[assignment[request]]] -= self.draw_kva[request]
        return room

    def score(self, assignment: Assignment) -> Score:
        """How much is left unserved and what it costs; rounded, so that the order of sums does not matter."""
        out = assignment == NOWHERE
        cost = sum(self.cost_cny(int(one), int(assignment[one])) for one in np.flatnonzero(~out))
        return round(float(self.value[out].sum()), 6), round(float(self.worth[out].sum()), 9), round(cost, 2)


def read_problem(
    requests: pd.DataFrame,
    room: pd.DataFrame,
    paths: Mapping[str, tuple[str, ...]],
    places: pd.DataFrame,
    policy: AllocationPolicy,
    distance_km: Distance = great_circle_km,
) -> Problem:
    """Check the frames and bring them into arrays; `serving.decisions.allocation.allocate` says what they hold.

    Raises DataError naming table, column, count and the first offender.
    """
    check_room(room)
    check_places(places, paths)
    check_requests(requests, paths)
    requests = requests.sort_values(["submitted_at", "request_id"], kind="stable").reset_index(drop=True)
    areas, nodes = tuple(sorted(paths)), tuple(sorted({node for path in paths.values() for node in path}))
    shares = requests[[f"block_share_{block}" for block in range(BLOCKS)]].to_numpy(dtype=float)
    kva = requests["kva"].to_numpy(dtype=float)
    known = np.vstack([room.reindex(list(nodes)).to_numpy(dtype=float), np.full(BLOCKS, np.inf)])
    steps = _numbered(areas, nodes, paths)
    distance = _distances(requests, areas, places, distance_km)
    distance = np.where(distance <= policy.max_distance_km, distance, np.inf)
    draw = shares * kva[:, None]
    return Problem(
        policy=policy,
        request_ids=tuple(requests["request_id"].astype(str)),
        area_ids=areas,
        node_ids=nodes,
        kva=kva,
        draw_kva=draw,
        weight=requests["priority"].map(policy.weight).to_numpy(dtype=float),
        room_kva=known,
        paths=steps,
        distance_km=distance,
        nearest=_nearest(distance, draw, known, steps, policy.candidates),
    )


def _numbered(areas: tuple[str, ...], nodes: tuple[str, ...], paths: Mapping[str, tuple[str, ...]]) -> np.ndarray:
    number = {node: position for position, node in enumerate(nodes)}
    steps = np.full((len(areas), max(map(len, paths.values()), default=1)), NOWHERE)
    for position, area in enumerate(areas):
        steps[position, : len(paths[area])] = [number[node] for node in paths[area]]
    return steps


def _distances(
    requests: pd.DataFrame, areas: tuple[str, ...], places: pd.DataFrame, distance_km: Distance
) -> np.ndarray:
    """km [n, m]; infinite where one of the two has no position. An area asked for is at hand, wherever it lies."""
    spots = places.reindex(list(areas))[["longitude", "latitude"]].to_numpy(dtype=float)
    own = requests[["longitude", "latitude"]].to_numpy(dtype=float, copy=True)
    number = {area: position for position, area in enumerate(areas)}
    named = [number.get(one, NOWHERE) if isinstance(one, str) else NOWHERE for one in requests["node_id"]]
    asked = np.array(named, dtype=int)
    bare = np.isnan(own).any(axis=1) & (asked != NOWHERE)
    own[bare] = spots[asked[bare]]
    km = distance_km(own[:, :1], own[:, 1:], spots[None, :, 0], spots[None, :, 1])
    km = np.where(np.isfinite(km), km, np.inf)
    rows = np.flatnonzero(asked != NOWHERE)
    km[rows, asked[rows]] = np.where(np.isfinite(km[rows, asked[rows]]), km[rows, asked[rows]], 0.0)
    return km


def _nearest(distance: np.ndarray, draw: np.ndarray, room: np.ndarray, steps: np.ndarray, count: int) -> np.ndarray:
    """The nearest areas [n, count] that could take each request if it were alone; NOWHERE where there are fewer."""
    open_kva = room[steps].min(axis=1)
    # What is not known is able of nothing. One request at a time: many requests times many areas times six is a lot.
    able = np.array([(one <= open_kva + _HAIR_KVA).all(axis=1) for one in draw]).reshape(distance.shape)
    reach = np.where(able, distance, np.inf)
    order = np.argsort(reach, axis=1, kind="stable")[:, :count]
    found = np.where(np.isfinite(np.take_along_axis(reach, order, axis=1)), order, NOWHERE)
    return np.pad(found, ((0, 0), (0, count - found.shape[1])), constant_values=NOWHERE)
