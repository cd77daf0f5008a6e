"""An increment: rows that arrive by themselves, in the contract's own columns, through the same gate as any file."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from features.contracts import AVAILABLE_AT, CONTRACTS, Contract
from features.errors import ConflictError, DataError, SourceError
from features.ingest.chunks import RawChunk, joined
from features.ingest.gate import judge
from features.ingest.links import KnownIds
from features.ingest.mapping import TableMapping
from features.ingest.ndjson import read_ndjson
from features.ingest.parts import Part, forget_unwritten
from features.ingest.readers import header, read_chunks
from features.ingest.scratch import scratch
from features.ingest.times import TimeContext
from features.lake import Lake
from features.workspace import Workspace

__all__ = ["Kind", "Posted", "TooManyRowsError", "take"]

Kind = Literal["ndjson", "csv"]
_SHOWN = 10
# A blank cell says nothing; any other text means what it says, a node may be called NA.
_MISSING = ("",)
# No source can have this name.
_SOURCE = "Increment"


class TooManyRowsError(SourceError):
    """More rows than one increment may have."""


@dataclass(frozen=True)
class Posted:
    """Rows as they came: the table, their text and its kind, the sender's key, and the moment of receipt (UTC)."""

    table: str
    body: bytes
    kind: Kind
    key: str
    received_at: pd.Timestamp

    @property
    def batch(self) -> str:
        """The batch of the lake that the key stands for."""
        return f"increment:{hashlib.sha256(self.key.encode()).hexdigest()[:24]}"

    @property
    def digest(self) -> str:
        """Fifteen hexadecimal digits of the kind and the text."""
        return hashlib.sha256(self.kind.encode() + b"\0" + self.body).hexdigest()[:15]


def take(workspace: Workspace, posted: Posted, max_rows: int) -> dict[str, Any]:
    """Bring accepted rows into the lake as one batch, refused ones into quarantine, and count both.

    The text has the contract's columns: the required ones, `available_at` only where it is not the moment of receipt.
    What was taken is told again, and nothing done, when the same comes once more under its key (`repeated`); two at
    once wait for each other. Raises ConflictError where other rows came under the key, SourceError where the text
    cannot be read or has the wrong columns, TooManyRowsError, DataError for an unknown table.
    """
    lake = Lake(workspace.lake)
    before = _before(lake, posted)
    if before is not None:
        return before
    plan = hashlib.sha256(f"{posted.table}\0{posted.batch}".encode()).hexdigest()[:16]
    with scratch(workspace.root, _SOURCE, plan, wait=True) as folder:
        # Another process may have brought it in while this one waited.
        before = _before(lake, posted)
        return _taken(lake, workspace.root / "quarantine", posted, folder, max_rows) if before is None else before


def _before(lake: Lake, posted: Posted) -> dict[str, Any] | None:
    """What was told when the rows came first; None when they come first now."""
    try:
        note = lake.note_of(posted.table, posted.batch, posted.digest)
    except DataError as error:
        if error.column == "(table)":
            raise
        raise ConflictError(f"other rows came to {posted.table} under the key {posted.key!r} before") from error
    return None if note is None else {**json.loads(note), "repeated": True}


def _taken(lake: Lake, quarantine: Path, posted: Posted, folder: Path, max_rows: int) -> dict[str, Any]:
    mapping, chunk = _read(posted, folder)
    if len(chunk.frame) + len(chunk.bad) > max_rows:
        raise TooManyRowsError(f"more than {max_rows} rows at once; send them in parts, each under a key of its own")
    personal = mapping.contract.personal
    part = Part(mapping, f"increment {posted.key}", posted.batch, folder / "rows", personal=personal)
    readings, records = judge(chunk, mapping, "", _MISSING, TimeContext("UTC"), KnownIds(lake))
    part.add(chunk, readings, records)
    part.close(len(chunk.frame), last=True)
    told = _told(part)
    forget_unwritten(quarantine, [part])
    part.refused.keep(quarantine, part.name)
    lake.append_stream(posted.table, part.spool.tables, part.name, posted.digest, json.dumps(told))
    return {**told, "repeated": False}


def _told(part: Part) -> dict[str, Any]:
    """Counts, and where the first refused rows stand; never what is in them."""
    counts = part.counts
    return {
        "table": part.table,
        "batch": part.batch,
        "rows_in": counts.rows_in,
        "accepted": counts.accepted,
        "superseded": counts.superseded,
        "quarantined": dict(sorted(counts.quarantined.items())),
        "refused": part.refused.first(_SHOWN),
        "balanced": counts.balanced,
    }


def _read(posted: Posted, folder: Path) -> tuple[TableMapping, RawChunk]:
    """How the rows become the contract's, and the rows."""
    contract = CONTRACTS[posted.table]
    if posted.kind == "csv":
        names, chunks = _read_csv(posted, contract, folder)
    else:
        try:
            names, chunk = read_ndjson(posted.body, contract)
        except UnicodeDecodeError as error:
            raise SourceError(
                f"the body cannot be read: it is no UTF-8 ({error.reason} at byte {error.start})"
            ) from error
        if not names and chunk.bad:
            # Nothing in it is a row, so nothing says which columns there are.
            names = list(contract.columns)
            chunk = RawChunk(pd.DataFrame({name: pd.Series([], dtype="str") for name in names}), chunk.lines, chunk.bad)
        chunks = iter([chunk])
    _check_names(contract, names)
    every = list(joined(chunks))
    if not every or every[0].begin is None:
        raise SourceError("the body holds no rows")
    return _mapping(contract, names, posted.received_at), every[0]


def _read_csv(posted: Posted, contract: Contract, folder: Path) -> tuple[list[str], Iterator[RawChunk]]:
    path = folder / "rows.csv"
    path.write_bytes(posted.body)
    plain = _mapping(contract, list(contract.columns), posted.received_at)
    try:
        names = header(path, plain)
        return names, iter(list(read_chunks(path, plain, names)))
    except SourceError as error:
        raise SourceError(str(error).replace(str(path), "the body")) from error


def _check_names(contract: Contract, names: list[str]) -> None:
    unknown = [name for name in names if name not in contract.columns]
    if unknown:
        raise SourceError(
            f"{contract.name} has no column {unknown[0][:100]!r} ({len(unknown)} unknown); "
            f"it has: {', '.join(contract.columns)}"
        )
    required = [one.name for one in contract.fields if not one.nullable and one.name != AVAILABLE_AT]
    missing = [name for name in required if name not in names]
    if missing:
        raise SourceError(f"no column {', '.join(missing)}, which {contract.name} requires")


def _mapping(contract: Contract, names: list[str], received_at: pd.Timestamp) -> TableMapping:
    """Every column from the one of its name; times must say their offset."""
    columns: dict[str, Any] = {
        one.name: {"from": one.name, **({"format": "iso_offset"} if one.kind == "utc" else {})}
        for one in contract.fields
        if one.name in names
    }
    columns.setdefault(AVAILABLE_AT, {"constant": received_at.isoformat()})
    return TableMapping.model_validate({"table": contract.name, "files": "rows", "format": "csv", "columns": columns})
