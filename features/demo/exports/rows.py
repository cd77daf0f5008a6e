"""Rows on their way into files, and the faults planted among them, until both know their file and line."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from features.demo.exports.config import Rates

__all__ = ["Book", "Chances", "Fault", "Row", "Sheet"]


@dataclass(eq=False)
class Row:
    """One row of a file: its cells by header (times as UTC instants), whom it is about, and the batch it comes in."""

    cells: dict[str, Any]
    subject: str
    batch: int = 0


@dataclass(frozen=True)
class Fault:
    """A planted fault. `row` is the row that shows it; or `place`, the sheet in which the last row about the subject's
    `record` does; neither where it is not one row. `file` and `line` are given for faults of the measured tables.
    """

    kind: str
    system: str
    table: str
    subject: str
    expected: str
    row: Row | None = None
    place: tuple[str, str] | None = None
    file: str | None = None
    line: int | None = None


@dataclass
class Sheet:
    """All rows of one ledger of a system, in every batch; `known` is the header of the time they became known.

    `tables` are the contracts it feeds. Files are `stem.csv`, `stem_1.csv`, ...; with `sheet` named, sheets of
    workbooks of that stem. `headers` stand in a file without rows.
    """

    system: str
    stem: str
    tables: tuple[str, ...]
    known: str
    rows: list[Row] = field(default_factory=list)
    sheet: str | None = None
    headers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.sheet or self.stem

    def add(self, subject: str, cells: dict[str, Any]) -> Row:
        """Append a row of the stock."""
        row = Row(cells, subject)
        self.rows.append(row)
        return row

    def about(self) -> dict[str, list[Row]]:
        """The rows by whom they are about."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.subject, []).append(row)
        return found


@dataclass
class Book:
    """Every ledger of every system by name, and all faults planted so far."""

    sheets: dict[str, Sheet] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def settle(self) -> None:
        """Find the row of every fault that was planted before rows were written: the last about its record."""
        last = {name: {row.subject: row for row in sheet.rows} for name, sheet in self.sheets.items()}
        for i, fault in enumerate(self.faults):
            if fault.place is not None:
                sheet, record = fault.place
                self.faults[i] = replace(fault, row=last[sheet][record], place=None)

    def struck(self) -> set[int]:
        """Identities of the rows that show a fault."""
        return {id(fault.row) for fault in self.faults if fault.row is not None}

    def plant(self, sheet: Sheet, kind: str, row: Row, subject: str, expected: str, table: str | None = None) -> None:
        """Note a fault that shows in `row`: in the `table` named, or in the first that the sheet feeds."""
        self.faults.append(Fault(kind, sheet.system, table or sheet.tables[0], subject, expected, row))


class Chances:
    """Who is struck by which fault; nobody twice, so that what is true stays decidable."""

    def __init__(self, rates: Rates, rng: np.random.Generator) -> None:
        self.rates, self.rng = rates, rng
        self.taken: set[str] = set()

    def count(self, kind: str, of: int) -> int:
        """How many of so many are struck: the share, but at least one where there is any."""
        rate = float(getattr(self.rates, kind))
        return 0 if rate == 0 or of == 0 else min(of, max(1, round(rate * of)))

    def some(self, kind: str, candidates: Sequence[str], least: int = 1) -> list[str]:
        """Those struck, in random order, none of whom was struck before; at least `least`, if the rate is not 0 and
        there are so many.
        """
        count = self.count(kind, len(candidates))
        free = [one for one in candidates if one not in self.taken]
        chosen = self.rng.permutation(len(free))[: max(count, least) if count else 0]
        names = [free[i] for i in chosen]
        self.taken.update(names)
        return names

    def free(self, candidates: Sequence[str]) -> list[str]:
        """Those not struck so far."""
        return [one for one in candidates if one not in self.taken]

    def other(self, candidates: Sequence[Any], than: Any) -> Any:
        """Any of the candidates but one; IndexError where there is no other."""
        rest = [one for one in candidates if one != than]
        return rest[int(self.rng.integers(0, len(rest)))]
