"""What checks read: rows with the source they came from, and the org unit that each thing belongs to."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT, CONTRACTS
from features.lake import Lake
from features.quality.counts import NO_UNIT

__all__ = ["Tables"]


_WAYS = ("hall_id", "node_id", "area_id", "feeder_id", "customer_id", "meter_id")
"""Columns that lead to an org unit, the shortest way first."""


def _way(table: str) -> tuple[str, ...]:
    """The column by which a row of the table comes to its org unit; none where nothing leads to one."""
    return tuple(column for column in _WAYS if column in CONTRACTS[table].columns)[:1]


class Tables:
    """Tables of the lake as known at `now`, each read once for the columns asked for."""

    def __init__(self, lake: Lake, now: pd.Timestamp) -> None:
        self.lake, self.now = lake, now

    def rows(self, table: str, columns: Sequence[str] = (), days: int = 0) -> pd.DataFrame:
        """Current rows with their key, `source` and `available_at`; of the last `days` before now, 0 for all."""
        contract = CONTRACTS[table]
        since = self.now - pd.Timedelta(days=days) if days else None
        names = list(dict.fromkeys([*contract.key, contract.event_time, *_way(table), *columns, AVAILABLE_AT]))
        return self.lake.read(table, as_of=self.now, columns=names, since=since, sources=True)

    def versions(self, table: str, days: int = 0) -> pd.DataFrame:
        """Every version with key, event time, `source` and `available_at`."""
        contract = CONTRACTS[table]
        since = self.now - pd.Timedelta(days=days) if days else None
        names = list(dict.fromkeys([*contract.key, contract.event_time, *_way(table), AVAILABLE_AT]))
        return self.lake.versions(table, as_of=self.now, columns=names, since=since, sources=True)

    def holding(self, table: str, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Rows that hold now."""
        rows = self.rows(table, list(dict.fromkeys([*columns, "valid_from", "valid_to"])))
        return rows[(rows["valid_from"] <= self.now) & ~(rows["valid_to"] <= self.now)].reset_index(drop=True)

    def units(self, table: str, rows: pd.DataFrame) -> pd.Categorical:
        """The org unit of every row, by the first of its columns that leads to one; empty where none does."""
        for column in _way(table):
            codes, kinds = pd.factorize(rows[column])
            names = pd.Series(kinds, dtype="object").astype("str")
            found = names if column == "hall_id" else names.map(self._unit_of(column))
            return _labelled([*found.fillna(NO_UNIT).astype("str"), NO_UNIT], codes)
        return _labelled([NO_UNIT], np.zeros(len(rows), dtype=np.intp))

    def _unit_of(self, column: str) -> pd.Series:
        """The org unit of everything that a column may name."""
        if column == "customer_id":
            return self._of_customer
        return self._of_meter if column == "meter_id" else self._of_node

    @cached_property
    def _of_node(self) -> pd.Series:
        nodes = self.holding("node", ["hall_id"]).drop_duplicates("node_id", keep="last")
        return nodes.set_index("node_id")["hall_id"]

    @cached_property
    def _of_customer(self) -> pd.Series:
        accounts = self.holding("customer", ["area_id"]).drop_duplicates("customer_id", keep="last")
        return accounts.set_index("customer_id")["area_id"].map(self._of_node)

    @cached_property
    def _of_meter(self) -> pd.Series:
        meters = self.holding("meter", ["customer_id"]).drop_duplicates("meter_id", keep="last")
        return meters.set_index("meter_id")["customer_id"].map(self._of_customer)


def _labelled(labels: list[str], codes: np.ndarray) -> pd.Categorical:
    """Labels by code (-1 is the last), without repeating a text for every row."""
    kinds = list(dict.fromkeys(labels))
    place = np.array([kinds.index(label) for label in labels], dtype=np.int32)
    return pd.Categorical.from_codes(place[codes], categories=pd.Index(kinds, dtype="str"))
