"""Events at nodes, and how far each rule set has watched."""

import sqlalchemy as sa
from alembic import op

from serving.state.base import UtcDateTime

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of events."""
    op.create_table(
        "node_event",
        sa.Column("rule_set", sa.String(32), primary_key=True),
        sa.Column("event_id", sa.String(32), primary_key=True),
        sa.Column("node_id", sa.String(200), nullable=False),
        sa.Column("hall_id", sa.String(200), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("start_utc", UtcDateTime(), nullable=False),
        sa.Column("end_utc", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("worst_value", sa.Float(53), nullable=False),
        sa.Column("worst_at", UtcDateTime(), nullable=False),
        sa.Column("threshold", sa.Float(53), nullable=False),
        sa.Column("unit", sa.String(8), nullable=False),
        sa.Column("duration_minutes", sa.Float(53), nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("foreseen", sa.Boolean, nullable=False),
        sa.Column("probability", sa.Float(53), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_node_event_start_utc", "node_event", ["rule_set", "start_utc"])
    op.create_table(
        "node_watch",
        sa.Column("rule_set", sa.String(32), primary_key=True),
        sa.Column("watched_until", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    """Remove what `upgrade` made."""
    op.drop_table("node_watch")
    op.drop_table("node_event")
