"""A snapshot: all that is told of customers at one moment, as columns on disk; never changed once it is there.

It knows accounts by their surrogates only, so that erasing who somebody is leaves it as it was.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.contracts import CUSTOMER_CLASSES
from features.errors import DataError, HeadroomError
from features.workspace import Workspace
from serving.decisions.selection import Texts, Wide
from serving.once import write_once

__all__ = ["TEXTS", "Snapshot", "TagWords", "customers_folder", "list_snapshots", "read_snapshot", "write_snapshot"]

TEXTS = ("hall_id", "area_id", "customer_class")
"""Columns of texts; every other one holds numbers."""

_MANIFEST, _FRAME, _TAGS = "manifest.json", "frame.parquet", "tags.parquet"


@dataclass(frozen=True)
class TagWords:
    """A tag as people are told of it: its names, what it says, who answers for it, and whom it is meant for."""

    tag: str
    version: int
    kind: str
    english: str
    chinese: str
    meaning_english: str
    meaning_chinese: str
    purpose: str
    owner: str
    audience: tuple[str, ...]
    inputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "TagWords":
        """From a manifest's record."""
        return cls(**{**record, "audience": tuple(record["audience"]), "inputs": tuple(record["inputs"])})


@dataclass(frozen=True)
class Snapshot:
    """One snapshot. `made_from` tells models with versions and hashes, fingerprints and configuration, in plain values.

    `as_of` is the moment whose knowledge was used, `made_at` when that was written (both UTC).
    """

    id: str
    as_of: pd.Timestamp
    made_at: pd.Timestamp
    customers: int
    tags: tuple[TagWords, ...]
    made_from: Mapping[str, Any]
    path: Path
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def wide(self) -> Wide:
        """Every column, in memory. Customers rise."""
        frame = pd.read_parquet(self.path / _FRAME)
        tags = pd.read_parquet(self.path / _TAGS)
        texts = {name: Texts.of(frame[name], CUSTOMER_CLASSES if name == "customer_class" else None) for name in TEXTS}
        numbers = {
            name: np.ascontiguousarray(frame[name].to_numpy(dtype=np.float64))
            for name in frame.columns
            if name not in (*TEXTS, "customer_id")
        }
        held = {str(name): np.ascontiguousarray(tags[name].to_numpy(dtype=np.int8)) for name in tags.columns}
        return Wide(frame["customer_id"].to_numpy(dtype=object), numbers, texts, held)

    def describe(self) -> dict[str, Any]:
        """The manifest as plain values, fit for JSON."""
        return _manifest(self)


def customers_folder(workspace: Workspace) -> Path:
    """Where snapshots lie."""
    return workspace.root / "customers"


def write_snapshot(
    workspace: Workspace,
    as_of: pd.Timestamp,
    frame: pd.DataFrame,
    held: pd.DataFrame,
    tags: Sequence[TagWords],
    made_from: Mapping[str, Any],
    notes: Sequence[str] = (),
) -> Snapshot:
    """Keep a snapshot; the one already there when nothing differs.

    `frame` is indexed by customer_id: hall_id, area_id, customer_class, and numbers (NaN unknown). `held` has the same
    index and one int8 column a tag (see `serving.decisions.selection.wide`). The folder appears by one rename.
    """
    frame, held = _ordered(frame, held)
    digest = _digest(frame, held, tags, made_from)
    name = f"{as_of.tz_convert('UTC'):%Y%m%dT%H%MZ}-{digest[:10]}"
    target = customers_folder(workspace) / name
    made = Snapshot(
        name, as_of, pd.Timestamp.now(tz="UTC"), len(frame), tuple(tags), dict(made_from), target, tuple(notes)
    )

    def fill(folder: Path) -> None:
        frame.reset_index().to_parquet(folder / _FRAME, index=False)
        held.to_parquet(folder / _TAGS, index=False)
        told = json.dumps(_manifest(made), indent=2, ensure_ascii=False) + "\n"
        (folder / _MANIFEST).write_text(told, encoding="utf-8")

    if not write_once(target, fill):
        return _read(target)
    return made


def list_snapshots(workspace: Workspace) -> list[Snapshot]:
    """Every snapshot, oldest first by the moment it is of: one of the past never takes the place of a newer one."""
    folder = customers_folder(workspace)
    if not folder.is_dir():
        return []
    found = [_read(path) for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(found, key=lambda one: (one.as_of, one.made_at, one.id))


def read_snapshot(workspace: Workspace) -> Snapshot | None:
    """The newest snapshot; None before the first."""
    known = list_snapshots(workspace)
    return known[-1] if known else None


def _ordered(frame: pd.DataFrame, held: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All in the order of customers; DataError where they do not speak of the same ones."""
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()]
        raise DataError("snapshot", "customer_id", "a customer stands twice", len(twice), twice[0])
    missing = [name for name in TEXTS if name not in frame.columns]
    if missing:
        raise DataError("snapshot", missing[0], "the column is missing", len(frame), "all")
    frame = frame.sort_index()
    frame.index = pd.Index(frame.index.to_numpy(dtype=object), dtype="str", name="customer_id")
    absent = frame.index.difference(held.index)
    if len(absent):
        raise DataError("snapshot", "tags", "a customer has no tags", len(absent), absent[0])
    return frame, held.reindex(frame.index).astype(np.int8)


def _digest(
    frame: pd.DataFrame,
    held: pd.DataFrame,
    tags: Sequence[TagWords],
    made_from: Mapping[str, Any],
) -> str:
    digest = hashlib.sha256(json.dumps([[vars(one) for one in tags], made_from], sort_keys=True, default=str).encode())
    for part in (frame, held):
        digest.update(json.dumps([str(name) for name in part.columns]).encode())
        digest.update(pd.util.hash_pandas_object(part, index=True).to_numpy().tobytes())
    return digest.hexdigest()


def _manifest(one: Snapshot) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": "customers",
        "as_of": one.as_of.tz_convert("UTC").isoformat(),
        "made_at": one.made_at.isoformat(),
        "customers": one.customers,
        "made_from": dict(one.made_from),
        "notes": list(one.notes),
        "tags": [{**vars(tag), "audience": list(tag.audience), "inputs": list(tag.inputs)} for tag in one.tags],
    }


def _read(folder: Path) -> Snapshot:
    try:
        record: Mapping[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return Snapshot(
            id=record["id"],
            as_of=pd.Timestamp(record["as_of"]),
            made_at=pd.Timestamp(record["made_at"]),
            customers=record["customers"],
            tags=tuple(TagWords.of(one) for one in record["tags"]),
            made_from=record["made_from"],
            path=folder,
            notes=tuple(record["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HeadroomError(f"{folder}: not a readable snapshot of customers ({error!r})") from error
