"""A lake whose tables are read once and kept in memory: for those who ask for what was known at many moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT
from features.lake.lake import Lake
from features.lake.queries import latest_per_key, sorted_by_key
from features.lake.tables import contract_of

__all__ = ["HeldLake", "current_rows"]


@dataclass(frozen=True)
class _Held:
    """Every version of a table, by key and then by when it became known; `key` numbers the keys in their order."""

    frame: pd.DataFrame
    key: np.ndarray
    available: np.ndarray
    event: np.ndarray


class HeldLake(Lake):
    """Reads as its lake does, from memory after a table was first asked for; what comes in later is not seen.

    Not for writing, and only for tables that fit into memory with all their versions.
    """

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake.root)
        self._tables: dict[str, _Held] = {}

    def read(
        self,
        table: str,
        *,
        as_of: pd.Timestamp | None = None,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
        since: pd.Timestamp | None = None,
        sources: bool = False,
    ) -> pd.DataFrame:
        """As `Lake.read`."""
        if sources:
            return super().read(table, as_of=as_of, columns=columns, where=where, since=since, sources=True)
        contract = contract_of(table)
        names = list(contract.columns if columns is None else columns)
        texts = {name: "str" for name in names if contract.field(name).kind == "text"}
        frame = self.current(table, as_of=as_of, columns=names, where=where, since=since)
        return frame.astype(texts).reset_index(drop=True)

    def current(
        self,
        table: str,
        *,
        as_of: pd.Timestamp | None = None,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
        since: pd.Timestamp | None = None,
    ) -> pd.DataFrame:
        """As `read`, but texts of the key stay categoricals, which is much faster for tables of many rows."""
        names = list(contract_of(table).columns if columns is None else columns)
        held = self._hold(table, [*names, *(where or {})])
        chosen = np.ones(len(held.key), dtype=bool)
        if as_of is not None:
            chosen &= held.available <= as_of.value // 1000
        if since is not None:
            chosen &= held.event >= since.value // 1000
        for name, values in (where or {}).items():
            chosen &= held.frame[name].isin(list(values)).to_numpy(dtype=bool)
        rows = np.flatnonzero(chosen)
        key = held.key[rows]
        last = np.append(key[1:] != key[:-1], True) if len(key) else np.zeros(0, dtype=bool)
        return held.frame[names].take(rows[last])

    def _hold(self, table: str, names: Sequence[str]) -> _Held:
        """The table with at least the columns `names`: those that nobody asked for are not kept."""
        held = self._tables.get(table)
        if held is None or not set(names) <= set(held.frame.columns):
            contract = contract_of(table)
            needed = (*contract.key, contract.event_time, AVAILABLE_AT, *names)
            before = () if held is None else held.frame.columns
            self._tables[table] = _arranged(
                table, super().versions(table, columns=list(dict.fromkeys([*before, *needed])))
            )
        return self._tables[table]


def _arranged(table: str, frame: pd.DataFrame) -> _Held:
    contract = contract_of(table)
    order, last = sorted_by_key(frame, contract.key)
    frame = frame.take(order).reset_index(drop=True)
    key = np.cumsum(np.append(0, last[:-1])) if len(last) else np.zeros(0, dtype=int)
    stamps = (pd.DatetimeIndex(frame[name]).as_unit("us").asi8 for name in (AVAILABLE_AT, contract.event_time))
    return _Held(frame, key, *stamps)


def current_rows(
    lake: Lake,
    table: str,
    columns: Sequence[str],
    *,
    as_of: pd.Timestamp | None = None,
    where: Mapping[str, Sequence[str]] | None = None,
    since: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """`Lake.read` of a large table: texts of the key stay categoricals, the rows their numbers."""
    if isinstance(lake, HeldLake):
        return lake.current(table, columns=columns, as_of=as_of, where=where, since=since)
    key = contract_of(table).key
    wanted = list(dict.fromkeys([*key, *columns]))
    frame = lake.versions(table, columns=wanted, as_of=as_of, where=where, since=since)
    return frame.take(latest_per_key(frame, key))[list(columns)]
