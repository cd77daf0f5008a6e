"""CSV files, plain or compressed, in any encoding: the header, and chunks of rows that know their lines."""

import codecs
import contextlib
import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import SourceError
from features.ingest.chunks import BadLine, RawChunk, header_names
from features.ingest.mapping import TableMapping
from features.ingest.quotes import SoundRecords, hides_a_row

if TYPE_CHECKING:
    from pyarrow.csv import InvalidRow

__all__ = ["csv_header", "read_csv"]

# Small enough that a wide file, melted to 24 or 120 readings a line, stays within some hundred MiB.
_BLOCK = 4 << 20


def csv_header(path: Path, mapping: TableMapping) -> list[str]:
    """The column names; SourceError where the file is empty or a quote in its header does not close."""
    with _opened(path, mapping) as text:
        return _header(path, mapping, text)[0]


def read_csv(path: Path, mapping: TableMapping, begin: int = 0) -> Iterator[RawChunk]:
    """Every column as text; what is no row stands in the chunk of the rows around it.

    The lines above `begin` are passed over unread, so a row must begin there.
    """
    unfit: dict[int, str] = {}
    with _opened(path, mapping) as text:
        names, line = _header(path, mapping, text)
        for _ in range(line, begin):
            text.readline()
        line = max(line, begin)
        records = SoundRecords(text, mapping.delimiter, len(names), line, _BLOCK)
        first = 0
        for frame in _frames(records, names, mapping.delimiter, unfit):
            rows = _fit_records(first, len(frame), unfit)
            lines, first = records.lines_of(rows), int(rows[-1]) + 1
            written = (frame != "").any(axis=1).to_numpy()
            # Reading runs ahead of the rows: what is no row further down waits for the rows there.
            bad = _unfit_lines(records, unfit, first) + records.set_aside(int(lines[-1]))
            yield RawChunk(frame[written].reset_index(drop=True), lines[written], bad)
        bad = _unfit_lines(records, unfit, None) + records.set_aside(None)
        if bad:
            yield RawChunk(pd.DataFrame({name: pd.Series([], dtype="str") for name in names}), np.array([], int), bad)


@contextlib.contextmanager
def _opened(path: Path, mapping: TableMapping) -> Iterator[TextIO]:
    """The text of the file, behind the lines to skip."""
    plain = codecs.lookup(mapping.encoding).name
    with pa.input_stream(str(path)) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig" if plain == "utf-8" else plain, newline="")
        for _ in range(mapping.skip_lines):
            text.readline()
        yield text


def _header(path: Path, mapping: TableMapping, text: TextIO) -> tuple[list[str], int]:
    """The column names, and the line that follows them; `text` stands there then."""
    taken: list[str] = []
    reader = csv.reader(_noted(text, taken), delimiter=mapping.delimiter, strict=True)
    try:
        cells = next(reader, None)
    except csv.Error as error:
        raise _lost_quote(path, mapping, str(error)) from error
    if not cells:
        raise SourceError(f"{path}: the file is empty; its first line should name the columns")
    lines = [line.rstrip("\r\n") for line in taken]
    widths = {len(cells), max(len(cells), lines[0].count(mapping.delimiter) + 1)}
    if len(lines) > 1 and any(hides_a_row(lines, width, mapping.delimiter) for width in widths):
        raise _lost_quote(path, mapping, "the lines below it look like rows")
    names = header_names(path, [cell.removeprefix("\ufeff") for cell in cells])
    return names, mapping.skip_lines + len(taken) + 1


def _noted(text: TextIO, taken: list[str]) -> Iterator[str]:
    while line := text.readline():
        taken.append(line)
        yield line


def _lost_quote(path: Path, mapping: TableMapping, why: str) -> SourceError:
    line = mapping.skip_lines + 1
    return SourceError(f"{path}: line {line} cannot be read as the header: a quote in it does not close ({why})")


class _Encoded(io.RawIOBase):
    """Blocks of text as a stream of UTF-8 bytes, the form the parser takes."""

    def __init__(self, blocks: Iterable[str]) -> None:
        self._blocks = (block.encode() for block in blocks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken


def _frames(records: SoundRecords, names: list[str], delimiter: str, unfit: dict[int, str]) -> Iterator[pd.DataFrame]:
    """The records as frames of text; those with too few or too many cells go to `unfit`, by their number from 0."""
    import pyarrow.csv as pc

    def skip(row: "InvalidRow") -> str:
        unfit[row.number - 1] = row.text
        return "skip"

    blocks = iter(records)
    begin = next(blocks, None)
    if begin is None:
        return
    reader = pc.open_csv(
        pa.PythonFile(_Encoded(itertools.chain([begin], blocks)), mode="r"),
        read_options=pc.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
        parse_options=pc.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=skip
        ),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, include_columns=names
        ),
    )
    yield from (batch.to_pandas() for batch in reader if batch.num_rows)


def _fit_records(first: int, count: int, unfit: dict[int, str]) -> np.ndarray:
    """The numbers of the next `count` records from `first` that are fit."""
    every = np.arange(first, first + count + len(unfit))
    return every[~np.isin(every, list(unfit))][:count]


def _unfit_lines(records: SoundRecords, unfit: dict[int, str], below: int | None) -> list[BadLine]:
    """Take the unfit records below a number (all of them without it) out of `unfit`."""
    numbers = sorted(number for number in unfit if below is None or number < below)
    lines = records.lines_of(np.array(numbers, dtype=np.int64))
    taken = [unfit.pop(number) for number in numbers]
    return [BadLine(int(line), text) for line, text in zip(lines, taken, strict=True) if text]
