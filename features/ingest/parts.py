"""A part: the rows of one batch behind the gate, accepted and refused, on disk until every table has passed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from features.ingest.chunks import RawChunk
from features.ingest.cursor import Entry
from features.ingest.layouts import Readings
from features.ingest.mapping import TableMapping
from features.ingest.quarantine import Refused, bad_lines, refused_rows
from features.ingest.records import Records
from features.ingest.report import TableReport
from features.ingest.spool import Spool
from features.lake import Lake

__all__ = ["Part", "forget_unwritten"]


class Part:
    """Rows of `batch`, which come from `source_file`; `stem` is the path of its files without their ending.

    `rows` are those of the file up to the part's end. A small file is one part, and its batch in the lake is the
    file's own; of a large one every part before the last is a batch named by where it ends. So the file is in, whole,
    when the batch of its own name is, and what is in of a file that is not whole can be read from the lake alone.
    """

    def __init__(
        self, mapping: TableMapping, source_file: str, batch: str, stem: Path, *, personal: bool, new: bool = True
    ) -> None:
        self.mapping, self.batch, self.source_file, self.new = mapping, batch, source_file, new
        self.spool = Spool(mapping.contract, stem.with_suffix(".accepted"))
        self.refused = Refused(stem.with_suffix(".refused"), mapping.table, source_file, batch, personal)
        self.counts = TableReport(mapping.table)
        self.rows = 0
        self.last = self.restored = False

    @property
    def table(self) -> str:
        return self.mapping.table

    @property
    def name(self) -> str:
        """The part's batch in the lake."""
        return self.batch if self.last else f"{self.batch}@{self.rows}"

    def add(self, chunk: RawChunk, readings: Readings, records: Records) -> pd.DataFrame:
        """Take what the gate said of a chunk; returns the accepted rows."""
        counts = self.counts
        counts.rows_in += len(records.frame) + len(chunk.bad)
        counts.blank += readings.blank
        counts.excluded += readings.excluded
        self.refused.add(bad_lines(chunk.bad))
        self.refused.add(refused_rows(chunk, readings, records.marks))
        refused = records.marks.refused
        accepted = records.frame[~refused].reset_index(drop=True) if refused.any() else records.frame
        self.spool.add(accepted)
        return accepted

    def close(self, rows: int, last: bool) -> None:
        """No more rows: count what is superseded and what is left."""
        self.rows, self.last = rows, last
        self.spool.close()
        self.refused.close()
        self.counts.superseded = self.spool.superseded
        self.counts.accepted = self.spool.rows - self.spool.superseded
        self.counts.quarantined.update(self.refused.reasons)

    def entry(self) -> Entry:
        """What a cursor keeps of it."""
        return {"batch": self.batch, "rows": self.rows, "last": self.last, "new": self.new, **self.counts.to_dict()}

    def restore(self, entry: Entry, quarantine: Path) -> bool:
        """Become the part that passed before; False where its files are not there whole."""
        self.rows, self.last, self.new, self.restored = entry["rows"], entry["last"], entry["new"], True
        self.counts = TableReport.of(entry)
        found = self.spool.reopen(self.counts.accepted + self.counts.superseded, self.counts.superseded)
        return found and self.refused.reopen(self.counts.quarantined, quarantine, self.name)

    def write(self, lake: Lake, quarantine: Path) -> int:
        """Put it into the lake and return the rows this ingest, killed runs of it included, brought there.

        Quarantine first: rows must not be in the lake while those refused beside them are nowhere.
        """
        if lake.has_batch(self.table, self.name):
            return self.counts.accepted if self.restored and self.new else 0
        self.refused.keep(quarantine, self.name)
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:15]
        return lake.append_stream(self.table, self.spool.tables, self.name, digest)


def forget_unwritten(quarantine: Path, parts: Sequence[Part]) -> None:
    """Remove refused rows of these files that a killed run kept for a part that never came, being cut elsewhere now."""
    kept = {part.refused.target(quarantine, part.name) for part in parts if part.refused.reasons}
    stems = {(part.table, part.refused.target(quarantine, part.batch).stem) for part in parts}
    for table, stem in stems:
        for path in [quarantine / table / f"{stem}.parquet", *(quarantine / table).glob(f"{stem}@*.parquet")]:
            if path not in kept:
                path.unlink(missing_ok=True)
