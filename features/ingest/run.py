"""One ingest: plan, pass every table through the gate in parts kept on disk, and only then write the lake."""

from pathlib import Path

import yaml

from features.ingest.cursor import Cursor
from features.ingest.links import KnownIds
from features.ingest.mapping import SourceMapping, load_mapping
from features.ingest.parts import Part, forget_unwritten
from features.ingest.passage import Passage, Progress, Run
from features.ingest.plan import Job, plan_id, plan_jobs
from features.ingest.report import IngestReport, TableReport
from features.ingest.scratch import scratch
from features.lake import Lake
from features.workspace import Workspace

__all__ = ["BATCH_ROWS", "Progress", "ingest"]

BATCH_ROWS = 2_000_000
"""Records of a part: most files are one part, and an ingest stays within some hundred MiB."""


def ingest(
    source: Path,
    data_dir: Path,
    workspace: Workspace,
    progress: Progress | None = None,
    batch_rows: int = BATCH_ROWS,
) -> IngestReport:
    """Bring the files of `data_dir` into the lake as the mapping `source` says, refused rows into quarantine.

    No table is written before every table has passed the gate; a file that is in already is not read again. A file of
    more than `batch_rows` records passes, and is written, in parts; after a kill the same call goes on with the part
    it was at, and its report is that of the whole. Raises ConfigError for a wrong mapping, SourceError for a missing or
    unreadable file or column, HeadroomError while another process ingests the same files.
    """
    mapping = load_mapping(source)
    jobs = plan_jobs(mapping, data_dir)
    order = list(dict.fromkeys(job.table for job in jobs))
    quarantine = workspace.root / "quarantine"
    report = IngestReport(mapping.name, {name: TableReport(name) for name in order}, str(quarantine))
    with scratch(workspace.root, mapping.name, plan_id(jobs)) as folder:
        # A file may feed other tables beside the personal one, and their refused lines hold the same cells.
        personal = frozenset(job.path for job in jobs if job.mapping.contract.personal)
        lake, told = Lake(workspace.lake), progress or (lambda *_: None)
        run = Run(mapping, lake, folder, quarantine, Cursor(folder), KnownIds(lake), report, told, batch_rows, personal)
        passed = _gate_all(run, jobs)
        _write_territory(workspace, mapping)
        forget_unwritten(quarantine, passed)
        for part in passed:
            report.tables[part.table].written += part.write(lake, quarantine)
    return report


def _write_territory(workspace: Workspace, mapping: SourceMapping) -> None:
    if mapping.territory is None:
        return
    text = yaml.safe_dump(mapping.territory.model_dump(), allow_unicode=True, sort_keys=False)
    unfinished = workspace.root / "territory.yaml.unfinished"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(workspace.root / "territory.yaml")


def _gate_all(run: Run, jobs: list[Job]) -> list[Part]:
    """Pass every new batch; a file is read again only for a derived table that is not in yet."""
    new = {job.batch for job in jobs if _is_new(run, job)}
    wanted = {job.mapping.derive.table for job in jobs if job.batch in new and job.mapping.derive is not None}
    made = {job.mapping.derive.table for job in jobs if job.mapping.derive is not None and job.table == "node"}
    passed: list[Part] = []
    seen: set[str] = set()
    for job in jobs:
        counts = run.report.tables[job.table]
        counts.files += 1
        # The same content twice among the files is one batch.
        if job.batch in seen or (job.batch not in new and job.table not in wanted):
            counts.unchanged += 1
            continue
        seen.add(job.batch)
        # Rows from which the very nodes are made that they point to have no links yet.
        known = None if job.table in made else run.known
        passed.extend(Passage(run, job, job.batch in new, known).parts(passed))
    return passed


def _is_new(run: Run, job: Job) -> bool:
    """Whether this ingest, killed runs of it included, is the one that brings the batch in."""
    before = run.cursor.of(job.batch)
    return bool(before[0]["new"]) if before else not run.lake.has_batch(job.table, job.batch)
