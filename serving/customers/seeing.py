"""What one key sees of a snapshot: whose customers, which columns and tags, and who is left out for want of consent."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.access import NEEDS_CONSENT, Permission, Principal, Scope
from serving.customers.columns import columns_for, tags_for
from serving.customers.holding import CustomerHoldings
from serving.customers.snapshot import Snapshot, TagWords
from serving.decisions.selection import Texts
from serving.orgs import Orgs
from serving.refusals import (
    BadFieldError,
    FieldFault,
    NoConsentError,
    OutOfScopeError,
    UnknownColumnError,
    UnknownCustomerError,
)
from serving.rows import instant

__all__ = ["Sight", "see", "see_one", "stamp_of"]


@dataclass(frozen=True)
class Sight:
    """`within`: mask over the customers of the halls asked about; `left_out`: those of them who forbid it."""

    snapshot: Snapshot
    columns: frozenset[str]
    tags: tuple[TagWords, ...]
    within: np.ndarray
    left_out: np.ndarray

    def named(self, field: str, name: str, numbers_only: bool = False) -> str:
        """The column `name`; refused where there is none, or none for this key."""
        if name not in self.columns:
            message = f"there is no column {name!r}"
            raise UnknownColumnError(message, [FieldFault(field, message)])
        if numbers_only and name not in self.snapshot.wide.numbers:
            raise BadFieldError.of(field, f"{name} is a text; order by a column of numbers")
        return name


def see(holdings: CustomerHoldings, who: Principal, org_unit: str | None, snapshot_id: str | None) -> Sight:
    """What a key sees of a snapshot, of `org_unit` and below where one is named."""
    who.require(Permission.CUSTOMERS)
    snapshot = holdings.snapshot(snapshot_id)
    units = Orgs(holdings.holdings).halls(who, org_unit)
    within = _within(snapshot.wide.texts["hall_id"], units)
    left_out = within & holdings.forbidden(snapshot) if who.role in NEEDS_CONSENT else np.zeros_like(within)
    return Sight(snapshot, columns_for(who, snapshot), tags_for(who, snapshot.tags), within, left_out)


def see_one(holdings: CustomerHoldings, who: Principal, customer_id: str, snapshot: Snapshot) -> int:
    """The place of a customer in a snapshot; refuses one nobody knows, one of another unit, and one who forbids it."""
    place = snapshot.wide.place(customer_id)
    if place is None:
        message = f"customer {customer_id} is unknown"
        raise UnknownCustomerError(message, [FieldFault("customer_id", message)])
    hall = snapshot.wide.texts["hall_id"].listed(np.array([place]))[0]
    if not Scope.of(who, holdings.holdings.territory().parents).covers(hall):
        raise OutOfScopeError(
            f"customer {customer_id} is outside the org unit of this key", [FieldFault("customer_id", "out of scope")]
        )
    if who.role in NEEDS_CONSENT and holdings.forbidden(snapshot)[place]:
        raise NoConsentError(f"customer {customer_id} forbids that tags and scores are made of him")
    return place


def stamp_of(snapshot: Snapshot) -> dict[str, Any]:
    """What an answer stands on."""
    return {
        "snapshot_id": snapshot.id,
        "as_of": instant(snapshot.as_of),
        "made_at": instant(snapshot.made_at),
    }


def _within(halls: Texts, units: frozenset[str] | None) -> np.ndarray:
    if units is None:
        return np.ones(len(halls.codes), dtype=bool)
    # One place more, for the code -1 of those who belong to no hall.
    wanted = np.array([*(value in units for value in halls.values), False], dtype=bool)
    return wanted[halls.codes]
