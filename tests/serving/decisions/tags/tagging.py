"""Builders of tags and inputs, a course of evaluations, and a slow, obvious machine for one customer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from serving.decisions.tags import HELD, UNKNOWN, Definitions, State, TagDefinition, assign

START = datetime(2026, 1, 1, tzinfo=UTC)
INPUTS = ("a", "b", "c", "s")
WORDS = {"english": "a tag", "chinese": "标签"}


def above(name: str = "a", enter: float = 10, leave: float = 8) -> dict[str, Any]:
    return {"input": name, "direction": "above", "enter": enter, "exit": leave}


def below(name: str = "b", enter: float = 3, leave: float = 5) -> dict[str, Any]:
    return {"input": name, "direction": "below", "enter": enter, "exit": leave}


def tag(code: str = "tag", **overrides: Any) -> TagDefinition:
    """A rule on `a`, entered at 10 and left below 8."""
    usual: dict[str, Any] = {"code": code, "version": 1, "kind": "rule", "name": WORDS, "meaning": WORDS}
    usual |= {"purpose": "service", "owner": "marketing", "conditions": [above()], "time_to_live_days": 90}
    return TagDefinition.model_validate(usual | overrides)


def tags_of(*tags: TagDefinition) -> Definitions:
    return Definitions.of(tags or (tag(),), INPUTS)


def inputs_of(rows: Mapping[str, Any] | Iterable[float | None], **columns: Any) -> pd.DataFrame:
    """Values of `a` by customer, or for customers C0, C1, ...; other columns as told."""
    values = dict(rows) if isinstance(rows, Mapping) else {f"C{place}": one for place, one in enumerate(rows)}
    index = pd.Index(list(values), dtype="str", name="customer_id")
    frame = pd.DataFrame({"a": pd.Series(list(values.values()), dtype="float64")}).set_axis(index)
    return frame.assign(**columns)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def course(definitions: Definitions, *values: float | None, every: float = 7, **columns: Any) -> list[State]:
    """The states after evaluations of one customer, one value of `a` after the other."""
    states = [State.empty()]
    for number, value in enumerate(values):
        states.append(assign(states[-1], inputs_of([value], **columns), definitions, day(every * number))[0])
    return states[1:]


def told(state: State, column: int = 0, row: int = 0) -> str:
    """h(eld), n(ot held) or u(nknown)."""
    return {HELD: "h", UNKNOWN: "u"}.get(int(state.cells.status[row, column]), "n")


def sequence(definitions: Definitions, *values: float | None, every: float = 7, **columns: Any) -> str:
    """One letter an evaluation."""
    return "".join(told(state) for state in course(definitions, *values, every=every, **columns))


@dataclass
class PlainTag:
    """One tag of one customer, followed by hand."""

    rule: TagDefinition
    status: str = "n"
    held_since: datetime | None = None
    unknown_since: datetime | None = None
    last_known: datetime | None = None
    votes: list[datetime] = field(default_factory=list)

    def judge(self, values: Mapping[str, float | None], entering: bool) -> bool | None:
        """True, False, or None for: cannot be told."""
        found: list[bool | None] = []
        for one in self.rule.conditions:
            value, bound = values.get(one.input), one.enter if entering else one.exit
            found.append(None if value is None else value >= bound if one.direction == "above" else value <= bound)
        if self.rule.combine == "all":
            return False if False in found else None if None in found else True
        return True if True in found else None if None in found else False

    def see(self, values: Mapping[str, float | None], now: datetime) -> None:
        """An evaluation; which tag of a group gives way is not decided here."""
        lives = timedelta(days=self.rule.time_to_live_days)
        if self.last_known is not None and now - self.last_known > lives:
            self.held_since, self.votes = None, []
        was = self.held_since is not None
        verdict = self.judge(values, entering=not was)
        if verdict is None:
            if self.status != "u":
                self.unknown_since = now
            self.status, self.votes = "u", []
            return
        self.last_known, self.unknown_since = now, None
        if verdict == was:
            self.votes = []
        else:
            self._vote(now, was)
        self.status = "n" if self.held_since is None else "h"

    def _vote(self, now: datetime, was: bool) -> None:
        needed = self.rule.confirmations
        in_time = timedelta(days=self.rule.confirm_within_days)
        if self.votes and len(self.votes) < needed and now - self.votes[0] > in_time:
            self.votes = []
        if len(self.votes) < needed:
            self.votes.append(now)
        if len(self.votes) < needed:
            return
        if not was:
            self.held_since, self.votes = now, []
        elif self.held_since is not None and now - self.held_since >= timedelta(days=self.rule.minimum_hold_days):
            self.held_since, self.votes = None, []

    def cell(self) -> tuple[Any, ...]:
        """What is to be compared: status, pending, since when, and since when it was held before it was not known."""
        begun = self.votes[0] if self.votes else None
        since = self.held_since if self.status == "h" else self.unknown_since if self.status == "u" else None
        return self.status, len(self.votes), begun, since, self.held_since if self.status == "u" else None


def cell_of(state: State, row: int, column: int) -> tuple[Any, ...]:
    """The same of a state."""
    cells = state.cells
    times = [int(one[row, column]) for one in (cells.pending_since, cells.since, cells.held_since)]
    begun, since, before = [datetime.fromtimestamp(one, UTC) if one else None for one in times]
    return told(state, column, row), int(cells.pending[row, column]), begun, since, before


def frame_of(rows: Sequence[Mapping[str, float | None]]) -> pd.DataFrame:
    index = pd.Index([f"C{place:02d}" for place in range(len(rows))], name="customer_id")
    return pd.DataFrame([dict(one) for one in rows], index=index, columns=["a", "b"], dtype="float64")
