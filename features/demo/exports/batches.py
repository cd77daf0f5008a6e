"""Stock and increments: which row comes in which file, and what goes wrong between the files."""

import pandas as pd

from features.demo.exports.facts import Facts
from features.demo.exports.rows import Book, Chances, Row, Sheet

__all__ = ["BATCHED", "fill_batches"]

BATCHED = (
    *("sg186_areas", "sg186_customers", "sg186_applications", "配变"),
    *("gis_transformers", "gis_customers", "col_areas", "col_archive"),
)
"""The ledgers that come in increments; the others come once."""
_INCREMENT_DAYS = 60
_STALE = {
    "sg186_areas": ("容量(kVA)", "30"),
    "sg186_customers": ("合同容量(kVA)", "2"),
    "配变": ("额定容量(kVA)", 30.0),
    "gis_transformers": ("LON", 118.0),
    "col_areas": ("名称", "未命名台区"),
}
"""What an older version says, that a newer one has put right."""


def fill_batches(facts: Facts, chances: Chances, book: Book) -> None:
    """Give every row of the ledgers its batch by when it became known, then plant what is late, again, or older."""
    end, increments = facts.territory.end, facts.config.batches - 1
    starts = [end - pd.Timedelta(days=_INCREMENT_DAYS * (increments - i)) for i in range(increments)]
    for name in BATCHED:
        sheet = book.sheets[name]
        for row in sheet.rows:
            row.batch = sum(row.cells[sheet.known] >= start for start in starts)
        if increments >= 2:
            _out_of_order(sheet, chances, book, starts)
        _late_and_again(sheet, chances, book, starts[-1], increments)


def _alone(sheet: Sheet, book: Book) -> dict[str, Row]:
    """Sound rows of the stock whose subject has no other row."""
    struck = book.struck()
    rows = {name: rows[0] for name, rows in sheet.about().items() if len(rows) == 1}
    return {name: row for name, row in rows.items() if row.batch == 0 and id(row) not in struck}


def _struck(sheet: Sheet, chances: Chances, names: list[str]) -> list[str]:
    """Some of the records, noted under this sheet: another system may number its own alike."""
    marked = {f"{sheet.name}:{name}": name for name in names}
    return [marked[one] for one in chances.some("batches", list(marked))]


def _out_of_order(sheet: Sheet, chances: Chances, book: Book, starts: list[pd.Timestamp]) -> None:
    """A newer version comes in the first increment, an older one with a stale value in the last."""
    if sheet.name not in _STALE:
        return
    alone, (column, stale) = _alone(sheet, book), _STALE[sheet.name]
    day = pd.Timedelta(days=1)
    for name in _struck(sheet, chances, list(alone)):
        good = alone[name]
        newer, older = starts[0] + 9 * day, starts[0] + 2 * day
        sheet.rows.append(Row(good.cells | {sheet.known: newer}, name, 1))
        row = Row(good.cells | {sheet.known: older, column: stale}, name, len(starts))
        sheet.rows.append(row)
        book.plant(sheet, "batches", row, _subject(sheet, name), "superseded")


def _late_and_again(sheet: Sheet, chances: Chances, book: Book, last: pd.Timestamp, number: int) -> None:
    """Rows that become known long after they begin to hold; and rows of the stock that come once more."""
    alone = _alone(sheet, book)
    for turn, name in enumerate(_struck(sheet, chances, list(alone))):
        row = alone[name]
        if turn % 2 == 0 and sheet.name != "sg186_applications":
            row.cells[sheet.known] = last + pd.Timedelta(days=3, hours=8)
            row.batch = number
        else:
            row = Row(dict(row.cells), name, number)
            sheet.rows.append(row)
        book.plant(sheet, "batches", row, _subject(sheet, name), "accepted")


def _subject(sheet: Sheet, name: str) -> str:
    return f"{sheet.system}:{name}" if "ledger_node" in sheet.tables else name
