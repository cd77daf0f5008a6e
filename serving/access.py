"""Who may ask what: API keys, roles, and the part of the organisation a key sees.

A key is 256 random bits, so it cannot be guessed and a fast hash is enough: a slow password hash only helps where
people choose the secret, and would cost every request tens of milliseconds. Only the SHA-256 of the key is stored.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from serving.refusals import ForbiddenError, OutOfScopeError

__all__ = [
    "AUDIENCES",
    "LOCAL",
    "NEEDS_CONSENT",
    "ROLES",
    "Permission",
    "Principal",
    "Scope",
    "hash_key",
    "key_id_of",
    "matches",
    "new_key",
    "subtree",
]

_PREFIX = "hr"


class Permission(StrEnum):
    """What a role may do over HTTP. Keys themselves are managed on the command line only."""

    NODES = "read nodes"
    PUBLICATIONS = "read publications"
    CAPACITY = "read published capacity"
    CAPACITY_LIVE = "compute capacity live"
    FORECAST = "forecast load"
    APPLICATIONS = "read applications, promises and notices"
    APPLY = "check applications and take them back"
    PROMISE = "promise capacity"
    EVENTS = "read events"
    INGEST = "bring rows in"
    CUSTOMERS = "read tags, scores and portraits of customers"
    IDENTITY = "see who a customer is"
    SUSPICION = "see what speaks for theft"
    INSPECT = "hand in what an inspection found"
    PUSHES = "read offers, and why others are not made"
    PUSH = "make offers"
    ANSWER = "hand in what came of offers, and who wants none"
    HELD_OUT = "see who is held out to compare by"


_READ = frozenset(
    {
        Permission.NODES,
        Permission.PUBLICATIONS,
        Permission.CAPACITY,
        Permission.FORECAST,
        Permission.APPLICATIONS,
        Permission.EVENTS,
    }
)

# Who brings rows in changes what everybody is told, and need not see any of it.
# Marketing promises capacity to customers, so it sees published figures only: a live figure nobody published
# could not be looked up again when the promise is questioned.
ROLES: Mapping[str, frozenset[Permission]] = {
    "admin": frozenset(Permission),
    # Planning needs what customers will do, not who they are nor what they are suspected of.
    "planner": frozenset(Permission)
    - {
        Permission.INGEST,
        Permission.IDENTITY,
        Permission.SUSPICION,
        Permission.INSPECT,
        Permission.PUSH,
        Permission.ANSWER,
    },
    # Halls take applications in; what is promised beyond the queue's own order is the planner's to decide.
    # Who makes offers must not know who is held out: he would turn to them, too, and nothing could be compared.
    "marketing": _READ
    | {Permission.APPLY, Permission.CUSTOMERS, Permission.PUSHES, Permission.PUSH, Permission.ANSWER},
    # Who sits at a business hall's counter has the customer in front of him, and needs to know his name.
    # The cards of the hall are in his hand, and he hears what comes of them.
    "counter": frozenset(
        {
            Permission.CUSTOMERS,
            Permission.IDENTITY,
            Permission.APPLICATIONS,
            Permission.APPLY,
            Permission.PUSHES,
            Permission.ANSWER,
        }
    ),
    "inspector": frozenset({Permission.CUSTOMERS, Permission.SUSPICION, Permission.INSPECT}),
    "collector": frozenset({Permission.INGEST}),
}

AUDIENCES: Mapping[str, frozenset[str]] = {
    "planner": frozenset({"planner"}),
    "marketing": frozenset({"marketing"}),
    "counter": frozenset({"marketing"}),
    "inspector": frozenset({"inspection"}),
}
"""Role → whom a tag has to be meant for (`audience` of its definition) to be shown; an admin sees every tag."""

NEEDS_CONSENT = frozenset({"marketing"})
"""Roles that are not shown customers who forbid that tags and scores are made of them."""


@dataclass(frozen=True)
class Principal:
    """Who asks: a key, its role, and its org unit (None: the whole territory)."""

    key_id: str
    role: str
    org_unit: str | None

    def may(self, permission: Permission) -> bool:
        """Whether the role includes `permission`."""
        return permission in ROLES.get(self.role, frozenset())

    def require(self, permission: Permission) -> None:
        """Raise ForbiddenError unless the role includes `permission`."""
        if not self.may(permission):
            raise ForbiddenError(f"the role {self.role} may not {permission.value}")

    def is_meant(self, audience: Collection[str]) -> bool:
        """Whether something for an `audience` may be shown to this role."""
        return self.role == "admin" or not AUDIENCES.get(self.role, frozenset()).isdisjoint(audience)


# The person at the command line owns the workspace's files; there is nothing to hide from them.
LOCAL = Principal(key_id="local", role="admin", org_unit=None)


@dataclass(frozen=True)
class Scope:
    """The org units a principal sees; None means all, including nodes that belong to no unit."""

    units: frozenset[str] | None

    def covers(self, unit_id: str | None) -> bool:
        """True when something of `unit_id` may be shown. What belongs to no unit is for whole-territory keys only."""
        return self.units is None or (unit_id is not None and unit_id in self.units)

    def require(self, unit_id: str | None, what: str) -> None:
        """Raise OutOfScopeError naming `what` unless `unit_id` is covered."""
        if not self.covers(unit_id):
            raise OutOfScopeError(f"{what} is outside the org unit of this key")

    @classmethod
    def of(cls, principal: Principal, parents: Mapping[str, str | None]) -> "Scope":
        """The scope of `principal` in the organisation `parents` (unit → unit above)."""
        return cls(None if principal.org_unit is None else subtree(parents, principal.org_unit))


def subtree(parents: Mapping[str, str | None], root: str) -> frozenset[str]:
    """`root` and every unit below it. A unit unknown to `parents` has an empty subtree; cycles end the walk."""
    if root not in parents:
        return frozenset()
    children: dict[str, list[str]] = {}
    for unit, parent in parents.items():
        if parent is not None:
            children.setdefault(parent, []).append(unit)
    found: set[str] = set()
    waiting: list[str] = [root]
    while waiting:
        unit = waiting.pop()
        if unit not in found:
            found.add(unit)
            waiting.extend(children.get(unit, ()))
    return frozenset(found)


def new_key(taken: Collection[str] = ()) -> tuple[str, str]:
    """A fresh (key id, key). The id is part of the key, public, and what the log names."""
    key_id = secrets.token_hex(4)
    while key_id in taken:
        key_id = secrets.token_hex(4)
    return key_id, f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"


def key_id_of(key: str) -> str | None:
    """The public id inside a key, or None when it does not look like one."""
    parts = key.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _PREFIX and parts[1] else None


def hash_key(key: str) -> str:
    """Hexadecimal SHA-256 of a key: what the state keeps instead of it."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def matches(key: str, stored_hash: str) -> bool:
    """Compare in constant time, so that the answer's delay tells nothing about the stored hash."""
    return hmac.compare_digest(hash_key(key), stored_hash)


def known_roles() -> Iterable[str]:
    """The role names, in alphabetical order."""
    return sorted(ROLES)
