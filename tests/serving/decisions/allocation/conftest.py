"""Little allocations made by hand, and the plain check of what an assignment may never do."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product

import pandas as pd

from serving.decisions.allocation import Allocation, AllocationPolicy, Problem, allocate, plane_km, read_problem

BLOCKS = range(6)
POLICY = AllocationPolicy(seconds=5, max_distance_km=100, gap=1e-6)


@dataclass(frozen=True)
class Case:
    """Areas on a line, one km apart, each feeder with two of them, one substation; positions in km."""

    open_kva: tuple[float, ...] = (100.0, 100.0, 100.0, 100.0)
    requests: tuple[Mapping[str, object], ...] = ()
    room: Mapping[str, object] = field(default_factory=dict)
    policy: AllocationPolicy = POLICY

    @property
    def areas(self) -> list[str]:
        return [f"A{one}" for one in range(len(self.open_kva))]

    @property
    def paths(self) -> dict[str, tuple[str, ...]]:
        return {area: (area, f"F{one // 2}", "S") for one, area in enumerate(self.areas)}

    def asking(self, kva: float, at: float = 0.0, **more: object) -> "Case":
        """One more request, `at` km along the line, an hour after the one before."""
        row = {"kva": kva, "longitude": at, **more}
        return replace(self, requests=(*self.requests, row))

    def with_room(self, node: str, kva: object) -> "Case":
        """Room of a node: one figure, or six."""
        return replace(self, room={**self.room, node: kva})

    def with_policy(self, **values: object) -> "Case":
        return replace(self, policy=AllocationPolicy.model_validate({**self.policy.model_dump(), **values}))

    def request_frame(self) -> pd.DataFrame:
        rows = []
        for number, given in enumerate(self.requests):
            row = {"request_id": f"R{number}", "priority": 3, "node_id": None, "latitude": 0.0, "customer_class": None}
            row |= {f"block_share_{block}": 1.0 for block in BLOCKS}
            row["submitted_at"] = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(hours=number)
            rows.append({**row, **given})
        return pd.DataFrame(rows)

    def room_frame(self) -> pd.DataFrame:
        values: dict[str, object] = dict(zip(self.areas, self.open_kva, strict=True))
        values |= dict.fromkeys({node for path in self.paths.values() for node in path[1:]}, 1e4)
        values |= self.room
        rows = {node: kva if isinstance(kva, tuple) else (kva,) * 6 for node, kva in values.items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(BLOCKS)).astype(float)

    def place_frame(self) -> pd.DataFrame:
        along = [float(one) for one in range(len(self.areas))]
        return pd.DataFrame({"longitude": along, "latitude": 0.0}, index=self.areas)

    def problem(self) -> Problem:
        frames = (self.request_frame(), self.room_frame(), self.paths, self.place_frame())
        return read_problem(*frames, self.policy, plane_km)

    def answer(self) -> Allocation:
        return allocate(self.request_frame(), self.room_frame(), self.paths, self.place_frame(), self.policy, plane_km)


def breaks(case: Case, placed: Mapping[str, str]) -> list[str]:
    """Every limit that request → area breaks, by adding up each node and block from the frames."""
    rows, room, found = case.request_frame().set_index("request_id"), case.room_frame(), []
    for node, block in product(room.index, BLOCKS):
        below = [one for one, area in placed.items() if node in case.paths[area]]
        used = sum(rows.at[one, "kva"] * rows.at[one, f"block_share_{block}"] for one in below)
        if not used <= room.at[node, block] + 2e-6 and below:
            found.append(f"{node} block {block}: {used} of {room.at[node, block]}")
    return found


def weighted(case: Case, placed: Mapping[str, str]) -> float:
    """Weighted kVA that stays unserved."""
    rows = case.request_frame()
    out = rows[~rows["request_id"].isin(list(placed))]
    return float((out["kva"] * out["priority"].map(case.policy.weight)).sum())


def least_by_trying(case: Case) -> float:
    """The least weighted unserved kVA of all assignments there are, one after the other."""
    problem = case.problem()
    choices = [[None, *(problem.area_ids[area] for area in areas)] for areas in problem.candidates]
    every = (dict(zip(problem.request_ids, one, strict=True)) for one in product(*choices))
    kept = ({who: area for who, area in one.items() if area} for one in every)
    return min(weighted(case, one) for one in kept if not breaks(case, one))
