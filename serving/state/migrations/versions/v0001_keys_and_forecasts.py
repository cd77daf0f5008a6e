"""API keys and forecasts given. States of before the first migration have both tables already."""

import sqlalchemy as sa
from alembic import op

from serving.state.base import UtcDateTime

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables where they are not there."""
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False, unique=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("org_unit", sa.String(200), nullable=True),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        if_not_exists=True,
    )
    op.create_table(
        "served_forecast",
        sa.Column("model", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("issued_at", UtcDateTime(), primary_key=True),
        sa.Column("node_id", sa.String(200), primary_key=True),
        sa.Column("horizon_steps", sa.Integer, nullable=False),
        sa.Column("step_minutes", sa.Integer, nullable=False),
        sa.Column("levels", sa.String(400), nullable=False),
        sa.Column("quantiles_kw", sa.LargeBinary, nullable=False),
        sa.Column("served_at", UtcDateTime(), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_served_forecast_served_at", "served_forecast", ["served_at"], if_not_exists=True)


def downgrade() -> None:
    """Remove what `upgrade` made."""
    op.drop_table("served_forecast")
    op.drop_table("api_key")
