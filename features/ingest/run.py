"""One ingest: plan, pass every table through the gate into a spool, and only then write the lake."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from features.errors import HeadroomError
from features.ingest.chunks import RawChunk, joined
from features.ingest.derive import derive_rows
from features.ingest.gate import mark_broken
from features.ingest.layouts import needed_columns, spread
from features.ingest.links import LINKS, KnownIds, mark_orphans
from features.ingest.mapping import SourceMapping, load_mapping
from features.ingest.plan import Job, plan_jobs
from features.ingest.quarantine import Refused, bad_lines, refused_rows
from features.ingest.readers import header, read_chunks
from features.ingest.records import Records, make_records
from features.ingest.report import IngestReport, TableReport
from features.ingest.spool import Spool
from features.ingest.times import TimeContext
from features.lake import Lake
from features.workspace import Workspace

__all__ = ["Progress", "ingest"]

Progress = Callable[[str, str, int], None]
"""Called with the table, the file, and the rows of it that have been read so far."""


def ingest(source: Path, data_dir: Path, workspace: Workspace, progress: Progress | None = None) -> IngestReport:
    """Bring the files of `data_dir` into the lake as the mapping `source` says, refused rows into quarantine.

    No table is written before every table has passed the gate; a file that is in already is not read again. Raises
    ConfigError for a wrong mapping, SourceError for a missing or unreadable file or column.
    """
    mapping = load_mapping(source)
    jobs = plan_jobs(mapping, data_dir)
    lake = Lake(workspace.lake)
    order = list(dict.fromkeys(job.table for job in jobs))
    report = IngestReport(mapping.name, {name: TableReport(name) for name in order}, str(workspace.root / "quarantine"))
    with tempfile.TemporaryDirectory(prefix="ingest-", dir=_scratch(workspace)) as folder:
        run = _Run(mapping, lake, workspace, Path(folder), report, progress or (lambda *_: None))
        passed = run.gate_all(jobs)
        _write_territory(workspace, mapping)
        for item in passed:
            run.write(item)
    return report


def _scratch(workspace: Workspace) -> Path:
    """A place on the workspace's own disk: a spool may be larger than a temporary folder in memory."""
    workspace.root.mkdir(parents=True, exist_ok=True)
    return workspace.root


def _write_territory(workspace: Workspace, mapping: SourceMapping) -> None:
    if mapping.territory is None:
        return
    text = yaml.safe_dump(mapping.territory.model_dump(), allow_unicode=True, sort_keys=False)
    unfinished = workspace.root / "territory.yaml.unfinished"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(workspace.root / "territory.yaml")


@dataclass(frozen=True)
class _Passed:
    """A batch behind the gate: its accepted rows, and the refused ones."""

    job: Job
    spool: Spool
    refused: Refused


class _Run:
    """The parts of one ingest share the lake, the known identifiers and the report."""

    def __init__(
        self,
        source: SourceMapping,
        lake: Lake,
        workspace: Workspace,
        folder: Path,
        report: IngestReport,
        progress: Progress,
    ) -> None:
        self.source, self.lake, self.folder, self.report, self.progress = source, lake, folder, report, progress
        self.quarantine = workspace.root / "quarantine"
        self.known = KnownIds(lake)
        self.personal: set[Path | None] = set()

    def gate_all(self, jobs: list[Job]) -> list[_Passed]:
        """Pass every new batch; a file is read again only for a derived table that is not in yet."""
        new = {job.batch for job in jobs if not self.lake.has_batch(job.table, job.batch)}
        wanted = {job.mapping.derive.table for job in jobs if job.batch in new and job.mapping.derive is not None}
        made = {job.mapping.derive.table for job in jobs if job.mapping.derive is not None and job.table == "node"}
        # A file may feed other tables beside the personal one, and their refused lines hold the same cells.
        self.personal = {job.path for job in jobs if job.mapping.contract.personal}
        passed: list[_Passed] = []
        seen: set[str] = set()
        for job in jobs:
            counts = self.report.tables[job.table]
            counts.files += 1
            # The same content twice among the files is one batch.
            if job.batch in seen or (job.batch not in new and job.table not in wanted):
                counts.unchanged += 1
                continue
            seen.add(job.batch)
            passed.append(self._pass_one(job, passed, linked=job.table not in made))
        return passed

    def _pass_one(self, job: Job, before: list[_Passed], linked: bool) -> _Passed:
        """`linked` is false for rows from which the very nodes are made that they point to."""
        scratch = self.folder / hashlib.sha256(job.batch.encode()).hexdigest()[:24]
        personal = job.path in self.personal
        refused = Refused(scratch.with_suffix(".refused"), job.table, job.source_file, job.batch, personal)
        item = _Passed(job, Spool(job.mapping.contract, scratch.with_suffix(".accepted")), refused)
        counts, context = self.report.tables[job.table], TimeContext(self.source.time_zone)
        read = 0
        for chunk in self._chunks(job, before):
            readings = spread(chunk, job.mapping, job.file_id, self.source.missing)
            records = make_records(readings.frame, job.mapping, self.source.missing, context)
            mark_broken(job.mapping.contract, records)
            if linked:
                mark_orphans(job.table, records, self.known)
            counts.rows_in += len(records.frame) + len(chunk.bad)
            counts.blank += readings.blank
            counts.excluded += readings.excluded
            item.refused.add(bad_lines(chunk.bad))
            item.refused.add(refused_rows(chunk, readings, records.marks))
            self._accept(item, records)
            read += len(records.frame)
            self.progress(job.table, job.source_file, read)
        self._close(item, counts)
        return item

    def _chunks(self, job: Job, before: list[_Passed]) -> Iterator[RawChunk]:
        if job.path is not None:
            names = needed_columns(job.mapping, header(job.path, job.mapping))
            chunks = read_chunks(job.path, job.mapping, names)
            return joined(chunks) if job.table in LINKS.get(job.table, {}).values() else chunks
        derive = job.mapping.derive
        if derive is None:
            raise HeadroomError(f"{job.table}: a batch with neither file nor table to derive from")
        frames = (frame for item in before if item.job.table == derive.table for frame in item.spool.frames())
        return iter([derive_rows(derive, frames)])

    def _accept(self, item: _Passed, records: Records) -> None:
        refused = records.marks.refused
        accepted = records.frame[~refused].reset_index(drop=True) if refused.any() else records.frame
        item.spool.add(accepted)
        self.known.add(item.job.table, accepted)

    def _close(self, item: _Passed, counts: TableReport) -> None:
        item.spool.close()
        item.refused.close()
        counts.superseded += item.spool.superseded
        counts.accepted += item.spool.rows - item.spool.superseded
        counts.quarantined.update(item.refused.reasons)

    def write(self, item: _Passed) -> None:
        """Quarantine first: rows must not be in the lake while those refused beside them are nowhere."""
        job = item.job
        item.refused.keep(self.quarantine)
        digest = hashlib.sha256(job.batch.encode()).hexdigest()[:15]
        written = self.lake.append_stream(job.table, item.spool.tables, job.batch, digest)
        self.report.tables[job.table].written += written
