"""Ledgers as files: each system's encoding and way of writing times; the same rows give the same bytes."""

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from features.demo.config import TIME_ZONE
from features.demo.exports.config import ExportConfig
from features.demo.exports.rows import Book, Row, Sheet

__all__ = ["Written", "write_ledgers"]

Written = dict[int, tuple[str, int]]
"""File and line of every row, by its identity."""
_STYLES = {
    # system: encoding, form of an instant, form of a day
    "marketing": ("gb18030", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"),
    "assets": ("", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"),
    "topology": ("utf-8-sig", "%Y%m%d%H%M%S", "%Y%m%d%H%M%S"),
    "collection": ("utf-8", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M"),
}
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def write_ledgers(book: Book, config: ExportConfig, folder: Path) -> tuple[dict[str, int], Written]:
    """Write every sheet of the book; returns rows by file, and where each row stands."""
    rows: dict[str, int] = {}
    places: Written = {}
    workbooks: dict[str, dict[str, pd.DataFrame]] = {}
    for sheet in book.sheets.values():
        zone = config.clock if sheet.system == "collection" else TIME_ZONE
        for batch in sorted({row.batch for row in sheet.rows} | {0}):
            part = [row for row in sheet.rows if row.batch == batch]
            stem = sheet.stem if batch == 0 else f"{sheet.stem}_{batch}"
            name = f"{stem}.csv" if sheet.sheet is None else f"{stem}.xlsx"
            frame = _frame(sheet, part, zone)
            places |= {id(row): (name, line) for line, row in enumerate(part, start=2)}
            rows[name] = rows.get(name, 0) + len(part)
            if sheet.sheet is None:
                frame.to_csv(folder / name, index=False, encoding=_STYLES[sheet.system][0], lineterminator="\n")
            else:
                workbooks.setdefault(name, {})[sheet.sheet] = frame
    for name, sheets in workbooks.items():
        _write_workbook(folder / name, sheets)
    return rows, places


def _frame(sheet: Sheet, rows: Iterable[Row], zone: str) -> pd.DataFrame:
    """The rows as texts (in workbooks numbers stay numbers)."""
    columns = list(dict.fromkeys(header for row in sheet.rows for header in row.cells)) or list(sheet.headers)
    _, instant, day = _STYLES[sheet.system]
    frame = {}
    for header in columns:
        form = day if header.endswith("日期") else instant
        frame[header] = [_text(row.cells.get(header), form, zone) for row in rows]
    return pd.DataFrame(frame, columns=columns, dtype=object)


def _text(value: object, form: str, zone: str) -> object:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    return value.tz_convert(zone).strftime(form) if isinstance(value, pd.Timestamp) else value


def _write_workbook(path: Path, sheets: dict[str, pd.DataFrame]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    for name, frame in sheets.items():
        page = book.create_sheet(name)
        page.append(list(frame.columns))
        for cells in frame.itertuples(index=False, name=None):
            page.append([None if cell == "" else cell for cell in cells])
    stream = io.BytesIO()
    book.save(stream)
    path.write_bytes(_without_clock(stream.getvalue()))


def _without_clock(content: bytes) -> bytes:
    """The workbook without the times at which it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", data)
            new.writestr(zipfile.ZipInfo(name, _LONG_AGO), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
