"""Tags of customers: runs, definitions, customers, and every change."""

import sqlalchemy as sa
from alembic import op

from serving.state.base import UtcDateTime

revision = "v0005"
down_revision = "v0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of tags."""
    op.create_table(
        "tag_run",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.String(32), nullable=False, unique=True),
        sa.Column("as_of", UtcDateTime(), nullable=False, unique=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("definitions_hash", sa.String(16), nullable=False),
        sa.Column("inputs_hash", sa.String(32), nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("changes", sa.Integer, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("centres", sa.Text, nullable=False),
    )
    op.create_table(
        "tag_definition",
        sa.Column("code", sa.String(40), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
    )
    op.create_table(
        "tag_customer",
        sa.Column("customer_id", sa.String(200), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tag_assignment",
        sa.Column("customer_id", sa.String(200), primary_key=True),
        sa.Column("tag", sa.String(80), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("pending", sa.SmallInteger, nullable=False),
        sa.Column("pending_since", sa.BigInteger, nullable=True),
        sa.Column("since", sa.BigInteger, nullable=True),
        sa.Column("held_since", sa.BigInteger, nullable=True),
        sa.Column("valid_until", sa.BigInteger, nullable=True),
        sa.Column("evidence", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Remove what `upgrade` made."""
    for table in ("tag_assignment", "tag_customer", "tag_definition", "tag_run"):
        op.drop_table(table)
