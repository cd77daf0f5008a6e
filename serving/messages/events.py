"""Events at nodes, and the weekly digest."""

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from serving.messages.parts import Identifier, Message

__all__ = ["DigestAnswer", "DigestQuery", "EventsAnswer", "EventsQuery"]

EventKind = Literal[
    "heavy", "overload", "long_overload", "low_voltage", "high_voltage", "stale", "reverse_flow", "imbalance"
]


class EventsQuery(Message):
    """Which events to list."""

    org_unit: Identifier | None = Field(None, description="only of this org unit and the units below it")
    node_id: Identifier | None = Field(None, description="only of this node")
    kind: EventKind | None = Field(None, description="only this kind")
    state: Literal["open", "closed"] | None = Field(None, description="only those that go on, or that are over")
    foreseen: bool | None = Field(None, description="true: only what a forecast sees coming; false: only what happened")
    first: AwareDatetime | None = Field(None, description="only what went on after this moment")
    last: AwareDatetime | None = Field(None, description="only what began before this moment")
    rule_set: Literal["a", "b"] | None = Field(None, description="by which rules; the one in force where empty")
    limit: int = Field(100, ge=1, le=1000, description="events on a page")
    offset: int = Field(0, ge=0, le=1_000_000, description="how many newer ones to skip")


class EventEntry(Message):
    """Something that goes on, went on, or is seen coming at a node."""

    event_id: str
    node_id: str
    name: str | None
    hall_id: str | None
    kind: EventKind
    rule_set: str
    start_utc: AwareDatetime
    end_utc: AwareDatetime | None = Field(description="null while it goes on")
    state: str
    worst_value: float = Field(description="the worst so far, in `unit`; of a share, 1 is the rating")
    worst_at: AwareDatetime
    threshold: float = Field(description="the level it is judged by, in `unit`")
    unit: str
    duration_minutes: float
    customers: int = Field(description="customers at or below the node")
    foreseen: bool
    probability: float | None = Field(description="of a foreseen event, that it comes")


class EventsAnswer(Message):
    """Events, newest first."""

    total: int
    watched_until: AwareDatetime | None = Field(description="the moment up to which nodes were watched; null: never")
    events: list[EventEntry]


class DigestQuery(Message):
    """Of whom and of when."""

    org_unit: Identifier | None = Field(None, description="this org unit and those below it; empty: all the key sees")
    week: str | None = Field(
        None,
        pattern=r"^(197[1-9]|19[89][0-9]|[2-8][0-9]{3})-W(0[1-9]|[1-4][0-9]|5[0-3])$",
        description="ISO week of local time; empty: the last one",
        examples=["2026-W10"],
    )


class UnitDigest(Message):
    """The week of one unit, units below it included."""

    org_unit: str
    name: str
    kind: str
    events: dict[str, Any] = Field(description="by kind: events, hours, nodes, customers; and the worst")
    foreseen: list[dict[str, Any]] = Field(description="what is seen coming in the days after")
    queue: dict[str, Any] = Field(description="who waited at the week's end, and what happened in it")
    promises: dict[str, Any] = Field(description="made and ended in the week")
    capacity: dict[str, Any] = Field(description="areas by what was open")


class DigestAnswer(Message):
    """The week of every unit asked about, from above to below."""

    week: str
    first: AwareDatetime
    last: AwareDatetime
    publication_id: str | None
    units: list[UnitDigest]
