"""Quarantine: every refused row, with its reason, its place in the source and its raw text."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.ingest.chunks import BadLine, RawChunk
from features.ingest.layouts import COLUMN, Readings
from features.ingest.records import Marks

__all__ = ["COLUMNS", "Refused", "bad_lines", "read_quarantine", "refused_rows"]

_WITHHELD = json.dumps({"withheld": "the file holds personal fields"})
COLUMNS = {
    "table": "str",
    "reason": "str",
    "column": "str",
    "source_file": "str",
    "source_line": "int64",
    "raw": "str",
    "batch": "str",
}


def refused_rows(chunk: RawChunk, readings: Readings, marks: Marks) -> pd.DataFrame:
    """One row per refused reading: reason, column, source line, and the raw row as JSON text."""
    rows = np.flatnonzero(marks.refused)
    raw_rows = readings.raw_row[rows]
    kinds, places = np.unique(raw_rows, return_inverse=True)
    texts = [_json(record) for record in chunk.frame.iloc[kinds].to_dict("records")]
    reasons = [marks.of(int(row)) for row in rows]
    # In a melted layout the reading stands in one column of the raw row; say which.
    cells = readings.frame[COLUMN].iloc[rows].tolist() if COLUMN in readings.frame else [None] * len(rows)
    return pd.DataFrame(
        {
            "reason": [reason for reason, _ in reasons],
            "column": [c if cell is None else f"{c} ({cell})" for (_, c), cell in zip(reasons, cells, strict=True)],
            "source_line": chunk.lines[raw_rows],
            "raw": [texts[place] for place in places],
        }
    )


def bad_lines(lines: list[BadLine]) -> pd.DataFrame:
    """One row per line that is no row of its file."""
    return pd.DataFrame(
        {
            "reason": [line.reason for line in lines],
            "column": [""] * len(lines),
            "source_line": [line.line for line in lines],
            "raw": [json.dumps({"text": line.text}, ensure_ascii=False) for line in lines],
        }
    )


def _json(record: dict[Any, Any]) -> str:
    plain = {str(name): None if pd.isna(value) else value for name, value in record.items()}
    return json.dumps(plain, ensure_ascii=False, default=str)


class Refused:
    """The refused rows of one batch, kept on disk beside its spool until the batch is written.

    Of a `personal` file the raw text is withheld: only the lake's identity table may hold what says who somebody is.
    Its line in the source still tells where to look.
    """

    def __init__(self, path: Path, table: str, source_file: str, batch: str, personal: bool = False) -> None:
        self.path, self.table, self.source_file, self.batch = path, table, source_file, batch
        self.personal = personal
        self.reasons: Counter[str] = Counter()
        self._writer: Any = None

    def add(self, rows: pd.DataFrame) -> None:
        """Append rows made by `refused_rows` or `bad_lines`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if rows.empty:
            return
        self.reasons.update(rows["reason"].tolist())
        full = rows.assign(table=self.table, source_file=self.source_file, batch=self.batch)
        full = full.assign(raw=_WITHHELD) if self.personal else full
        data = pa.Table.from_pandas(full[list(COLUMNS)].astype(COLUMNS), preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, data.schema, compression="zstd")
        self._writer.write_table(data)

    def close(self) -> None:
        """No more rows."""
        if self._writer is not None:
            self._writer.close()

    def reopen(self, reasons: Mapping[str, int], folder: Path, name: str) -> bool:
        """Take up what was closed with these counts; False where its file is neither here nor below `folder`."""
        self.reasons = Counter(reasons)
        return not reasons or self.path.exists() or self.target(folder, name).exists()

    def keep(self, folder: Path, name: str) -> None:
        """Move the rows below `folder` under a name, whole or not at all; a repeat replaces them by their equal."""
        if not self.reasons or not self.path.exists():
            # Nothing was refused, or a killed run moved them.
            return
        target = self.target(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.path.replace(target)

    def first(self, count: int) -> list[dict[str, Any]]:
        """Line, reason and column of the first refused rows, in the order of their lines; not what is in them."""
        if not self.reasons:
            return []
        rows = pd.read_parquet(self.path, columns=["source_line", "reason", "column"])
        rows = rows.sort_values("source_line", kind="stable").head(count)
        cells = (rows[name].tolist() for name in ("source_line", "reason", "column"))
        return [{"line": line, "reason": reason, "column": column} for line, reason, column in zip(*cells, strict=True)]

    def target(self, folder: Path, name: str) -> Path:
        """The file below `folder` that keeps the rows under a name."""
        return folder / self.table / f"{name.replace(':', '-')}.parquet"


def read_quarantine(folder: Path, table: str | None = None) -> pd.DataFrame:
    """Every refused row kept so far (of one table, when named); the columns are those of `COLUMNS`."""
    files = sorted(folder.glob(f"{table or '*'}/*.parquet"))
    empty = pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in COLUMNS.items()})
    return pd.concat([empty, *(pd.read_parquet(file) for file in files)], ignore_index=True).astype(COLUMNS)
