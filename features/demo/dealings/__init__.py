"""What customers and their utility have to do with each other: bills and payments, contacts, visits, consent."""

from features.demo.dealings.book import DEALINGS, Dealings, deal
from features.demo.dealings.ground import Ground

__all__ = ["DEALINGS", "Dealings", "Ground", "deal"]
