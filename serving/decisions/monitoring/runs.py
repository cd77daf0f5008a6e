"""Runs of readings beyond a level, found for all nodes at once, and carried over where readings are cut.

Invariant: cut the readings of a node at any slot, carry what goes on at the cut, and the runs are those of the whole.
"""

from dataclasses import dataclass

import numpy as np

from serving.decisions.monitoring.rules import Channel, Rules

__all__ = ["NO_RUNS", "RUN", "Going", "Points", "points_of", "runs_of"]

RUN = np.dtype(
    [
        ("kind", "i8"),
        ("row", "i8"),
        ("start", "i8"),  # seconds since 1970
        ("end", "i8"),
        ("worst", "f8"),
        ("worst_at", "i8"),
        ("points", "i8"),
        ("level", "f8"),
        ("closer", "i8"),  # slot of the reading that ended it
        ("tier", "i8"),
    ]
)
NO_RUNS = np.zeros(0, dtype=RUN)


@dataclass(frozen=True)
class Points:
    """Known figures of a plane in order of row and slot, the carried one of each row first.

    `joined`: near enough to the point before, of the same row, to belong together.
    """

    row: np.ndarray
    slot: np.ndarray
    score: np.ndarray
    carried: np.ndarray
    joined: np.ndarray


@dataclass
class Going:
    """The run of a channel that goes on after the last reading of each row; `points` 0 where there is none."""

    start: np.ndarray
    worst: np.ndarray
    worst_at: np.ndarray
    points: np.ndarray
    tier: np.ndarray

    @classmethod
    def none(cls, rows: int) -> "Going":
        """No run goes on."""
        whole = (np.zeros(rows, dtype=np.int64) for _ in range(3))
        return cls(next(whole), np.full(rows, -np.inf), next(whole), next(whole), np.full(rows, -1))

    def take(self, rows: np.ndarray) -> "Going":
        """Those of some rows, copied."""
        return Going(*(getattr(self, name)[rows] for name in _GOING))

    def put(self, rows: np.ndarray, other: "Going") -> None:
        """Replace those of some rows."""
        for name in _GOING:
            getattr(self, name)[rows] = getattr(other, name)


_GOING = ("start", "worst", "worst_at", "points", "tier")


def points_of(
    score: np.ndarray, first_slot: int, last_slot: np.ndarray, last_score: np.ndarray, rules: Rules
) -> Points:
    """Points of a plane [row, slot] that begins at `first_slot`, after the last point of each row before that."""
    whole = np.concatenate([last_score[:, None], score], axis=1)
    row, column = np.nonzero(~np.isnan(whole))
    carried = column == 0
    slot = np.where(carried, last_slot[row], first_slot + column - 1)
    joined = np.zeros(len(row), dtype=bool)
    joined[1:] = (row[1:] == row[:-1]) & (slot[1:] - slot[:-1] <= rules.joined_slots)
    return Points(row, slot, whole[row, column], carried, joined)


def runs_of(points: Points, channel: Channel, going: Going, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Every run of a channel as `RUN`s in order of row and start, and which of them go on after the last point.

    `going` holds the runs that the carried points stand for. A run that goes on ends, so far, with its last point.
    """
    beyond = channel.beyond(points.score)
    at = np.flatnonzero(beyond)
    if not len(at):
        return NO_RUNS, np.zeros(0, dtype=bool)
    begins = np.ones(len(at), dtype=bool)
    begins[1:] = ~(points.joined[at[1:]] & (at[1:] - at[:-1] == 1))
    first = np.flatnonzero(begins)
    head, tail = at[first], at[np.append(first[1:], len(at)) - 1]
    runs = np.zeros(len(first), dtype=RUN)
    runs["kind"], runs["level"], runs["row"] = channel.kind, channel.level, points.row[head]
    carried, row = points.carried[at], points.row[at]
    runs["points"] = np.add.reduceat(np.where(carried, going.points[row], 1), first)
    height = np.where(carried, going.worst[row], points.score[at])
    runs["worst"] = np.maximum.reduceat(height, first)
    number = np.cumsum(begins) - 1
    highest = np.flatnonzero(height == runs["worst"][number])
    _, earliest = np.unique(number[highest], return_index=True)
    place = highest[earliest]
    when = points.slot[at[place]] * rules.step_seconds
    runs["worst_at"] = np.where(carried[place], going.worst_at[row[place]], when)
    runs["start"] = np.where(points.carried[head], going.start[runs["row"]], _begin(points, head, channel, rules))
    runs["tier"] = np.where(points.carried[head], going.tier[runs["row"]], -1)
    after = np.minimum(tail + 1, len(points.row) - 1)
    open_ = (tail == after) | (points.row[after] != runs["row"])
    runs["closer"] = np.where(open_, np.iinfo(np.int64).max, points.slot[after])
    runs["end"] = _end(points, tail, after, open_, channel, rules)
    return runs, open_


def _begin(points: Points, head: np.ndarray, channel: Channel, rules: Rules) -> np.ndarray:
    """When runs begin, seconds: with their first point, or on the line that leads up to it."""
    plain = points.slot[head] * rules.step_seconds
    return np.where(points.joined[head], _crossing(points, head - 1, channel, rules), plain)


def _end(
    points: Points, tail: np.ndarray, after: np.ndarray, open_: np.ndarray, channel: Channel, rules: Rules
) -> np.ndarray:
    """When runs end, seconds: with the interval of their last point, or on the line that leads down from it."""
    if not rules.interpolated:
        ends: np.ndarray = (points.slot[tail] + 1) * rules.step_seconds
        return ends
    down = ~open_ & points.joined[after]
    return np.where(down, _crossing(points, tail, channel, rules), points.slot[tail] * rules.step_seconds)


def _crossing(points: Points, before: np.ndarray, channel: Channel, rules: Rules) -> np.ndarray:
    """Where the line from each point to the next crosses the level, whole seconds."""
    after = np.minimum(before + 1, len(points.row) - 1)
    if not rules.interpolated:
        plain: np.ndarray = points.slot[after] * rules.step_seconds
        return plain
    low, high = points.score[before], points.score[after]
    rise = np.where(high == low, 1.0, high - low)
    span = (points.slot[after] - points.slot[before]) * rules.step_seconds
    along = np.clip((channel.level - low) / rise, 0.0, 1.0)
    return points.slot[before] * rules.step_seconds + np.rint(along * span).astype(np.int64)
