"""What the ledger is asked and what it answers: asks, reservations, and kVA as whole volt-amperes."""

import math
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from training.peak.blocks import BLOCKS

__all__ = [
    "BLOCKS",
    "HOLDING",
    "IN_USE",
    "KINDS",
    "OF_APPLICATIONS",
    "STATES",
    "Ask",
    "Reservation",
    "new_id",
    "to_va",
]

KINDS = ("application", "release", "allocation", "offer")
"""An approved application; a place given to one that waited; where an allocation connects one; a service offered."""

OF_APPLICATIONS = ("application", "release", "allocation")
"""Kinds that are firm word to an applicant; an offer holds what is expected of it only."""

STATES = ("held", "confirmed", "fulfilled", "cancelled", "expired")
"""held until it expires; confirmed for good; fulfilled, the load is there; cancelled and expired hold nothing."""

HOLDING = ("held", "confirmed")

IN_USE = "in use"
"""Why a confirmed offer is still held: its load is there, and the figures may not have it in them yet."""


def new_id() -> str:
    """An id of its own; later ones of a process come later in order."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"


def to_va(kva: float) -> int:
    """Whole VA that hold `kva`: rounded up, so that a promise is never held for less than it is."""
    # A hair is taken off, so that 12.345 kVA that arrived as 12.345000000001 are not 12,346 VA.
    return max(math.ceil(kva * 1000 - 1e-6), 1) if kva > 0 else 0


@dataclass(frozen=True)
class Ask:
    """A promise to be held: `va` of each block at every node of `path` (area first, then all above it).

    `key` makes it idempotent: asked again under the same key, the first is answered. Without `expires_at` it is
    confirmed at once.
    """

    kind: str
    ref: str
    path: tuple[str, ...]
    va: tuple[int, ...]
    hall_id: str | None = None
    expires_at: datetime | None = None
    key: str | None = None
    why: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no promise is of kind {self.kind!r}; they are {', '.join(KINDS)}")
        if len(self.va) != BLOCKS or min(self.va) < 0 or max(self.va) <= 0:
            raise ValueError(f"{self.ref}: a promise needs {BLOCKS} amounts, none below zero and one above it")
        if not self.path or len(set(self.path)) != len(self.path):
            raise ValueError(f"{self.ref}: a promise needs a path of different nodes")


@dataclass(frozen=True)
class Reservation:
    """A promise as it stands in the ledger."""

    reservation_id: str
    kind: str
    ref: str
    node_id: str
    hall_id: str | None
    state: str
    va: tuple[int, ...]
    counted_in: str | None
    created_at: datetime
    expires_at: datetime | None
    changed_at: datetime
    made_by: str
    changed_by: str
    why: str | None

    @property
    def kva(self) -> float:
        """The most it holds in any block, kVA."""
        return max(self.va) / 1000

    @property
    def block_kva(self) -> tuple[float, ...]:
        return tuple(one / 1000 for one in self.va)

    def same_as(self, ask: Ask) -> bool:
        """Whether it is what `ask` asks for."""
        mine = (self.kind, self.ref, self.node_id, self.va)
        return mine == (ask.kind, ask.ref, ask.path[0], tuple(ask.va))


def least(amounts: Sequence[int | None]) -> int | None:
    """The least of some amounts; None as soon as one is not known."""
    known = [one for one in amounts if one is not None]
    return min(known) if len(known) == len(amounts) and known else None
