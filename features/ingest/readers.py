"""Source files as chunks of raw rows: CSV (plain or compressed), Excel, Parquet; nothing is converted here."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import SourceError
from features.ingest.chunks import BadLine, RawChunk, header_names
from features.ingest.csvfile import csv_header, read_csv
from features.ingest.mapping import TableMapping

__all__ = ["header", "read_chunks"]

_PARQUET_ROWS = 1 << 19
_EXCEL_ROWS = 50_000
_OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")
# What the libraries raise on content that is not what its name says (LookupError: an unknown encoding, or an archive
# without the part that makes it a workbook; SyntaxError: broken XML inside one).
_UNREADABLE = (OSError, ValueError, pa.ArrowException, EOFError, LookupError, SyntaxError)


def header(path: Path, mapping: TableMapping) -> list[str]:
    """The column names of a file; SourceError when it cannot be read."""
    with _readable(path):
        if _format(path, mapping) == "parquet":
            import pyarrow.parquet as pq

            return list(pq.read_schema(path).names)
        if _format(path, mapping) == "excel":
            return next(_excel_rows(path, mapping))[1]
        return csv_header(path, mapping)


def read_chunks(path: Path, mapping: TableMapping, columns: Sequence[str], begin: int = 0) -> Iterator[RawChunk]:
    """The rows of a file, from the line `begin` on, at which a row must begin.

    CSV and Excel give every column as text; Parquet gives `columns` with their types.
    """
    readers = {"csv": read_csv, "excel": _read_excel}
    with _readable(path):
        kind = _format(path, mapping)
        yield from _read_parquet(path, columns, begin) if kind == "parquet" else readers[kind](path, mapping, begin)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    import zipfile
    import zlib

    from openpyxl.utils.exceptions import InvalidFileException

    try:
        yield
    except (*_UNREADABLE, zipfile.BadZipFile, zlib.error, InvalidFileException) as error:
        first_line = str(error).strip().split("\n")[0]
        raise SourceError(f"{path}: cannot be read ({first_line})") from error


def _format(path: Path, mapping: TableMapping) -> str:
    _refuse_old_excel(path, mapping)
    if mapping.format != "auto":
        return mapping.format
    suffix = next((s for s in reversed(path.suffixes) if s.lower() not in (".gz", ".bz2", ".zst")), "").lower()
    known = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "excel", ".xlsm": "excel", ".parquet": "parquet"}
    if suffix not in known:
        raise SourceError(f"{path}: the kind of file is not clear from its name; say format: csv, excel or parquet")
    return known[suffix]


def _refuse_old_excel(path: Path, mapping: TableMapping) -> None:
    """Old workbooks, and those with a password, are another container than the .xlsx that is read."""
    if mapping.format not in ("auto", "excel"):
        return
    if path.suffix.lower() == ".xls":
        raise SourceError(
            f"{path}: old Excel files (.xls) are not read: save it as .xlsx or CSV; if it is text under that name, "
            "say format: csv in the mapping"
        )
    with path.open("rb") as file:
        old = file.read(len(_OLD_EXCEL)) == _OLD_EXCEL
    if old:
        raise SourceError(
            f"{path}: an old Excel file, or one with a password, under a newer name: save it as .xlsx without a "
            "password, or as CSV"
        )


def _excel_rows(path: Path, mapping: TableMapping) -> Iterator[tuple[int, list[str]]]:
    """Header, then rows, each with its line number, as texts of one length."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        if mapping.sheet is not None and mapping.sheet not in book.sheetnames:
            raise SourceError(f"{path}: no sheet {mapping.sheet!r}; it has: {', '.join(book.sheetnames)}")
        sheet = book[mapping.sheet] if mapping.sheet is not None else book.worksheets[0]
        rows = enumerate(sheet.iter_rows(min_row=mapping.skip_lines + 1, values_only=True), mapping.skip_lines + 1)
        line, top = next(rows, (0, ()))
        if not any(cell is not None for cell in top):
            raise SourceError(f"{path}: the sheet is empty; its first row should name the columns")
        yield line, header_names(path, top)
        for line, cells in rows:
            yield line, [_cell_text(cell) for cell in cells]
    finally:
        book.close()


def _cell_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        # Excel keeps every number as a float; an identifier 17 must not read 17.0.
        return str(int(cell))
    return cell.isoformat(sep=" ") if hasattr(cell, "hour") and hasattr(cell, "year") else str(cell)


def _read_excel(path: Path, mapping: TableMapping, begin: int) -> Iterator[RawChunk]:
    every = _excel_rows(path, mapping)
    _, names = next(every)
    rows = itertools.dropwhile(lambda row: row[0] < begin, every)
    while taken := list(itertools.islice(rows, _EXCEL_ROWS)):
        good, bad = [], []
        for line, cells in taken:
            beyond = any(cells[len(names) :])
            if beyond:
                bad.append(BadLine(line, "\t".join(cells)))
            elif any(cells):
                good.append((line, [*cells, *[""] * (len(names) - len(cells))][: len(names)]))
        frame = pd.DataFrame([cells for _, cells in good], columns=names, dtype="str")
        yield RawChunk(frame, np.array([line for line, _ in good], dtype=np.int64), bad)


def _read_parquet(path: Path, columns: Sequence[str], begin: int) -> Iterator[RawChunk]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        texts = [f.name for f in file.schema_arrow if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        line, bunches = _groups_from(file.metadata, begin)
        # An iteration keeps what it has read until it ends: one over the whole file would come to hold all of it.
        for batch in (one for groups in bunches for one in _batches(file, groups, columns)):
            passed = min(max(begin - line, 0), batch.num_rows)
            frame = batch.slice(passed).to_pandas()
            yield RawChunk(frame, np.arange(line + passed, line + batch.num_rows, dtype=np.int64))
            line += batch.num_rows


def _batches(file: Any, groups: list[int], columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of a bunch: small groups as one table, a large one in pieces."""
    if len(groups) > 1:
        yield file.read_row_groups(groups, columns=list(columns), use_threads=False)
        return
    for batch in file.iter_batches(batch_size=_PARQUET_ROWS, row_groups=groups, columns=list(columns)):
        yield pa.table(batch)


def _groups_from(metadata: Any, begin: int) -> tuple[int, list[list[int]]]:
    """The line at which the first row group with rows from the line `begin` on begins; it and the others, in bunches
    of about as many rows as a batch has.
    """
    bunches: list[list[int]] = []
    first, filled = 1, 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        if not bunches and first + rows <= begin:
            first += rows
        elif not bunches or filled + rows > _PARQUET_ROWS:
            bunches.append([group])
            filled = rows
        else:
            bunches[-1].append(group)
            filled += rows
    return first, bunches
