"""An application as the queue has it, what was done about it, and what a hall is told."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

__all__ = ["CASE_STATES", "Case", "Notice", "Request", "Step"]

CASE_STATES = ("waiting", "released", "connected", "withdrawn", "lapsed")
"""waiting for capacity; released, capacity is held for it; connected, approved or energised; withdrawn, by the
applicant or refused by the utility; lapsed, released and not approved in time."""


@dataclass(frozen=True)
class Request:
    """What is asked: `va` in each four-hour block of the local day at the area `node_id`."""

    application_id: str
    node_id: str
    va: tuple[int, ...]
    requested_kva: float
    customer_class: str
    submitted_at: datetime
    wanted_on: date | None = None


@dataclass(frozen=True)
class Case:
    """One application that was found not to fit, and how it stands."""

    application_id: str
    node_id: str
    hall_id: str | None
    customer_class: str
    requested_kva: float
    va: tuple[int, ...]
    wanted_on: date | None
    rank: int
    submitted_at: datetime
    entered_at: datetime
    state: str
    outcome: str
    binding_node_id: str | None
    binding_level: str | None
    reason: str | None
    block: int | None
    fits_kva: float | None
    fits_block_kva: tuple[float, ...] | None
    base_id: str
    checked_at: datetime
    released_at: datetime | None
    ended_at: datetime | None
    reservation_id: str | None

    def waited_days(self, now: datetime) -> float:
        """Days in the queue, until it was released or ended, or until now."""
        until = self.released_at or self.ended_at or now
        return max((until - self.entered_at).total_seconds(), 0.0) / 86_400


@dataclass(frozen=True)
class Step:
    """Something that happened to an application: entered, found (another finding), released, connected, withdrawn,
    lapsed. `detail` holds the figures it stood on."""

    step_id: int
    application_id: str
    at: datetime
    step: str
    base_id: str
    by: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Notice:
    """What a hall is told, in English and Chinese."""

    notice_id: int
    org_unit: str | None
    kind: str
    ref: str
    at: datetime
    text_en: str
    text_zh: str
    read_at: datetime | None
    read_by: str | None
