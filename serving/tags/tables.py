"""Tables of tags, all append-only: runs, the definitions they used, customers they knew, and every change."""

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, String, Table, Text

from serving.state.base import UtcDateTime, metadata

__all__ = ["tag_assignment", "tag_customer", "tag_definition", "tag_run"]

tag_run = Table(
    "tag_run",
    metadata,
    # Counted by hand: two that follow the same run ask for the same number, and one of them is refused.
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("run_id", String(32), nullable=False, unique=True),
    Column("as_of", UtcDateTime(), nullable=False, unique=True),
    Column("made_at", UtcDateTime(), nullable=False),
    Column("definitions_hash", String(16), nullable=False),
    Column("inputs_hash", String(32), nullable=False),
    Column("customers", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("tags", Text, nullable=False),
    Column("centres", Text, nullable=False),
)

tag_definition = Table(
    "tag_definition",
    metadata,
    Column("code", String(40), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("definition", Text, nullable=False),
)

tag_customer = Table(
    "tag_customer",
    metadata,
    Column("customer_id", String(200), primary_key=True),
    Column("seq", Integer, nullable=False),
    sqlite_with_rowid=False,
)

tag_assignment = Table(
    "tag_assignment",
    metadata,
    Column("customer_id", String(200), primary_key=True),
    Column("tag", String(80), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("status", String(10), nullable=False),
    Column("pending", SmallInteger, nullable=False),
    # Seconds since 1970, UTC: a first run writes half a million rows, and instants take longer than all the rest.
    Column("pending_since", BigInteger, nullable=True),
    Column("since", BigInteger, nullable=True),
    Column("held_since", BigInteger, nullable=True),
    Column("valid_until", BigInteger, nullable=True),
    Column("evidence", Text, nullable=False),
    sqlite_with_rowid=False,
)
