"""Before anything is read in full: which files feed which tables, are their columns there, are they in already."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from features.contracts import CONTRACTS
from features.errors import ConfigError, SourceError
from features.ingest.derive import DERIVED_COLUMNS
from features.ingest.layouts import FILE, check_columns, file_identifier
from features.ingest.mapping import HoursLayout, LongLayout, SourceMapping, TableMapping
from features.ingest.readers import header
from features.ingest.records import check_constants

__all__ = ["Job", "plan_id", "plan_jobs"]

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Job:
    """One batch to be: a file and the table it feeds, or (no path) a table derived from the jobs of another."""

    mapping: TableMapping
    path: Path | None
    file_id: str
    batch: str

    @property
    def table(self) -> str:
        return self.mapping.table

    @property
    def source_file(self) -> str:
        """What a person calls the origin of the rows."""
        if self.path is not None:
            return self.path.name
        return f"(derived from {self.mapping.derive.table})" if self.mapping.derive else "(derived)"


def plan_jobs(source: SourceMapping, data_dir: Path) -> list[Job]:
    """Every batch of a source, in the order of the contracts (what is pointed to comes first), derived tables last.

    Raises SourceError when a file or a column is missing, ConfigError when a constant or pseudo-column is wrong.
    """
    if not data_dir.is_dir():
        raise SourceError(f"{data_dir}: no such folder; give the folder of the source's files by --data")
    order = {name: position for position, name in enumerate(CONTRACTS)}
    tables = sorted(source.tables, key=lambda table: (table.derive is not None, order[table.table]))
    hashes: dict[Path, str] = {}
    jobs: list[Job] = []
    for mapping in tables:
        check_constants(mapping, source.time_zone)
        _check_pseudo_columns(mapping)
        if mapping.derive is not None:
            below = "".join(job.batch for job in jobs if job.table == mapping.derive.table)
            jobs.append(Job(mapping, None, "", _batch(source, mapping, below)))
            continue
        for path in _files(mapping, data_dir):
            check_columns(path, mapping, header(path, mapping))
            hashes.setdefault(path, _content_hash(path))
            file_id = file_identifier(path, mapping)
            # A file's name is part of its content only where the mapping reads it.
            content = hashes[path] + (file_id if FILE in mapping.sources() else "")
            jobs.append(Job(mapping, path, file_id, _batch(source, mapping, content)))
    return jobs


def plan_id(jobs: list[Job]) -> str:
    """Sixteen hexadecimal digits: the same for the same files under the same mapping, and the same contracts."""
    kinds = {job.table: [(one.name, one.kind) for one in job.mapping.contract.fields] for job in jobs}
    parts = [kinds, [(job.table, job.batch) for job in jobs]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _files(mapping: TableMapping, data_dir: Path) -> list[Path]:
    found: dict[Path, None] = {}
    for pattern in mapping.files:
        try:
            matches = sorted(path for path in data_dir.glob(pattern) if path.is_file())
        except (ValueError, NotImplementedError) as error:
            raise ConfigError(f"files: {pattern!r} is no pattern below the data folder ({error})") from error
        if not matches:
            raise SourceError(f"{data_dir}: no file matches {pattern!r} (for {mapping.table})")
        found.update(dict.fromkeys(matches))
    return list(found)


def _check_pseudo_columns(mapping: TableMapping) -> None:
    layout = mapping.layout
    known = {FILE} if mapping.derive is None else set()
    if not isinstance(layout, LongLayout):
        known |= {"$column", "$value"}
    if isinstance(layout, HoursLayout):
        known.add("$minutes")
    used = [name for name in mapping.sources() if name.startswith("$")]
    wrong = [name for name in used if name not in known]
    if mapping.derive is not None:
        known = {mapping.derive.id, *DERIVED_COLUMNS}
        wrong = [name for name in mapping.sources() if name not in known]
        absent = {mapping.derive.id, mapping.derive.of} - set(CONTRACTS[mapping.derive.table].columns)
        if absent:
            raise ConfigError(f"{mapping.table}: {mapping.derive.table} has no column {', '.join(sorted(absent))}")
    if wrong:
        raise ConfigError(f"{mapping.table}: there is no {', '.join(wrong)} here; known: {', '.join(sorted(known))}")


def _content_hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_CHUNK):
                digest.update(block)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error})") from error
    return digest.hexdigest()


def _batch(source: SourceMapping, mapping: TableMapping, content: str) -> str:
    """The batch key: the same file under the same mapping is the same batch, wherever the file lies."""
    # Where to find the file does not change what is made of it.
    meaning = mapping.model_dump(mode="json", exclude={"files"})
    parts = [mapping.table, meaning, source.time_zone, source.missing, content]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return f"{source.name}:{hashlib.sha256(text.encode()).hexdigest()[:24]}"
