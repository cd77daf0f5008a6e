"""The streaming state of monitoring: batches of readings in, in any order, events and what changed of them out."""

from collections import ChainMap
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import DataError
from serving.decisions.monitoring.batch import Readings, read_batch, read_nodes
from serving.decisions.monitoring.events import EventRows, event_rows, events_frame
from serving.decisions.monitoring.policy import MonitoringPolicy
from serving.decisions.monitoring.ring import Ring
from serving.decisions.monitoring.rules import Rules
from serving.decisions.monitoring.runs import NO_RUNS
from serving.decisions.monitoring.scan import Carry, going_on, scan

__all__ = ["MonitoringState", "MonitoringUpdate"]

_DAY_SECONDS = 86_400
_CELLS_AT_ONCE = 500_000
_BLOCKS = 16
_GONE = np.iinfo(np.int64).min


@dataclass(frozen=True)
class MonitoringUpdate:
    """What one batch did: the events it touched, with a column `change` (`EVENT_CHANGE`), and the rows not taken in.

    `too_late` counts rows older than what is kept: events of their time stand as they were told, and whoever wants
    them put right rebuilds the state from the lake. `unknown` names no watched node, `off_grid` begins where no
    interval does, `future` was known before its interval began, `invalid` holds no value.
    """

    now: pd.Timestamp
    changes: pd.DataFrame
    too_late: int
    unknown: int
    off_grid: int
    future: int
    invalid: int

    def changed(self, how: str) -> pd.DataFrame:
        """The events that were `opened`, `extended`, `closed` or `withdrawn`."""
        return self.changes[self.changes["change"] == how].drop(columns="change").reset_index(drop=True)


class MonitoringState:
    """Watches nodes by one policy from `since` on.

    Invariants: the events after a number of batches hang only on the readings in them and on the last `now`, not on
    how they were cut into batches nor on their order, as long as every reading comes while the newest one taken in is
    less than `correct_days` ahead of it. Of several versions of a reading the one known last counts.

    `nodes` is indexed by node_id: rating_kva (all transformers together), power_factor, kind, customers (at or
    below). Times are UTC throughout, so changes of clocks do not matter. Raises DataError for nodes that lack a
    column or stand twice, and where a day is no whole number of steps.
    """

    def __init__(
        self, nodes: pd.DataFrame, policy: MonitoringPolicy, since: pd.Timestamp, step_minutes: int = 15
    ) -> None:
        if step_minutes < 1 or 1440 % step_minutes:
            raise DataError("node_load", "start_utc", f"readings every {step_minutes} minutes fill no day", 0, "none")
        self.policy = policy
        self.step_minutes = step_minutes
        self.nodes = read_nodes(nodes, policy.voltage_kinds)
        self._rules = Rules.of(policy, step_minutes)
        first = -(-int(since.timestamp()) // self._rules.step_seconds)
        count = len(self.nodes.ids)
        self._ring = Ring(count, policy.correct_days * _DAY_SECONDS // self._rules.step_seconds, first)
        # What is known before the ring, and up to the head: the slot after the newest reading.
        self._edge = Carry.begin(count, len(self._rules.channels), first)
        self._ahead = Carry.begin(count, len(self._rules.channels), first)
        self._head = first
        # Ended runs that late readings can still change: those told before, in blocks that are not copied at every
        # batch, and those found since; what was told of runs that have lost their place among them; and what was told
        # of those that nothing has ended.
        self._ended: list[np.ndarray] = []
        self._fresh = NO_RUNS
        self._dropped: EventRows = {}
        self._going: EventRows = {}

    @property
    def newest(self) -> pd.Timestamp:
        """The end of the newest interval of which a reading is known; `since` before the first."""
        return pd.Timestamp(self._head * self._rules.step_seconds, unit="s", tz="UTC")

    def update(self, batch: pd.DataFrame, now: pd.Timestamp | None = None) -> MonitoringUpdate:
        """Take in rows of the contract `node_load` and judge all nodes at `now` (default: `newest`).

        Raises DataError when a column is missing.
        """
        policy = self.policy
        readings = read_batch(batch, self.nodes, self.step_minutes, policy.invalid_values, policy.imbalance_min_share)
        fresh = np.flatnonzero(readings.slot >= self._ring.left)
        too_late = len(readings) - len(fresh)
        self._take_in(readings.take(fresh))
        moment = self.newest if now is None else now
        changes = self._changes(int(moment.timestamp()))
        self._settle()
        left = (readings.unknown, readings.off_grid, readings.future, readings.invalid)
        return MonitoringUpdate(moment, changes, too_late, *left)

    def events(self) -> pd.DataFrame:
        """Events as told last, by start: those that go on and those that late readings can still change."""
        rows = [_rows(block[self._in_ring(block)]) for block in self._ended]
        return events_frame(dict(ChainMap(self._going, *rows)), self.nodes)

    def _take_in(self, readings: Readings) -> None:
        """Write readings, oldest first, as far as the ring reaches; then let it slide, and go on."""
        while len(readings):
            end = self._ring.left + self._ring.width
            cut = int(np.searchsorted(readings.slot, end))
            self._write(readings.take(np.arange(cut)))
            readings = readings.take(np.arange(cut, len(readings)))
            if len(readings):
                self._slide(min(int(readings.slot[-1]) - self._ring.width + 1, end))

    def _write(self, readings: Readings) -> None:
        """Scan anew the nodes whose readings changed: only what is new, or all that is kept where the past changed."""
        if not len(readings):
            return
        head = max(self._head, int(readings.slot[-1]) + 1)
        changed = self._ring.write(readings)
        past = np.unique(readings.row[changed[readings.slot[changed] < self._head]])
        new = np.setdiff1d(readings.row[changed], past)
        again = np.zeros(len(self.nodes.ids), dtype=bool)
        again[past] = True
        for block in self._ended:
            dropped = np.flatnonzero(self._in_ring(block) & again[block["row"]])
            self._dropped |= _rows(block[dropped])
            block["closer"][dropped] = _GONE
        kept = self._fresh[~(self._in_ring(self._fresh) & again[self._fresh["row"]])]
        of_past = self._scan(past, self._ring.left, head, self._edge, self._ahead)
        of_new = self._scan(new, max(self._head, self._ring.left), head, self._ahead, self._ahead)
        self._fresh = np.concatenate([kept, of_past, of_new])
        self._head = head

    def _slide(self, left: int) -> None:
        """Carry what leaves the ring; the runs that end there are known already."""
        self._scan(np.arange(len(self.nodes.ids)), self._ring.left, left, self._edge, self._edge)
        self._ring.slide(left)

    def _scan(self, rows: np.ndarray, first: int, last: int, before: Carry, after: Carry) -> np.ndarray:
        """Runs of `rows` that ended from slot `first` until `last`, going on from `before`; `after` takes the carry."""
        found = [NO_RUNS]
        at_once = max(1, _CELLS_AT_ONCE // (last - first + 1))
        for begin in range(0, len(rows), at_once):
            part = rows[begin : begin + at_once]
            values = self._ring.window(part, first, last)
            runs, carry = scan(values, first, self.nodes.rating_kw[part], before.take(part), self._rules)
            after.put(part, carry)
            runs["row"] = part[runs["row"]]
            found.append(runs)
        return np.concatenate(found)

    def _changes(self, now: int) -> pd.DataFrame:
        """What is told now and was not, or otherwise; and what was told and has lost its ground."""
        going, open_ = going_on(self._ahead, now, self._rules)
        running = event_rows(going, open_)
        before = self._dropped | self._going
        after = _rows(self._fresh) | running
        changes: EventRows = {}
        how: list[str] = []
        for key, told in after.items():
            was = before.pop(key, None)
            if was != told:
                changes[key] = told
                over = was is not None and was[0] and not told[0]
                how.append("opened" if was is None else "closed" if over else "extended")
        how += ["withdrawn"] * len(before)
        self._dropped, self._going = {}, running
        return events_frame(changes | before, self.nodes, how)

    def _settle(self) -> None:
        """Forget what no reading that is still taken in can change: it has been told, and stands."""
        if len(self._fresh):
            self._ended.append(self._fresh)
        self._fresh = NO_RUNS
        if len(self._ended) > _BLOCKS:
            self._ended = [np.concatenate([block[self._in_ring(block)] for block in self._ended])]

    def _in_ring(self, ended: np.ndarray) -> np.ndarray:
        """Runs whose end a late reading can still change, and none has taken away."""
        in_ring: np.ndarray = ended["closer"] >= self._ring.left
        return in_ring


def _rows(ended: np.ndarray) -> EventRows:
    return event_rows(ended, np.zeros(len(ended), dtype=bool))
