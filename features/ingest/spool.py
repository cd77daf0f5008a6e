"""Accepted rows of one batch, kept on disk until every table of the source has passed the gate."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.contracts import AVAILABLE_AT, Contract
from features.frames import from_arrow, to_arrow

__all__ = ["Spool"]


class Spool:
    """Rows in the order of the source; of rows with one key and one `available_at` the last one counts.

    The same key with another `available_at` is another version of the fact, and stays.
    """

    def __init__(self, contract: Contract, path: Path) -> None:
        self.contract, self.path = contract, path
        self.rows = 0
        self.superseded = 0
        self._writer: Any = None
        self._keys: list[list[np.ndarray]] = []
        self._codes: dict[str, dict[str, int]] = {}
        self._keep: np.ndarray | None = None

    def add(self, frame: pd.DataFrame) -> None:
        """Append accepted rows."""
        import pyarrow.parquet as pq

        if frame.empty:
            return
        table = to_arrow(self.contract, frame)
        texts = pa.schema(
            [pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
        )
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, texts, compression="lz4")
        self._writer.write_table(table.cast(texts))
        self._keys.append([self._numbers(frame, name) for name in (*self.contract.key, AVAILABLE_AT)])
        self.rows += len(frame)

    def _numbers(self, frame: pd.DataFrame, name: str) -> np.ndarray:
        """Key values as integers that are equal exactly when the values are."""
        if self.contract.field(name).kind != "text":
            return frame[name].astype("int64").to_numpy()
        known = self._codes.setdefault(name, {})
        codes, texts = pd.factorize(frame[name])
        return np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int64)[codes]

    def close(self) -> None:
        """No more rows: find out which are superseded."""
        if self._writer is not None:
            self._writer.close()
            columns = [np.concatenate(parts) for parts in zip(*self._keys, strict=True)]
            self._keep = _last_of_each(columns)
            if self._keep is not None:
                self.superseded = int((~self._keep).sum())
                np.save(self._mask, self._keep)
        self._keys.clear()

    @property
    def _mask(self) -> Path:
        return self.path.with_suffix(".keep.npy")

    def reopen(self, rows: int, superseded: int) -> bool:
        """Take up what was closed with these counts; False where its files do not hold as much."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.rows, self.superseded = rows, superseded
        try:
            found = pq.read_metadata(self.path).num_rows if rows else 0
            self._keep = np.load(self._mask) if superseded else None
        except (OSError, ValueError, pa.ArrowException):
            return False
        return found == rows and (self._keep is None or len(self._keep) == rows)

    def tables(self) -> Iterator[pa.Table]:
        """The rows that count, in chunks, as Arrow tables."""
        import pyarrow.parquet as pq

        if not self.rows:
            return
        start = 0
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                keep = None if self._keep is None else self._keep[start : start + table.num_rows]
                start += table.num_rows
                yield table if keep is None else table.filter(pa.array(keep))

    def frames(self) -> Iterator[pd.DataFrame]:
        """The rows that count, in chunks, as frames of the contract."""
        for table in self.tables():
            yield from_arrow(self.contract, table)


def _last_of_each(columns: list[np.ndarray]) -> np.ndarray | None:
    """True at the last row of each combination; None when all differ."""
    ahead = np.zeros(max(len(columns[0]) - 1, 0), dtype=bool)
    tied = np.ones(len(ahead), dtype=bool)
    for column in columns:
        ahead |= tied & (column[1:] > column[:-1])
        tied &= column[1:] == column[:-1]
    if ahead.all():
        # Sources mostly come sorted; then one pass shows that nothing repeats.
        return None
    repeated = pd.DataFrame(dict(enumerate(columns))).duplicated(keep="last").to_numpy()
    return ~repeated if repeated.any() else None
