"""How much each customer uses over the coming season: his level, what moves it, and what last year's season did."""

from training.value.use.config import UseConfig
from training.value.use.model import UseModel

__all__ = ["UseConfig", "UseModel"]
