"""API keys in the state: made, listed, revoked, and recognised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Engine, Row, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from features.errors import ConfigError, HeadroomError, NotFoundError
from serving.access import ROLES, Permission, Principal, hash_key, key_id_of, known_roles, matches, new_key
from serving.refusals import NotReadyError
from serving.state.base import UtcDateTime, metadata

__all__ = ["ApiKey", "KeyStore"]

api_key = Table(
    "api_key",
    metadata,
    Column("key_id", String(32), primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    Column("org_unit", String(200), nullable=True),
    Column("key_hash", String(64), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("revoked_at", UtcDateTime(), nullable=True),
)


@dataclass(frozen=True)
class ApiKey:
    """A key as the state knows it; never the key itself nor its hash."""

    key_id: str
    name: str
    role: str
    org_unit: str | None
    created_at: datetime
    revoked_at: datetime | None


class KeyStore:
    """API keys in the state. A revocation holds from the next request on."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, name: str, role: str, org_unit: str | None) -> tuple[ApiKey, str]:
        """Make a key; returns what is stored and the key itself, which cannot be had again."""
        if not name.strip():
            raise ConfigError("a key needs a name")
        if role not in ROLES:
            raise ConfigError(f"unknown role {role!r}; one of {', '.join(known_roles())}")
        if org_unit is not None and ROLES[role] == {Permission.INGEST}:
            raise ConfigError(f"a {role} brings rows in, which a key of one org unit may not: make it without --org")
        key_id, key = new_key()
        row = ApiKey(key_id, name, role, org_unit, datetime.now(UTC), None)
        try:
            with self.engine.begin() as connection:
                connection.execute(insert(api_key).values(**vars(row), key_hash=hash_key(key)))
        except IntegrityError as error:
            raise HeadroomError(f"a key named {name!r} exists already; names are never used twice") from error
        return row, key

    def all(self) -> list[ApiKey]:
        """Every key ever made, oldest first, revoked ones too."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(*_shown()).order_by(api_key.c.created_at, api_key.c.key_id)).all()
        return [_as_key(row) for row in rows]

    def revoke(self, name_or_id: str) -> ApiKey:
        """Revoke the key of that name or id, now; NotFoundError when there is none. Revoking again changes nothing."""
        wanted = (api_key.c.name == name_or_id) | (api_key.c.key_id == name_or_id)
        with self.engine.connect() as connection:
            found = connection.execute(select(*_shown()).where(wanted)).all()
        if not found:
            raise NotFoundError(f"there is no API key {name_or_id!r}")
        if len(found) > 1:
            raise HeadroomError(f"{name_or_id!r} is one key's name and another's id; give the id of yours")
        this = api_key.c.key_id == found[0].key_id
        # The write comes first in its transaction: a read that turns into a write could be refused by SQLite.
        change = update(api_key).where(this, api_key.c.revoked_at.is_(None)).values(revoked_at=datetime.now(UTC))
        with self.engine.begin() as connection:
            connection.execute(change)
            return _as_key(connection.execute(select(*_shown()).where(this)).one())

    def authenticate(self, key: str) -> Principal | None:
        """The principal of a valid, unrevoked key; None for anything else."""
        key_id = key_id_of(key)
        if key_id is None or "\x00" in key_id:
            return None
        columns = (api_key.c.role, api_key.c.org_unit, api_key.c.key_hash, api_key.c.revoked_at)
        try:
            with self.engine.connect() as connection:
                row = connection.execute(select(*columns).where(api_key.c.key_id == key_id)).one_or_none()
        except OperationalError as error:
            raise NotReadyError("the state database, where the keys are, does not answer") from error
        if row is None or row.revoked_at is not None or not matches(key, row.key_hash):
            return None
        return Principal(key_id=key_id, role=row.role, org_unit=row.org_unit)

    def any_valid(self) -> bool:
        """True when at least one key can be used."""
        with self.engine.connect() as connection:
            query = select(api_key.c.key_id).where(api_key.c.revoked_at.is_(None)).limit(1)
            return connection.execute(query).first() is not None


def _shown() -> Sequence[Column[Any]]:
    return [column for column in api_key.c if column.name != "key_hash"]


def _as_key(row: Row[Any]) -> ApiKey:
    return ApiKey(**dict(row._mapping))
