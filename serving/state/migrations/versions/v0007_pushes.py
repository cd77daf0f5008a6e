"""Offers of services: runs, offers, what came of them, and who does not want to be turned to."""

import sqlalchemy as sa
from alembic import op

from serving.state.base import UtcDateTime

revision = "v0007"
down_revision = "v0006"
branch_labels = None
depends_on = None

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_VA = tuple(f"{what}_va_{block}" for what in ("adds", "held") for block in range(6))


def upgrade() -> None:
    """Create the tables of offers."""
    _runs()
    _pushes()
    _outcomes()
    _wishes()


def _runs() -> None:
    op.create_table(
        "push_run",
        sa.Column("run_id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("idempotency_key", sa.String(200), nullable=True, unique=True),
        sa.Column("org_unit", sa.String(200), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("snapshot_id", sa.String(64), nullable=False),
        sa.Column("base_id", sa.String(100), nullable=True),
        sa.Column("base_known_at", UtcDateTime(), nullable=True),
        sa.Column("catalogue_hash", sa.String(16), nullable=False),
        sa.Column("policy_hash", sa.String(16), nullable=False),
        sa.Column("data_fingerprint", sa.String(64), nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("held_out", sa.Integer, nullable=False),
        sa.Column("folder", sa.String(100), nullable=True),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_push_run_decided_at", "push_run", ["decided_at"])


def _pushes() -> None:
    op.create_table(
        "push",
        sa.Column("push_id", sa.String(20), primary_key=True),
        sa.Column("run_id", sa.String(40), sa.ForeignKey("push_run.run_id"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("person_id", sa.String(200), nullable=False),
        sa.Column("service", sa.String(40), nullable=False),
        sa.Column("service_version", sa.Integer, nullable=False),
        sa.Column("campaign", sa.String(40), nullable=False),
        sa.Column("hall_id", sa.String(200), nullable=True),
        sa.Column("area_id", sa.String(200), nullable=True),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("variant", sa.String(10), nullable=False),
        sa.Column("propensity", sa.Float(53), nullable=False),
        sa.Column("uplift", sa.Float(53), nullable=True),
        sa.Column("value_cny", sa.Float(53), nullable=False),
        sa.Column("cost_cny", sa.Float(53), nullable=False),
        sa.Column("score_cny", sa.Float(53), nullable=False),
        sa.Column("explored", sa.Boolean, nullable=False),
        sa.Column("relief_node_id", sa.String(200), nullable=True),
        sa.Column("freed_kw", sa.Float(53), nullable=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _VA),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(12), nullable=True),
        sa.Column("reservation_id", sa.String(40), nullable=True),
    )
    op.create_index("ix_push_run", "push", ["run_id", "place"])
    op.create_index("ix_push_customer", "push", ["customer_id"])
    op.create_index("ix_push_person", "push", ["person_id"])
    op.create_index("ix_push_hall", "push", ["hall_id", "decided_at"])
    op.create_index("ix_push_decided_at", "push", ["decided_at"])
    op.create_index("ix_push_expires_at", "push", ["expires_at"])


def _outcomes() -> None:
    op.create_table(
        "push_outcome",
        sa.Column("outcome_id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("idempotency_key", sa.String(200), nullable=False, unique=True),
        sa.Column("push_id", sa.String(20), sa.ForeignKey("push.push_id"), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("kw_freed", sa.Float(53), nullable=True),
        sa.Column("value_cny", sa.Float(53), nullable=True),
        sa.Column("room", sa.String(12), nullable=False),
        sa.Column("why", sa.String(200), nullable=True),
    )
    op.create_index("ix_push_outcome_push", "push_outcome", ["push_id", "outcome_id"])


def _wishes() -> None:
    op.create_table(
        "do_not_contact",
        sa.Column("wish_id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("customer_id", sa.String(200), nullable=False),
        sa.Column("wish", sa.Boolean, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("why", sa.String(200), nullable=True),
    )
    op.create_index("ix_do_not_contact_customer", "do_not_contact", ["customer_id", "wish_id"])


def downgrade() -> None:
    """Remove what `upgrade` made."""
    for table in ("do_not_contact", "push_outcome", "push", "push_run"):
        op.drop_table(table)
