"""What is known of all tags of all customers at one moment: a few arrays [customers × tags]."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

import numpy as np

from serving.decisions.tags.clusters import Centres
from serving.decisions.tags.definitions import TagDefinition

__all__ = ["HELD", "NOT_HELD", "UNKNOWN", "Cells", "Column", "State"]

NOT_HELD, HELD, UNKNOWN = 0, 1, -1


@dataclass(frozen=True)
class Cells:
    """What is remembered of a customer and a tag; all zero for one that is not held and about which nothing is pending.

    `status` is NOT_HELD, HELD or UNKNOWN. `pending` counts evaluations in a row that speak for a change not yet made,
    begun at `pending_since`. `since` is when holding, or not knowing, began. What is unknown remembers since when it
    was held (`held_since`, 0 if it was not), and until when that counts (`memory_until`). Times are seconds since
    1970 in UTC, 0 for none.
    """

    status: np.ndarray
    pending: np.ndarray
    pending_since: np.ndarray
    since: np.ndarray
    held_since: np.ndarray
    memory_until: np.ndarray

    @classmethod
    def nothing(cls, *shape: int) -> "Cells":
        """Cells of which nothing is known yet."""
        kinds = {"status": np.int8, "pending": np.int16}
        return cls(**{one.name: np.zeros(shape, kinds.get(one.name, np.int64)) for one in fields(cls)})

    def column(self, place: int) -> "Cells":
        """The cells of one tag."""
        return Cells(**{name: values[:, place] for name, values in self.arrays().items()})

    def rows(self, places: np.ndarray) -> "Cells":
        """Some of the cells, by their places along the first axis."""
        return Cells(**{name: values[places] for name, values in self.arrays().items()})

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by their names."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def differs(self, other: "Cells") -> np.ndarray:
        """Where anything is another than in `other`."""
        mine, theirs = self.arrays(), other.arrays()
        return np.logical_or.reduce([mine[name] != theirs[name] for name in mine])


@dataclass(frozen=True)
class Column:
    """One tag as customers hold it: a definition, or one cluster of a definition."""

    tag: str
    version: int
    english: str
    chinese: str
    definition: TagDefinition
    cluster: int | None = None


@dataclass(frozen=True)
class State:
    """All tags of all customers after a run.

    Invariants: `customers` are sorted and unique; `cells` are [customers × columns]; a column's tag stands once.
    """

    as_of: datetime | None
    customers: np.ndarray
    columns: tuple[Column, ...]
    cells: Cells
    centres: Mapping[str, Centres] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> "State":
        """Before the first run."""
        return cls(None, np.empty(0, dtype=object), (), Cells.nothing(0, 0))

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the columns, in order."""
        return tuple(one.tag for one in self.columns)

    def told(self, at: datetime) -> np.ndarray:
        """Status [customers × tags] as it may be told at a moment: past its time to live what was seen is unknown."""
        status = self.cells.status.copy()
        if self.as_of is not None:
            days = (at - self.as_of).total_seconds() / 86_400
            late = np.array([days > one.definition.time_to_live_days for one in self.columns], dtype=bool)
            status[:, late] = UNKNOWN
        return status

    def same(self, other: "State") -> bool:
        """Whether two states say the same of everybody."""
        if self.as_of != other.as_of or self.columns != other.columns or dict(self.centres) != dict(other.centres):
            return False
        return np.array_equal(self.customers, other.customers) and not self.cells.differs(other.cells).any()
