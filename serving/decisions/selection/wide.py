"""All customers as columns: numbers, texts as codes, and tags, each one array in the order of the customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["HELD", "NOT_HELD", "UNKNOWN", "Texts", "Wide"]

HELD, NOT_HELD, UNKNOWN = 1, 0, -1
"""What is said of a customer and a tag."""


@dataclass(frozen=True)
class Texts:
    """A column of texts: `codes` [customers] int32 are places in `values`, -1 unknown. Where `closed`, `values` are
    all that may ever be (a code list), and another one is a mistake."""

    codes: np.ndarray
    values: tuple[str, ...]
    closed: bool = False

    @classmethod
    def of(cls, column: pd.Series, values: Sequence[str] | None = None) -> "Texts":
        """From a column of texts; `values` closes the list."""
        frame = pd.Categorical(column, categories=None if values is None else pd.Index(list(values), dtype="str"))
        return cls(frame.codes.astype(np.int32), tuple(str(one) for one in frame.categories), values is not None)

    def code(self, value: str) -> int | None:
        """The place of a value; None where no customer has it."""
        try:
            return self.values.index(value)
        except ValueError:
            return None

    def listed(self, places: np.ndarray) -> list[str | None]:
        """The texts of some customers."""
        return [None if code < 0 else self.values[code] for code in self.codes[places]]


@dataclass(frozen=True)
class Wide:
    """`numbers` name → float64 [customers], NaN unknown; `texts` name → codes; `tags` name → int8 [customers] of
    HELD, NOT_HELD, UNKNOWN. `customer_ids` rise, so that an order by place is one by customer."""

    customer_ids: np.ndarray
    numbers: Mapping[str, np.ndarray]
    texts: Mapping[str, Texts] = field(default_factory=dict)
    tags: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.customer_ids)

    def place(self, customer_id: str) -> int | None:
        """Where a customer stands; None for one who is not here."""
        at = int(np.searchsorted(self.customer_ids, customer_id))
        return at if at < len(self) and self.customer_ids[at] == customer_id else None
