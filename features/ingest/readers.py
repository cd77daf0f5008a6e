"""Source files as chunks of raw rows: CSV (plain or compressed), Excel, Parquet; nothing is converted here."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import SourceError
from features.ingest.mapping import TableMapping

__all__ = ["BadLine", "RawChunk", "header", "joined", "read_chunks"]

# Small enough that a wide file, melted to 24 or 120 readings a line, stays within some hundred MiB.
_CSV_BLOCK = 4 << 20
_PARQUET_ROWS = 1 << 19
_EXCEL_ROWS = 50_000
_OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")
# What the libraries raise on content that is not what its name says (LookupError: an unknown encoding, or an archive
# without the part that makes it a workbook; SyntaxError: broken XML inside one).
_UNREADABLE = (OSError, ValueError, pa.ArrowException, EOFError, LookupError, SyntaxError)


@dataclass(frozen=True)
class BadLine:
    """A line whose cells do not fit the header."""

    line: int
    text: str


@dataclass(frozen=True)
class RawChunk:
    """Raw rows, their line in the file (the header is line 1; in Parquet the first row is 1), and the bad lines."""

    frame: pd.DataFrame
    lines: np.ndarray
    bad: list[BadLine] = field(default_factory=list)


def header(path: Path, mapping: TableMapping) -> list[str]:
    """The column names of a file; SourceError when it cannot be read."""
    with _readable(path):
        if _format(path, mapping) == "parquet":
            import pyarrow.parquet as pq

            return list(pq.read_schema(path).names)
        if _format(path, mapping) == "excel":
            return next(_excel_rows(path, mapping))[1]
        return _csv_header(path, mapping)


def read_chunks(path: Path, mapping: TableMapping, columns: Sequence[str]) -> Iterator[RawChunk]:
    """The rows of a file. CSV and Excel give every column as text; Parquet gives `columns` with their types."""
    readers = {"csv": _read_csv, "excel": _read_excel}
    with _readable(path):
        kind = _format(path, mapping)
        yield from _read_parquet(path, columns) if kind == "parquet" else readers[kind](path, mapping)


def joined(chunks: Iterator[RawChunk]) -> Iterator[RawChunk]:
    """All chunks as one, for small tables whose rows point to each other."""
    every = list(chunks)
    if not every:
        return
    frame = pd.concat([chunk.frame for chunk in every], ignore_index=True)
    lines = np.concatenate([chunk.lines for chunk in every])
    yield RawChunk(frame, lines, [line for chunk in every for line in chunk.bad])


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


def _csv_header(path: Path, mapping: TableMapping) -> list[str]:
    import csv
    import io

    with pa.input_stream(str(path)) as raw:
        text = io.TextIOWrapper(raw, encoding=mapping.encoding, newline="")
        skipped = itertools.islice(csv.reader(text, delimiter=mapping.delimiter), mapping.skip_lines, None)
        try:
            names = next(skipped, None)
        except csv.Error as error:
            raise SourceError(f"{path}: cannot be read ({error})") from error
    if not names:
        raise SourceError(f"{path}: the file is empty; its first line should name the columns")
    return _names(path, [name.removeprefix("\ufeff") for name in names])


def _names(path: Path, names: Sequence[Any]) -> list[str]:
    """Header cells as distinct texts."""
    texts = ["" if name is None else str(name).strip() for name in names]
    twice = sorted({name for name in texts if name and texts.count(name) > 1})
    if twice:
        raise SourceError(f"{path}: the header names {', '.join(map(repr, twice))} more than once")
    return [text or f"(column {position})" for position, text in enumerate(texts, start=1)]


def _read_csv(path: Path, mapping: TableMapping) -> Iterator[RawChunk]:
    import pyarrow.csv as pc

    names = _csv_header(path, mapping)
    bad: list[pc.InvalidRow] = []

    def skip(row: Any) -> str:
        bad.append(row)
        return "skip"

    first_line = mapping.skip_lines + 2
    reader = pc.open_csv(
        str(path),
        read_options=pc.ReadOptions(
            use_threads=False,
            encoding=mapping.encoding,
            block_size=_CSV_BLOCK,
            column_names=names,
            skip_rows=mapping.skip_lines + 1,
        ),
        parse_options=pc.ParseOptions(
            delimiter=mapping.delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=skip
        ),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, include_columns=names
        ),
    )
    line = first_line
    for batch in reader:
        broken = [BadLine(row.number, row.text) for row in bad]
        bad.clear()
        lines = _lines(line, batch.num_rows, [row.line for row in broken])
        line += batch.num_rows + len(broken)
        frame = batch.to_pandas()
        written = frame.ne("").any(axis=1).to_numpy()
        yield RawChunk(frame[written].reset_index(drop=True), lines[written], [row for row in broken if row.text])
    if bad:
        yield RawChunk(
            pd.DataFrame({name: pd.Series([], dtype="str") for name in names}),
            np.array([], dtype=np.int64),
            [BadLine(row.number, row.text) for row in bad],
        )


def _lines(first: int, count: int, broken: list[int]) -> np.ndarray:
    """Line numbers of `count` good rows that begin at line `first`, the broken lines between them left out."""
    every = np.arange(first, first + count + len(broken), dtype=np.int64)
    return every[~np.isin(every, broken)][:count]


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
        yield line, _names(path, top)
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


def _read_excel(path: Path, mapping: TableMapping) -> Iterator[RawChunk]:
    rows = _excel_rows(path, mapping)
    _, names = next(rows)
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


def _read_parquet(path: Path, columns: Sequence[str]) -> Iterator[RawChunk]:
    import pyarrow.parquet as pq

    line = 1
    with pq.ParquetFile(path) as file:
        texts = [f.name for f in file.schema_arrow if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=list(columns)):
            frame = pa.table(batch).to_pandas()
            yield RawChunk(frame, np.arange(line, line + len(frame), dtype=np.int64))
            line += len(frame)
