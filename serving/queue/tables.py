"""Tables of the queue: one row an application, one row a step for good, one row a notice."""

from sqlalchemy import BigInteger, Column, Date, Float, Index, Integer, String, Table, Text

from serving.ledger.tables import VA
from serving.state.base import UtcDateTime, metadata

__all__ = ["notice", "queue_case", "queue_step"]

# SQLite counts upwards by itself only in a column of its own kind of integer.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

queue_case = Table(
    "queue_case",
    metadata,
    Column("application_id", String(200), primary_key=True),
    Column("node_id", String(200), nullable=False),
    Column("hall_id", String(200), nullable=True),
    Column("customer_class", String(40), nullable=False),
    Column("requested_kva", Float, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in VA),
    Column("wanted_on", Date, nullable=True),
    Column("rank", Integer, nullable=False),
    Column("submitted_at", UtcDateTime(), nullable=False),
    Column("entered_at", UtcDateTime(), nullable=False),
    Column("state", String(20), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("binding_node_id", String(200), nullable=True),
    Column("binding_level", String(20), nullable=True),
    Column("reason", String(40), nullable=True),
    Column("block", Integer, nullable=True),
    Column("fits_kva", Float, nullable=True),
    Column("fits_block_kva", String(200), nullable=True),
    Column("base_id", String(100), nullable=False),
    Column("checked_at", UtcDateTime(), nullable=False),
    Column("released_at", UtcDateTime(), nullable=True),
    Column("ended_at", UtcDateTime(), nullable=True),
    Column("reservation_id", String(40), nullable=True),
    Index("ix_queue_case_state", "state", "node_id"),
)

queue_step = Table(
    "queue_step",
    metadata,
    Column("step_id", _COUNTED, primary_key=True, autoincrement=True),
    Column("application_id", String(200), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("step", String(20), nullable=False),
    Column("base_id", String(100), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_queue_step_application", "application_id", "step_id"),
)

notice = Table(
    "notice",
    metadata,
    Column("notice_id", _COUNTED, primary_key=True, autoincrement=True),
    Column("org_unit", String(200), nullable=True),
    Column("kind", String(40), nullable=False),
    Column("ref", String(200), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("text_en", Text, nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("read_at", UtcDateTime(), nullable=True),
    Column("read_by", String(64), nullable=True),
    Index("ix_notice_unit", "org_unit", "notice_id"),
)
