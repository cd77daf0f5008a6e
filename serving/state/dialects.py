"""The few statements that SQLite and PostgreSQL write alike and SQLAlchemy does not."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["dialect_of", "insert_new"]


def dialect_of(connection: Connection) -> Any:
    """The module of the connection's dialect, for its `insert` with ON CONFLICT."""
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any], unique: Sequence[str]) -> bool:
    """Insert a row unless one with the same `unique` columns is there; whether it was inserted."""
    new = dialect_of(connection).insert(table).values(dict(row))
    quiet = new.on_conflict_do_nothing(index_elements=list(unique)).returning(table.c[unique[0]])
    return connection.execute(quiet).first() is not None
