"""The way of one file through the gate: in parts, each kept on disk and noted, from where a killed run left it."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from features.errors import HeadroomError
from features.ingest.chunks import Place, RawChunk, cut, joined
from features.ingest.cursor import Cursor
from features.ingest.derive import derive_rows
from features.ingest.gate import judge
from features.ingest.layouts import melted_columns, needed_columns
from features.ingest.links import LINKS, KnownIds
from features.ingest.mapping import SourceMapping
from features.ingest.parts import Part
from features.ingest.plan import Job
from features.ingest.readers import header, read_chunks
from features.ingest.report import IngestReport
from features.ingest.times import TimeContext
from features.lake import Lake

__all__ = ["Passage", "Progress", "Run"]

Progress = Callable[[str, str, int], None]
"""Called with the table, the file, and the rows of it that have been read so far."""


@dataclass(frozen=True)
class Run:
    """What all files of one ingest share; `personal` are the files that feed a personal table."""

    source: SourceMapping
    lake: Lake
    folder: Path
    quarantine: Path
    cursor: Cursor
    known: KnownIds
    report: IngestReport
    progress: Progress
    batch_rows: int
    personal: frozenset[Path | None]
    _batches: dict[str, list[str]] = field(default_factory=dict)

    def batches(self, table: str) -> list[str]:
        """The table's batches before this run writes: read once, not for every file."""
        if table not in self._batches:
            self._batches[table] = self.lake.batches(table)
        return self._batches[table]


class Passage:
    """One file (or derived table) on its way through the gate, from where a killed run left it."""

    def __init__(self, run: Run, job: Job, new: bool, known: KnownIds | None) -> None:
        self.run, self.job, self.new, self.known = run, job, new, known
        self.context = TimeContext(run.source.time_zone)
        self.begin = self.read = 0

    def parts(self, before: list[Part]) -> list[Part]:
        """All parts of the file; those that passed before are taken up as they are."""
        passed = self._resume()
        if passed and passed[-1].last:
            return passed
        part, rows = self._part(len(passed)), passed[-1].rows if passed else 0
        for chunk, place in cut(self._chunks(before), rows, self._following()):
            self._judge(part, chunk)
            rows += len(chunk.frame)
            if place is not None:
                passed.append(self._close(part, place, rows))
                part = self._part(len(passed))
        return [*passed, self._close(part, None, rows)]

    def _resume(self) -> list[Part]:
        cursor, passed = self.run.cursor, []
        for number, entry in enumerate(cursor.of(self.job.batch)):
            part = self._part(number)
            if not part.restore(entry, self.run.quarantine):
                cursor.forget(self.job.batch, number)
                break
            self.begin = entry["line"]
            self.context.recall(entry["seen"])
            self.run.known.add_all(self.job.table, part.spool.frames)
            self._count(part)
            self.read += part.counts.rows_in
            self.run.report.resumed += part.counts.rows_in
            passed.append(part)
        return passed

    def _part(self, number: int) -> Part:
        stem = self.run.folder / hashlib.sha256(f"{self.job.batch}#{number}".encode()).hexdigest()[:24]
        personal = self.job.path in self.run.personal
        return Part(self.job.mapping, self.job.source_file, self.job.batch, stem, personal=personal, new=self.new)

    def _judge(self, part: Part, chunk: RawChunk) -> None:
        source = self.run.source
        readings, records = judge(chunk, self.job.mapping, self.job.file_id, source.missing, self.context, self.known)
        self.run.known.add(self.job.table, part.add(chunk, readings, records))
        self.read += len(records.frame)
        self.run.progress(self.job.table, self.job.source_file, self.read)

    def _close(self, part: Part, place: Place | None, rows: int) -> Part:
        part.close(rows, last=place is None)
        line = 0 if place is None else place.line
        self.run.cursor.add({**part.entry(), "line": line, "seen": self.context.fresh()})
        self._count(part)
        return part

    def _count(self, part: Part) -> None:
        self.run.report.tables[self.job.table].include(part.counts)

    def _following(self) -> Callable[[int], int]:
        """Where a part ends: where one did that is in the lake already, else after so many records."""
        job = self.job
        if self._whole():
            return lambda _: sys.maxsize
        names = [name.rpartition("@") for name in self.run.batches(job.table)]
        ends = sorted(int(rows) for batch, _, rows in names if batch == job.batch)
        width = len(melted_columns(job.mapping, header(job.path, job.mapping))) if job.path else 1
        step = max(1, self.run.batch_rows // max(width, 1))
        return lambda rows: next((end for end in ends if end > rows), rows + step)

    def _whole(self) -> bool:
        """Whether the rows must be seen together: they are derived, or point to each other."""
        return self.job.path is None or self.job.table in LINKS.get(self.job.table, {}).values()

    def _chunks(self, before: list[Part]) -> Iterator[RawChunk]:
        job = self.job
        if job.path is not None:
            names = needed_columns(job.mapping, header(job.path, job.mapping))
            chunks = read_chunks(job.path, job.mapping, names, self.begin)
            return joined(chunks) if self._whole() else chunks
        derive = job.mapping.derive
        if derive is None:
            raise HeadroomError(f"{job.table}: a batch with neither file nor table to derive from")
        frames = (frame for part in before if part.table == derive.table for frame in part.spool.frames())
        return iter([derive_rows(derive, frames)])
