"""Prospects: who will need more capacity, electrify, or leave within the next 12 months."""

from training.prospects.config import OutcomeConfig, ProspectsConfig
from training.prospects.family import PROSPECTS
from training.prospects.model import ProspectsModel

__all__ = ["PROSPECTS", "OutcomeConfig", "ProspectsConfig", "ProspectsModel"]
