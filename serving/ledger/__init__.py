"""The reservation ledger: one book for everything that promises capacity, held at every node of the path at once."""

from serving.ledger.base import Base, Promise
from serving.ledger.book import Ledger
from serving.ledger.records import BLOCKS, Ask, Reservation, to_va
from serving.ledger.rooms import Room

__all__ = ["BLOCKS", "Ask", "Base", "Ledger", "Promise", "Reservation", "Room", "to_va"]
