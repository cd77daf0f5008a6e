"""Pulls of customers' data: who was told what of how many, and when."""

import sqlalchemy as sa
from alembic import op

from serving.state.base import UtcDateTime

revision = "v0006"
down_revision = "v0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of pulls."""
    op.create_table(
        "customer_pull",
        sa.Column("pull_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("route", sa.String(64), nullable=False),
        sa.Column("snapshot_id", sa.String(64), nullable=True),
        sa.Column("customer_id", sa.String(200), nullable=True),
        sa.Column("org_unit", sa.String(200), nullable=True),
        sa.Column("expression_sha256", sa.String(64), nullable=True),
        sa.Column("expression", sa.Text, nullable=True),
        sa.Column("columns", sa.Text, nullable=False),
        sa.Column("identity", sa.Boolean, nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
    )
    op.create_index("ix_customer_pull_at", "customer_pull", ["at"])


def downgrade() -> None:
    """Remove what `upgrade` made."""
    op.drop_table("customer_pull")
