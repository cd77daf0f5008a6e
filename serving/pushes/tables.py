"""Tables of offers: runs, what each offered, what came of it, and who does not want to be turned to.

All of it is only added to; of an offer its answer and what holds room for it change. Amounts are whole volt-amperes.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from serving.decisions.pushes.records import ADDS_VA, HELD_VA
from serving.state.base import UtcDateTime, metadata

__all__ = ["do_not_contact", "push", "push_outcome", "push_run"]

# SQLite counts upwards by itself only in a column of its own kind of integer.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

push_run = Table(
    "push_run",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("idempotency_key", String(200), nullable=True, unique=True),
    Column("org_unit", String(200), nullable=True),
    Column("decided_at", UtcDateTime(), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("snapshot_id", String(64), nullable=False),
    Column("base_id", String(100), nullable=True),
    Column("base_known_at", UtcDateTime(), nullable=True),
    Column("catalogue_hash", String(16), nullable=False),
    Column("policy_hash", String(16), nullable=False),
    Column("data_fingerprint", String(64), nullable=False),
    Column("models", Text, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("held_out", Integer, nullable=False),
    Column("folder", String(100), nullable=True),
    Column("detail", Text, nullable=False),
    Index("ix_push_run_decided_at", "decided_at"),
)
"""A decision: of the whole territory, or of some customers who were asked about. `models` and `detail` are JSON."""

push = Table(
    "push",
    metadata,
    Column("push_id", String(20), primary_key=True),
    Column("run_id", String(40), ForeignKey("push_run.run_id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("customer_id", String(200), nullable=False),
    Column("person_id", String(200), nullable=False),
    Column("service", String(40), nullable=False),
    Column("service_version", Integer, nullable=False),
    Column("campaign", String(40), nullable=False),
    Column("hall_id", String(200), nullable=True),
    Column("area_id", String(200), nullable=True),
    Column("channel", String(10), nullable=False),
    Column("reason", String(24), nullable=False),
    Column("variant", String(10), nullable=False),
    Column("propensity", Float(53), nullable=False),
    Column("uplift", Float(53), nullable=True),
    Column("value_cny", Float(53), nullable=False),
    Column("cost_cny", Float(53), nullable=False),
    Column("score_cny", Float(53), nullable=False),
    Column("explored", Boolean, nullable=False),
    Column("relief_node_id", String(200), nullable=True),
    Column("freed_kw", Float(53), nullable=True),
    *(Column(name, BigInteger, nullable=False) for name in (*ADDS_VA, *HELD_VA)),
    Column("decided_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime(), nullable=False),
    Column("answered_at", UtcDateTime(), nullable=True),
    Column("answer", String(12), nullable=True),
    Column("reservation_id", String(40), nullable=True),
    Index("ix_push_run", "run_id", "place"),
    Index("ix_push_customer", "customer_id"),
    Index("ix_push_person", "person_id"),
    Index("ix_push_hall", "hall_id", "decided_at"),
    Index("ix_push_decided_at", "decided_at"),
    Index("ix_push_expires_at", "expires_at"),
)
"""An offer, or what would have been one (`reason`). `place` is its place in the order of the run."""

push_outcome = Table(
    "push_outcome",
    metadata,
    Column("outcome_id", _COUNTED, primary_key=True, autoincrement=True),
    Column("idempotency_key", String(200), nullable=False, unique=True),
    Column("push_id", String(20), ForeignKey("push.push_id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("recorded_at", UtcDateTime(), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("kw_freed", Float(53), nullable=True),
    Column("value_cny", Float(53), nullable=True),
    Column("room", String(12), nullable=False),
    Column("why", String(200), nullable=True),
    Index("ix_push_outcome_push", "push_id", "outcome_id"),
)
"""What came of an offer, told from outside: `at` when it happened, `recorded_at` when it was told."""

do_not_contact = Table(
    "do_not_contact",
    metadata,
    Column("wish_id", _COUNTED, primary_key=True, autoincrement=True),
    Column("customer_id", String(200), nullable=False),
    Column("wish", Boolean, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("why", String(200), nullable=True),
    Index("ix_do_not_contact_customer", "customer_id", "wish_id"),
)
"""Wishes not to be contacted, and that this is over; the newest holds, for every account of the person."""
