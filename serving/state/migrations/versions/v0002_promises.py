"""The reservation ledger: what is open and held at every node, and every promise."""

import sqlalchemy as sa
from alembic import op

from serving.state.base import UtcDateTime

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None

_BLOCKS = range(6)


def upgrade() -> None:
    """Create the ledger's tables."""
    op.create_table(
        "ledger_base",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("base_id", sa.String(100), nullable=False),
        sa.Column("known_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("based_at", UtcDateTime(), nullable=False),
        sa.Column("ledgers", sa.String(64), nullable=False),
    )
    op.create_table(
        "capacity_room",
        sa.Column("node_id", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(400), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("above", sa.String(200), nullable=True),
        sa.Column("hall_id", sa.String(200), nullable=True),
        sa.Column("reason", sa.String(40), nullable=True),
        *(sa.Column(f"open_va_{block}", sa.BigInteger, nullable=True) for block in _BLOCKS),
        *(sa.Column(f"held_va_{block}", sa.BigInteger, nullable=False) for block in _BLOCKS),
    )
    op.create_table(
        "reservation",
        sa.Column("reservation_id", sa.String(40), primary_key=True),
        sa.Column("idempotency_key", sa.String(200), nullable=True, unique=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("ref", sa.String(200), nullable=False),
        sa.Column("node_id", sa.String(200), nullable=False),
        sa.Column("hall_id", sa.String(200), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        *(sa.Column(f"va_{block}", sa.BigInteger, nullable=False) for block in _BLOCKS),
        sa.Column("counted_in", sa.String(100), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("why", sa.String(200), nullable=True),
    )
    op.create_index("ix_reservation_state", "reservation", ["state", "expires_at"])
    op.create_index("ix_reservation_ref", "reservation", ["ref"])
    op.create_index("ix_reservation_node", "reservation", ["node_id"])
    op.create_table(
        "reservation_node",
        sa.Column("reservation_id", sa.String(40), sa.ForeignKey("reservation.reservation_id"), primary_key=True),
        sa.Column("node_id", sa.String(200), primary_key=True),
    )


def downgrade() -> None:
    """Remove what `upgrade` made."""
    for table in ("reservation_node", "reservation", "capacity_room", "ledger_base"):
        op.drop_table(table)
