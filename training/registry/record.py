"""What serves and what served before: `models/<name>/champion.json` and `promotions.jsonl`, read without MLflow."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ModelError
from features.workspace import Workspace

__all__ = ["Champion", "Promotion", "champion", "promotions", "write_champion"]

_RECORD, _LOG = "champion.json", "promotions.jsonl"


@dataclass(frozen=True)
class Champion:
    """The version that serves: `path` is its artifact folder, `sha256` the hash of that folder's content."""

    name: str
    version: int
    path: Path
    sha256: str
    promoted_at: pd.Timestamp


@dataclass(frozen=True)
class Promotion:
    """One change of what serves: the version, the one before it, and what was said about it (by, why, forced …)."""

    name: str
    version: int
    promoted_at: pd.Timestamp
    previous: int | None
    details: Mapping[str, str] = field(default_factory=dict)


def champion(workspace: Workspace, name: str) -> Champion | None:
    """The serving version of `name`, None before the first promotion; ModelError when its record is damaged."""
    path = workspace.models / name / _RECORD
    return _champion(path, _read(path)) if path.is_file() else None


def promotions(workspace: Workspace, name: str) -> list[Promotion]:
    """Every promotion of `name`, oldest first; the last one is what serves."""
    return [_promotion(name, line) for line in _log(workspace.models / name)]


def write_champion(workspace: Workspace, name: str, version: int, sha256: str, details: Mapping[str, str]) -> Champion:
    """Make `version`, whose artifact lies in `models/<name>/<version>/`, the one that serves, in one step."""
    folder = workspace.models / name
    known = _log(folder)
    path = folder / _RECORD
    record = {
        "name": name,
        "version": version,
        "path": str(version),
        "sha256": sha256,
        "promoted_at": pd.Timestamp.now(tz="UTC").isoformat(),
        "previous": int(known[-1]["version"]) if known else None,
        "details": dict(details),
    }
    # The log is completed first with what serves until now; the record is what decides, and is replaced last.
    _replace(folder / _LOG, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in known))
    _replace(path, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return _champion(path, record)


def _log(folder: Path) -> list[dict[str, Any]]:
    """The kept lines, and the record in force where it is not among them yet."""
    path, kept = folder / _LOG, []
    if path.is_file():
        try:
            kept = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise ModelError(f"{path}: not a readable log of promotions ({error!r})") from error
    record = folder / _RECORD
    current = _read(record) if record.is_file() else None
    if current is not None and (not kept or kept[-1]["promoted_at"] != current.get("promoted_at")):
        kept.append(current)
    return kept


def _promotion(name: str, line: Mapping[str, Any]) -> Promotion:
    previous = line.get("previous")
    return Promotion(
        name=name,
        version=int(line["version"]),
        promoted_at=pd.Timestamp(line["promoted_at"]),
        previous=None if previous is None else int(previous),
        details={str(key): str(value) for key, value in line.get("details", {}).items()},
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise TypeError("not an object")
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: not a readable champion record ({error!r}); promote a version anew") from error
    return record


def _champion(path: Path, record: Mapping[str, Any]) -> Champion:
    try:
        return Champion(
            name=record["name"],
            version=int(record["version"]),
            path=path.parent / record["path"],
            sha256=record["sha256"],
            promoted_at=pd.Timestamp(record["promoted_at"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not a readable champion record ({error!r}); promote a version anew") from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(path)
