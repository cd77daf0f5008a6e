"""From readings to runs that are events: every channel of some nodes over some slots, and what is carried on.

Scanning two stretches one after the other gives what scanning both at once gives.
"""

from dataclasses import dataclass

import numpy as np

from serving.decisions.monitoring.rules import KINDS, PLANES, Rules, planes_of
from serving.decisions.monitoring.runs import NO_RUNS, RUN, Going, Points, points_of, runs_of

__all__ = ["Carry", "going_on", "scan"]

_STALE, _LONG = KINDS.index("stale"), KINDS.index("long_overload")


@dataclass
class Carry:
    """What a later scan must know of earlier slots: last point of every plane and row, run of every channel."""

    last_slot: np.ndarray  # [plane, row]
    last_score: np.ndarray
    going: tuple[Going, ...]

    @classmethod
    def begin(cls, rows: int, channels: int, first_slot: int) -> "Carry":
        """Nothing is known before `first_slot`; silence is counted from there."""
        slots = np.full((len(PLANES), rows), first_slot - 1, dtype=np.int64)
        none = tuple(Going.none(rows) for _ in range(channels))
        return cls(slots, np.full((len(PLANES), rows), np.nan), none)

    def take(self, rows: np.ndarray) -> "Carry":
        """That of some rows, copied."""
        return Carry(self.last_slot[:, rows], self.last_score[:, rows], tuple(one.take(rows) for one in self.going))

    def put(self, rows: np.ndarray, other: "Carry") -> None:
        """Replace that of some rows."""
        self.last_slot[:, rows], self.last_score[:, rows] = other.last_slot, other.last_score
        for mine, new in zip(self.going, other.going, strict=True):
            mine.put(rows, new)


def scan(
    values: np.ndarray, first_slot: int, rating_kw: np.ndarray, carry: Carry, rules: Rules
) -> tuple[np.ndarray, Carry]:
    """Runs (`RUN`) that ended within `values` [measure, row, slot] and lasted long enough, and the carry after it."""
    points = [
        points_of(score, first_slot, carry.last_slot[place], carry.last_score[place], rules)
        for place, score in enumerate(planes_of(values, rating_kw))
    ]
    after = Carry(carry.last_slot.copy(), carry.last_score.copy(), ())
    found = [_silences(points[0], carry.last_slot[0], rules)]
    for place, part in enumerate(points):
        last = np.flatnonzero(np.append(part.row[1:] != part.row[:-1], True)[: len(part.row)])
        after.last_slot[place, part.row[last]] = part.slot[last]
        after.last_score[place, part.row[last]] = part.score[last]
    going: list[Going] = []
    long: list[tuple[np.ndarray, np.ndarray]] = []
    for channel, before in zip(rules.channels, carry.going, strict=True):
        runs, open_ = runs_of(points[channel.plane], channel, before, rules)
        enough = runs["end"] - runs["start"] >= channel.seconds
        if channel.tier < 0:
            found.append(runs[enough & ~open_])
        else:
            # What was carried may have reached a higher tier already.
            runs["tier"] = np.maximum(runs["tier"], np.where(enough, channel.tier, -1))
            long.append((runs, open_))
        going.append(_carried(runs[open_], len(rating_kw)))
    found.append(_long_overloads(long, going, rules))
    after.going = tuple(going)
    return np.concatenate(found), after


def going_on(carry: Carry, now: int, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Runs that are events already though nothing has ended them, as `RUN`s, and which of them are open at `now`
    (seconds): until silence is too long, it is not known that they are over.
    """
    found = [_silent(carry.last_slot[0], now, rules)]
    for channel, one in zip(rules.channels, carry.going, strict=True):
        rows = np.flatnonzero(one.points)
        slots = carry.last_slot[channel.plane, rows]
        runs = np.zeros(len(rows), dtype=RUN)
        runs["kind"], runs["level"], runs["row"], runs["closer"] = channel.kind, channel.level, rows, slots
        for name in ("start", "worst", "worst_at", "points", "tier"):
            runs[name] = getattr(one, name)[rows]
        runs["end"] = (slots + (0 if rules.interpolated else 1)) * rules.step_seconds
        if channel.tier < 0:
            found.append(runs[runs["end"] - runs["start"] >= channel.seconds])
        elif channel.tier == 0:
            found.append(_told(runs[runs["tier"] >= 0], rules))
    runs = np.concatenate(found)
    heard = (runs["closer"] + 1) * rules.step_seconds
    return runs, (runs["kind"] == _STALE) | (now - heard <= rules.stale_seconds)


def _carried(runs: np.ndarray, rows: int) -> Going:
    """Open runs as the carry of the next scan; rows without one have none."""
    going = Going.none(rows)
    for name in ("start", "worst", "worst_at", "points", "tier"):
        getattr(going, name)[runs["row"]] = runs[name]
    return going


def _silences(points: Points, last_slot: np.ndarray, rules: Rules) -> np.ndarray:
    """Silences that a reading ended: longer than allowed between the end of one reading and the start of the next."""
    new = np.flatnonzero(~points.carried)
    row, slot = points.row[new], points.slot[new]
    same = np.zeros(len(new), dtype=bool)
    same[1:] = row[1:] == row[:-1]
    before = np.where(same, np.roll(slot, 1), last_slot[row])
    long = (slot - before - 1) * rules.step_seconds > rules.stale_seconds
    runs = _silence(row[long], before[long] + 1, slot[long] * rules.step_seconds, rules)
    runs["closer"] = slot[long]
    return runs


def _silent(last_slot: np.ndarray, now: int, rules: Rules) -> np.ndarray:
    """Silences that go on at `now`."""
    rows = np.flatnonzero(now - (last_slot + 1) * rules.step_seconds > rules.stale_seconds)
    return _silence(rows, last_slot[rows] + 1, np.full(len(rows), now), rules)


def _silence(rows: np.ndarray, first: np.ndarray, end: np.ndarray, rules: Rules) -> np.ndarray:
    """Runs of missing slots, from `first` until `end` (seconds); how long they are is how bad they are."""
    runs = np.zeros(len(rows), dtype=RUN)
    runs["kind"], runs["row"], runs["level"], runs["tier"] = _STALE, rows, rules.stale_seconds / 60, -1
    runs["start"] = runs["worst_at"] = first * rules.step_seconds
    runs["end"] = end
    runs["worst"] = (runs["end"] - runs["start"]) / 60
    runs["points"] = (runs["end"] - runs["start"]) // rules.step_seconds
    return runs


def _long_overloads(long: list[tuple[np.ndarray, np.ndarray]], going: list[Going], rules: Rules) -> np.ndarray:
    """Runs of the lowest tier in which some tier lasted long enough. The one that goes on takes its tier along.

    Runs of higher tiers lie within those of the lowest, since their levels are higher.
    """
    base, open_ = long[0]
    if not len(base):
        return NO_RUNS
    reached = base["tier"].copy()
    for runs, _ in long[1:]:
        lasted = runs[runs["tier"] >= 0]
        within = _place(base, lasted)
        np.maximum.at(reached, within, lasted["tier"])
    base["tier"] = reached
    going[-len(long)].tier[base["row"][open_]] = reached[open_]
    return _told(base[~open_ & (reached >= 0)], rules)


def _place(base: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Position in `base` of the run that each of `runs` lies within; both are in order of row and start."""
    origin = base["start"].min()
    span = int(max(base["start"].max(), runs["start"].max() if len(runs) else 0) - origin) + 1
    keys = base["row"] * span + (base["start"] - origin)
    found: np.ndarray = np.searchsorted(keys, runs["row"] * span + (runs["start"] - origin), side="right") - 1
    return found


def _told(runs: np.ndarray, rules: Rules) -> np.ndarray:
    """Long overloads, each under the level of the highest tier it reached."""
    runs = runs.copy()
    runs["level"] = np.array(rules.tier_levels)[runs["tier"]]
    return runs
