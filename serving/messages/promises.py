"""Promises of capacity, and what halls are told."""

from typing import Literal

from pydantic import AwareDatetime, Field

from serving.messages.applications import Why
from serving.messages.parts import Identifier, Message

__all__ = [
    "ChangeRequest",
    "NoticeEntry",
    "NoticesAnswer",
    "NoticesQuery",
    "ReservationEntry",
    "ReservationsAnswer",
    "ReservationsQuery",
]


class ReservationsQuery(Message):
    """Which promises to list."""

    state: Literal["holding", "held", "confirmed", "fulfilled", "cancelled", "expired", "all"] = Field(
        "holding", description="holding: held or confirmed"
    )
    kind: Literal["application", "release", "allocation", "offer"] | None = Field(None, description="what for")
    org_unit: Identifier | None = Field(None, description="only of this org unit and the units below it")
    node_id: Identifier | None = Field(None, description="only at this area")
    ref: Identifier | None = Field(None, description="only for this application or offer")
    limit: int = Field(100, ge=1, le=1000, description="promises on a page")
    offset: int = Field(0, ge=0, le=1_000_000, description="how many older ones to skip")


class ReservationEntry(Message):
    """A promise: it holds its kVA at the area and at all nodes above it."""

    reservation_id: str
    kind: str
    ref: str = Field(description="the application or offer it is for")
    node_id: str
    hall_id: str | None
    state: str
    kva: float = Field(description="the most it holds in any block, kVA")
    block_kva: list[float] = Field(description="what it holds in each four-hour block of the local day, kVA")
    counted_in: str | None = Field(description="the publication whose figures hold it already; it is then held once")
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    changed_at: AwareDatetime
    made_by: str
    changed_by: str
    why: str | None


class ReservationsAnswer(Message):
    """Promises, oldest first."""

    total: int
    reservations: list[ReservationEntry]


class ChangeRequest(Message):
    """Why a promise is confirmed or cancelled."""

    why: Why = Field(description="for those who look later", examples=["contract signed"])


class NoticesQuery(Message):
    """Which notices to list."""

    org_unit: Identifier | None = Field(None, description="only of this org unit and the units below it")
    unread: bool = Field(False, description="only those nobody has read")
    limit: int = Field(100, ge=1, le=1000, description="notices on a page")
    offset: int = Field(0, ge=0, le=1_000_000, description="how many newer ones to skip")


class NoticeEntry(Message):
    """What a hall is told."""

    notice_id: int
    org_unit: str | None
    kind: str = Field(description="released or lapsed")
    ref: str = Field(description="the application it is about")
    at: AwareDatetime
    text_en: str
    text_zh: str
    read_at: AwareDatetime | None
    read_by: str | None


class NoticesAnswer(Message):
    """Notices, newest first."""

    total: int
    notices: list[NoticeEntry]
