"""What an ingest did, counted so that nothing is lost: in = accepted + quarantined + superseded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["IngestReport", "TableReport"]


@dataclass
class TableReport:
    """Counts of one table, over all its files.

    `rows_in` counts records: rows of a long file, readings of a wide one (a cell each), rows derived from another
    table, and lines too broken to count cells in (one each). `blank` and `excluded` are no records and are not in it.
    `written` is what the lake took: `accepted`, less the batches that were in already. `unchanged` counts files whose
    batch was in before, which are not read again: nothing else of them is counted.
    """

    table: str
    files: int = 0
    unchanged: int = 0
    rows_in: int = 0
    accepted: int = 0
    superseded: int = 0
    written: int = 0
    blank: int = 0
    excluded: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "TableReport":
        """The counts that `to_dict` made plain; other keys are passed over."""
        counts = {one.name: values[one.name] for one in fields(cls) if one.name != "quarantined"}
        return cls(**counts, quarantined=Counter(values["quarantined"]))

    def include(self, part: "TableReport") -> None:
        """Count what a part of the table counts."""
        for name in ("rows_in", "accepted", "superseded", "blank", "excluded"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.quarantined.update(part.quarantined)

    @property
    def balanced(self) -> bool:
        """Whether every row in is accounted for."""
        return self.rows_in == self.accepted + self.superseded + self.quarantined.total()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, reason codes in alphabetical order."""
        counts = {name: value for name, value in vars(self).items() if name != "quarantined"}
        return {**counts, "quarantined": dict(sorted(self.quarantined.items()))}


@dataclass
class IngestReport:
    """One ingest: the source, its tables in the order of the contracts, and where refused rows are kept.

    A killed run and the one that goes on after it are one ingest; `resumed` counts the rows that the former checked,
    which are in the tables' counts too.
    """

    source: str
    tables: dict[str, TableReport]
    quarantine: str
    resumed: int = 0

    @property
    def changed(self) -> bool:
        """Whether any row was written."""
        return any(table.written for table in self.tables.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as printed by `--json`."""
        return {
            "source": self.source,
            "changed": self.changed,
            "resumed": self.resumed,
            "quarantine": self.quarantine,
            "tables": {name: table.to_dict() for name, table in self.tables.items()},
        }
