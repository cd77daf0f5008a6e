"""What the state keeps of events at nodes: one row an event and rule set, and how far each rule set has watched."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table

from serving.state import UtcDateTime, metadata

__all__ = ["node_event", "node_watch"]

node_event = Table(
    "node_event",
    metadata,
    Column("rule_set", String(32), primary_key=True),
    Column("event_id", String(32), primary_key=True),
    Column("node_id", String(200), nullable=False),
    Column("hall_id", String(200), nullable=True),
    Column("kind", String(32), nullable=False),
    Column("start_utc", UtcDateTime(), nullable=False),
    Column("end_utc", UtcDateTime(), nullable=True),
    Column("state", String(16), nullable=False),
    Column("worst_value", Float(53), nullable=False),
    Column("worst_at", UtcDateTime(), nullable=False),
    Column("threshold", Float(53), nullable=False),
    Column("unit", String(8), nullable=False),
    Column("duration_minutes", Float(53), nullable=False),
    Column("points", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    # Of an event that a forecast sees coming.
    Column("foreseen", Boolean, nullable=False),
    Column("probability", Float(53), nullable=True),
    Column("first_seen_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    Column("withdrawn_at", UtcDateTime(), nullable=True),
    Index("ix_node_event_start_utc", "rule_set", "start_utc"),
)

node_watch = Table(
    "node_watch",
    metadata,
    Column("rule_set", String(32), primary_key=True),
    Column("watched_until", UtcDateTime(), nullable=False),
)
