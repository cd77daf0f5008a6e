"""The queue for capacity: cases, what happened to them, and what halls are told."""

import sqlalchemy as sa
from alembic import op

from serving.state.base import UtcDateTime

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the queue's tables."""
    op.create_table(
        "queue_case",
        sa.Column("application_id", sa.String(200), primary_key=True),
        sa.Column("node_id", sa.String(200), nullable=False),
        sa.Column("hall_id", sa.String(200), nullable=True),
        sa.Column("customer_class", sa.String(40), nullable=False),
        sa.Column("requested_kva", sa.Float, nullable=False),
        *(sa.Column(f"va_{block}", sa.BigInteger, nullable=False) for block in range(6)),
        sa.Column("wanted_on", sa.Date, nullable=True),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("binding_node_id", sa.String(200), nullable=True),
        sa.Column("binding_level", sa.String(20), nullable=True),
        sa.Column("reason", sa.String(40), nullable=True),
        sa.Column("block", sa.Integer, nullable=True),
        sa.Column("fits_kva", sa.Float, nullable=True),
        sa.Column("fits_block_kva", sa.String(200), nullable=True),
        sa.Column("base_id", sa.String(100), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reservation_id", sa.String(40), nullable=True),
    )
    op.create_index("ix_queue_case_state", "queue_case", ["state", "node_id"])
    op.create_table(
        "queue_step",
        sa.Column("step_id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("application_id", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("base_id", sa.String(100), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_queue_step_application", "queue_step", ["application_id", "step_id"])
    op.create_table(
        "notice",
        sa.Column("notice_id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("org_unit", sa.String(200), nullable=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("ref", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("text_en", sa.Text, nullable=False),
        sa.Column("text_zh", sa.Text, nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("read_by", sa.String(64), nullable=True),
    )
    op.create_index("ix_notice_unit", "notice", ["org_unit", "notice_id"])


def downgrade() -> None:
    """Remove what `upgrade` made."""
    for table in ("notice", "queue_step", "queue_case"):
        op.drop_table(table)
