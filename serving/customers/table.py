"""The table of pulls: who was told what of how many customers, and when."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from serving.state.base import UtcDateTime, metadata

__all__ = ["customer_pull"]

customer_pull = Table(
    "customer_pull",
    metadata,
    Column("pull_id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("role", String(32), nullable=False),
    Column("route", String(64), nullable=False),
    Column("snapshot_id", String(64), nullable=True),
    Column("customer_id", String(200), nullable=True),
    Column("org_unit", String(200), nullable=True),
    Column("expression_sha256", String(64), nullable=True),
    Column("expression", Text, nullable=True),
    Column("columns", Text, nullable=False),
    Column("identity", Boolean, nullable=False),
    Column("customers", Integer, nullable=False),
    Index("ix_customer_pull_at", "at"),
)
