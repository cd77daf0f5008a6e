"""A feeder's line segments as a tree of points, or in words why they make none."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

__all__ = ["Line", "read_line"]


@dataclass(frozen=True)
class Line:
    """Points in an order in which each comes after the one it is fed from; segment i is the one that leads to point i.

    `above` int [point] is the point upstream, -1 where the segment starts at the substation's bus. `r` and `x`
    [segment] are in per unit of the nominal voltage per kW and per kvar: ohm / (1000 · kV²).
    """

    points: tuple[str, ...]
    above: np.ndarray
    r: np.ndarray
    x: np.ndarray
    nominal_kv: float

    @cached_property
    def feeds(self) -> np.ndarray:
        """[segment, point] 1.0 where the segment lies on the way to the point."""
        found = np.eye(len(self.points))
        for point in range(len(self.points) - 1, -1, -1):
            if self.above[point] >= 0:
                found[self.above[point]] += found[point]
        return found

    def place(self, point_id: str) -> int:
        """The number of a point; ValueError where the line has none of that name."""
        return self.points.index(point_id)


def read_line(
    feeder_id: str, heads: frozenset[str], segments: pd.DataFrame, default_kv: float
) -> tuple[Line | None, str]:
    """The tree of one feeder's segments from where it begins, and what is wrong with them, in words ("" if nothing).

    `heads` are the names under which the beginning may stand: the substation's or the feeder's own. `segments` are the
    feeder's rows of `line_segment` that hold at one moment. Points that cannot be reached are not in the tree; where
    the segments are no tree, or their impedance or voltage is not known, there is none.
    """
    fault = _unknown_values(segments) or _more_than_one_way(segments, heads)
    if fault:
        return None, fault
    kv = segments["nominal_kv"].dropna().unique()
    if len(kv) > 1:
        return None, f"line segments of {feeder_id} name {len(kv)} nominal voltages"
    children: dict[str, list[int]] = {}
    for row, start in enumerate(segments["from_id"].astype(str)):
        children.setdefault(start, []).append(row)
    ends = segments["to_id"].astype(str).tolist()
    order, above = _walk(children, ends, heads)
    if not order:
        return None, f"no line segment of {feeder_id} starts at {' or '.join(sorted(heads))}"
    nominal = float(kv[0]) if len(kv) else default_kv
    taken = segments.iloc[order]
    scale = 1000 * nominal**2
    line = Line(
        tuple(ends[row] for row in order),
        np.array(above),
        taken["r_ohm"].to_numpy(dtype=float) / scale,
        taken["x_ohm"].to_numpy(dtype=float) / scale,
        nominal,
    )
    return line, ""


def _walk(children: dict[str, list[int]], ends: list[str], heads: frozenset[str]) -> tuple[list[int], list[int]]:
    """Rows of the segments from the heads downstream, and for each the position of the one before it."""
    order: list[int] = []
    above: list[int] = []
    waiting = [(row, -1) for head in sorted(heads) for row in children.get(head, [])]
    while waiting:
        row, before = waiting.pop()
        order.append(row)
        above.append(before)
        waiting += [(one, len(order) - 1) for one in children.get(ends[row], [])]
    return order, above


def _unknown_values(segments: pd.DataFrame) -> str:
    both = segments[["r_ohm", "x_ohm"]].to_numpy(dtype=float)
    bad = ~(np.isfinite(both) & (both >= 0)).all(axis=1)
    if bad.any():
        first = segments["segment_id"].astype(str).to_numpy()[bad][0]
        return f"resistance or reactance is not known of {bad.sum()} line segments, the first {first}"
    return "all line segments have no impedance at all" if not both.any() else ""


def _more_than_one_way(segments: pd.DataFrame, heads: frozenset[str]) -> str:
    """A point fed twice, or a head that is fed: a loop, a double circuit, or a ring that no row says where it is open.

    With one way into every point what the heads reach is a tree; a ring apart from it is not reached.
    """
    ends = segments["to_id"].astype(str)
    twice = ends[ends.duplicated() | ends.isin(heads)]
    return f"line segments lead to {twice.iloc[0]} in more than one way" if len(twice) else ""
