"""Offers, runs, outcomes and wishes as the state keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from serving.decisions.pushes.codes import SENT

__all__ = ["OUTCOMES", "STATES", "Outcome", "Push", "PushRun", "Wish"]

OUTCOMES = ("accepted", "declined", "no_answer", "withdrawn", "fulfilled")
"""What may come of an offer; withdrawn by either side; fulfilled, the service is there."""

STATES = ("open", "lapsed", *OUTCOMES)
"""How an offer may stand: open until it is answered or lapses."""


@dataclass(frozen=True)
class PushRun:
    """One decision. `kind` publish (all customers, `folder` below `<workspace>/pushes`) or decide (those asked about).

    `base_id` and `base_known_at` tell which open capacity it stood on (None: there was none); `models` name, version
    and hash of every model behind the snapshot, and of uplift. `detail` holds counts by code and service, and notes;
    `holdouts` in it are the shares of persons that its policy left out of everything, and of each campaign.
    """

    run_id: str
    kind: str
    org_unit: str | None
    decided_at: datetime
    made_by: str
    snapshot_id: str
    base_id: str | None
    base_known_at: datetime | None
    catalogue_hash: str
    policy_hash: str
    data_fingerprint: str
    models: tuple[Mapping[str, Any], ...]
    customers: int
    sent: int
    held_out: int
    folder: str | None = None
    idempotency_key: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Push:
    """One offer (`reason` SENT) or what would have been one; fields as CONTACT_COLUMNS, amounts by block in VA."""

    push_id: str
    run_id: str
    place: int
    customer_id: str
    person_id: str
    service: str
    service_version: int
    campaign: str
    hall_id: str | None
    area_id: str | None
    channel: str
    reason: str
    variant: str
    propensity: float
    uplift: float | None
    value_cny: float
    cost_cny: float
    score_cny: float
    explored: bool
    relief_node_id: str | None
    freed_kw: float | None
    adds_va: tuple[int, ...]
    held_va: tuple[int, ...]
    decided_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    answer: str | None
    reservation_id: str | None

    @property
    def sent(self) -> bool:
        """Whether the customer was told; a hold-out was not."""
        return self.reason == SENT

    @property
    def most_kva(self) -> float:
        """The most it adds in any block, kVA."""
        return max(self.adds_va) / 1000

    def state(self, now: datetime) -> str:
        """How it stands, one of STATES."""
        return self.answer or ("open" if self.expires_at > now else "lapsed")


@dataclass(frozen=True)
class Outcome:
    """What came of an offer. `room` tells what it did to the ledger: held (the whole of it, for good), no_room, freed,
    or none where nothing was to be done."""

    outcome_id: int
    idempotency_key: str
    push_id: str
    kind: str
    at: datetime
    recorded_at: datetime
    made_by: str
    kw_freed: float | None
    value_cny: float | None
    room: str
    why: str | None


@dataclass(frozen=True)
class Wish:
    """`wish` true: this customer does not want to be contacted; false: he does again."""

    wish_id: int
    customer_id: str
    wish: bool
    at: datetime
    made_by: str
    why: str | None
