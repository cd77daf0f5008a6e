"""Selected customers as CSV or Parquet, made piece by piece, so that a large export neither waits nor fills memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from serving.customers.people import NAMES
from serving.decisions.selection import HELD, NOT_HELD, Wide

__all__ = ["Sheet", "lines_of"]

_AT_ONCE = 5_000


@dataclass(frozen=True)
class Sheet:
    """What is exported: customers by their places, columns, tags (`tag:NAME`, 1 held, 0 not, empty unknown), and who
    they are where that was asked for."""

    wide: Wide
    places: np.ndarray
    columns: Sequence[str]
    tags: Sequence[str]
    people: Mapping[str, Mapping[str, Any]] | None

    def part(self, first: int) -> pd.DataFrame:
        """Some of the rows, from `first` on."""
        places = self.places[first : first + _AT_ONCE]
        ids = [str(one) for one in self.wide.customer_ids[places]]
        parts: dict[str, Any] = {"customer_id": pd.array(ids, dtype="str")}
        for name in self.columns:
            known = self.wide.texts.get(name)
            parts[name] = self.wide.numbers[name][places] if known is None else pd.array(known.listed(places), "str")
        for name in self.tags:
            held = self.wide.tags[name][places]
            parts[f"tag:{name}"] = pd.array(np.where(held == HELD, 1, 0), dtype="Int8")
            parts[f"tag:{name}"][(held != HELD) & (held != NOT_HELD)] = pd.NA
        if self.people is not None:
            for name in NAMES:
                parts[name] = pd.array([self.people.get(one, {}).get(name) for one in ids], dtype="str")
        return pd.DataFrame(parts)


def lines_of(sheet: Sheet, form: Literal["csv", "parquet"]) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    return _csv(sheet) if form == "csv" else _parquet(sheet)


def _csv(sheet: Sheet) -> Iterator[bytes]:
    for first in range(0, max(len(sheet.places), 1), _AT_ONCE):
        text = sheet.part(first).to_csv(index=False, header=first == 0, lineterminator="\n")
        yield text.encode("utf-8")


def _parquet(sheet: Sheet) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = _Sink()
    writer = None
    for first in range(0, max(len(sheet.places), 1), _AT_ONCE):
        table = pa.Table.from_pandas(sheet.part(first), preserve_index=False)
        writer = writer or pq.ParquetWriter(sink, table.schema)
        writer.write_table(table)
        yield sink.taken()
    if writer is not None:
        writer.close()
    yield sink.taken()


class _Sink:
    """A file that is written to on one side and taken from on the other."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def write(self, part: Any) -> int:
        """Keep a piece."""
        piece = bytes(part)
        self._parts.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How much was ever written."""
        return self._written

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """There is nothing to let go of."""

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        together = b"".join(self._parts)
        self._parts.clear()
        return together
