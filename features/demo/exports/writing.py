"""Faults of writing: wide digits and letters, traditional characters, and rows no gate may let pass."""

from typing import Any

import numpy as np

from features.demo.exports.facts import Facts
from features.demo.exports.naming import full_width, traditional
from features.demo.exports.rows import Book, Chances, Row, Sheet

__all__ = ["plant_broken", "plant_characters"]

_WIDE = {
    "sg186_areas": ("台区编号", "线路编号", "容量(kVA)", "台区名称"),
    "sg186_customers": ("台区编号", "户号"),
    "sg186_applications": ("台区编号", "申请容量(kVA)", "申请人编号"),
    "配变": ("设备名称", "所属线路", "设备编码"),
    "gis_transformers": ("PMS_ID", "NAME", "FEEDER_ID"),
    "gis_customers": ("CONS_NO", "TRANS_ID"),
    "col_areas": ("营销台区编号", "名称"),
    "col_archive": ("表号", "台区测点"),
}
"""Cells that may be written wide, by sheet."""
_NAMES = {"sg186_areas": "台区名称", "配变": "设备名称", "gis_transformers": "NAME", "col_areas": "名称"}

Change = tuple[str, str, str, tuple[str, ...]]
_BROKEN: dict[str, tuple[Change, ...]] = {
    # sheet: column, what stands there, why it is refused, and by which tables (none named: by all)
    "sg186_areas": (
        ("容量(kVA)", "四百", "BAD_NUMBER", ("ledger_node",)),
        ("容量(kVA)", "-400", "BELOW_BOUND", ("ledger_node",)),
        ("启用日期", "2024-02-30", "BAD_TIME", ()),
    ),
    "sg186_customers": (
        ("合同容量(kVA)", "-8", "BELOW_BOUND", ("ledger_customer",)),
        ("用电类别", "其他", "UNKNOWN_CODE", ("ledger_customer",)),
        ("启用日期", "2023-13-01", "BAD_TIME", ()),
    ),
    "sg186_meters": (("户号", "K9999999", "ORPHAN_LINK", ()), ("相别", "D", "UNKNOWN_CODE", ())),
    "sg186_applications": (
        ("受理时间", "2024-02-30 09:15:00", "BAD_TIME", ()),
        ("申请容量(kVA)", "1,25", "BAD_NUMBER", ()),
        ("申请容量(kVA)", "-40", "BELOW_BOUND", ()),
        ("业务类型", "过户", "UNKNOWN_CODE", ()),
    ),
    "配变": (("额定容量(kVA)", "四百", "BAD_NUMBER", ("ledger_node",)), ("投运日期", "2019-02-29", "BAD_TIME", ())),
    "gis_transformers": (
        ("LON", "999.9", "ABOVE_BOUND", ("ledger_node",)),
        ("LAT", "32°3′", "BAD_NUMBER", ("ledger_node",)),
    ),
    "gis_customers": (("UPDATED", "20241301000000", "BAD_TIME", ()),),
    "col_areas": (("建档日期", "31.02.2024 18:00", "BAD_TIME", ()),),
    "col_archive": (("建档日期", "31.02.2024 18:00", "BAD_TIME", ()),),
}
_ORPHANS = "ORPHAN_LINK"


def plant_characters(facts: Facts, chances: Chances, book: Book) -> None:
    """Wide forms in identifiers, numbers and names; traditional characters in names. They may add to other faults."""
    rng = np.random.default_rng([facts.territory.config.seed, 206])
    for name, columns in _WIDE.items():
        rows = book.sheets[name].rows
        for turn, position in enumerate(rng.permutation(len(rows))[: chances.count("full_width", len(rows))]):
            _rewrite(book, book.sheets[name], rows[position], columns[turn % len(columns)], "full_width")
    for name, column in _NAMES.items():
        rows = [row for row in book.sheets[name].rows if traditional(row.cells[column]) != row.cells[column]]
        for position in rng.permutation(len(rows))[: chances.count("traditional", len(rows))]:
            _rewrite(book, book.sheets[name], rows[position], column, "traditional")


def _rewrite(book: Book, sheet: Sheet, row: Row, column: str, kind: str) -> None:
    old = row.cells[column]
    if not isinstance(old, str) or not old:
        return
    row.cells[column] = full_width(old) if kind == "full_width" else traditional(old)
    if row.cells[column] != old:
        book.plant(sheet, kind, row, _subject(sheet, row), "mended")


def _subject(sheet: Sheet, row: Row) -> str:
    return f"{sheet.system}:{row.subject}" if "ledger_node" in sheet.tables else row.subject


def plant_broken(facts: Facts, chances: Chances, book: Book) -> None:
    """Broken copies of rows, beside the good ones; accounts unknown to marketing count as orphans."""
    rng = np.random.default_rng([facts.territory.config.seed, 207])
    for name, changes in _BROKEN.items():
        sheet = book.sheets[name]
        good = [row for row in sheet.rows if row.batch == 0]
        for kind in ("malformed", "orphan"):
            mine = [change for change in changes if (change[2] == _ORPHANS) == (kind == "orphan")]
            for turn in range(chances.count(kind, len(good)) if mine else 0):
                row = good[int(rng.integers(0, len(good)))]
                place = int(rng.integers(0, len(sheet.rows) + 1))
                _break(book, sheet, row, mine[turn % len(mine)], kind, place)


def _break(book: Book, sheet: Sheet, good: Row, change: Change, kind: str, place: int) -> None:
    column, value, reason, tables = change
    cells: dict[str, Any] = good.cells | {column: value}
    row = Row(cells, good.subject, good.batch)
    sheet.rows.insert(place, row)
    for table in tables or sheet.tables:
        book.plant(sheet, kind, row, _subject(sheet, row), f"quarantine:{reason}", table)
