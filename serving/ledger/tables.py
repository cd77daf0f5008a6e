"""Tables of the ledger. Amounts are whole volt-amperes: sums of whole numbers are exact on every database."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from serving.ledger.records import BLOCKS
from serving.state.base import UtcDateTime, metadata

__all__ = ["HELD_VA", "OPEN_VA", "VA", "capacity_room", "ledger_base", "reservation", "reservation_node"]

VA = tuple(f"va_{block}" for block in range(BLOCKS))
OPEN_VA = tuple(f"open_va_{block}" for block in range(BLOCKS))
HELD_VA = tuple(f"held_va_{block}" for block in range(BLOCKS))

ledger_base = Table(
    "ledger_base",
    metadata,
    Column("one", Integer, primary_key=True),  # always 1: there is one base
    Column("base_id", String(100), nullable=False),
    Column("known_at", UtcDateTime(), nullable=False),
    Column("until", UtcDateTime(), nullable=False),
    Column("based_at", UtcDateTime(), nullable=False),
    Column("ledgers", String(64), nullable=False),
)
"""What the rooms stand on: a publication (or figures computed since), what it knew, and how far it looks."""

capacity_room = Table(
    "capacity_room",
    metadata,
    Column("node_id", String(200), primary_key=True),
    Column("name", String(400), nullable=True),
    Column("kind", String(20), nullable=False),
    Column("above", String(200), nullable=True),
    Column("hall_id", String(200), nullable=True),
    Column("reason", String(40), nullable=True),
    *(Column(name, BigInteger, nullable=True) for name in OPEN_VA),
    *(Column(name, BigInteger, nullable=False) for name in HELD_VA),
)
"""What is open at each node by four-hour block of the local day (null: not known), and what is held of it."""

reservation = Table(
    "reservation",
    metadata,
    Column("reservation_id", String(40), primary_key=True),
    Column("idempotency_key", String(200), nullable=True, unique=True),
    Column("kind", String(20), nullable=False),
    Column("ref", String(200), nullable=False),
    Column("node_id", String(200), nullable=False),
    Column("hall_id", String(200), nullable=True),
    Column("state", String(20), nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in VA),
    Column("counted_in", String(100), nullable=True),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime(), nullable=True),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("why", String(200), nullable=True),
    Index("ix_reservation_state", "state", "expires_at"),
    Index("ix_reservation_ref", "ref"),
    Index("ix_reservation_node", "node_id"),
)
"""A promise. `counted_in` names the base whose own figures hold it already: it is then held nowhere else."""

reservation_node = Table(
    "reservation_node",
    metadata,
    Column("reservation_id", String(40), ForeignKey("reservation.reservation_id"), primary_key=True),
    Column("node_id", String(200), primary_key=True),
)
"""The nodes a promise is held at: its area and all above it."""
