"""What a feature of a customer is: declared with its unit, its window, where it comes from and what it says."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Feature", "Group"]

Group = Literal["daily use", "interval use", "money", "contacts", "applications", "events", "area", "attributes"]


@dataclass(frozen=True)
class Feature:
    """One column of the feature frame: float64, NaN where it is not known.

    `window` says in words over which time it is taken, `source` the tables of the lake it is made from, `meaning`
    what a value says, in English; `chinese` is its name at a counter.
    """

    name: str
    group: Group
    unit: str
    window: str
    source: tuple[str, ...]
    meaning: str
    chinese: str
