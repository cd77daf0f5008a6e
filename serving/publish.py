"""Publications: open capacity as it was told, kept for good with everything it was made from."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import HeadroomError, NotFoundError
from features.workspace import Workspace
from serving.once import write_once
from training.standing import FIRM_DAYS

__all__ = [
    "Provenance",
    "Publication",
    "content_hash",
    "latest_of",
    "list_publications",
    "read_publication",
    "write_publication",
]

_MANIFEST, _CAPACITY = "manifest.json", "capacity.parquet"


@dataclass(frozen=True)
class Provenance:
    """What a set of figures was made from; equal provenance means equal figures.

    `now` is the moment whose knowledge was used (UTC); the hashes are those of the model's artifact, of the lake's
    batches (where a past moment was asked for, of those that had rows available by then), and of policy and territory
    settings together.
    """

    now: pd.Timestamp
    horizon_days: int
    model_name: str
    model_version: int
    model_hash: str
    data_hash: str
    config_hash: str


@dataclass(frozen=True)
class Publication:
    """One publication of open capacity: who it is, what it was made from, where its table lies.

    `content_hash` covers the figures and their provenance, but not the time of publishing; `id` is made of `now` and
    that hash, so that the same figures from the same inputs are the same publication.
    """

    id: str
    created_at: pd.Timestamp
    provenance: Provenance
    content_hash: str
    nodes: int
    path: Path
    fresh: bool = False  # True only on the object returned by the write that created it

    def capacity(self) -> pd.DataFrame:
        """The published table, one row per node; columns as `serving.decisions.capacity` defines them."""
        return pd.read_parquet(self.path / _CAPACITY)

    def describe(self) -> dict[str, Any]:
        """The manifest as plain values, fit for JSON."""
        return _manifest(self)


def content_hash(frame: pd.DataFrame, provenance: Provenance) -> str:
    """SHA-256 of the figures (as CSV text, shortest exact decimals) and of what they were made from."""
    digest = hashlib.sha256(json.dumps(_plain(provenance), sort_keys=True).encode())
    digest.update(frame.to_csv(index=False, lineterminator="\n").encode("utf-8"))
    return digest.hexdigest()


def write_publication(workspace: Workspace, frame: pd.DataFrame, provenance: Provenance) -> Publication:
    """Keep `frame` (one row per node) as a publication; the one already there when nothing differs.

    The folder appears by one rename: a reader sees a whole publication or none, and none is ever changed.
    """
    digest = content_hash(frame, provenance)
    name = f"{provenance.now.tz_convert('UTC'):%Y%m%dT%H%MZ}-{digest[:10]}"
    target = workspace.publications / name
    made = Publication(name, pd.Timestamp.now(tz="UTC"), provenance, digest, len(frame), target)

    def fill(folder: Path) -> None:
        frame.to_parquet(folder / _CAPACITY, index=False)
        told = json.dumps(_manifest(made), indent=2, ensure_ascii=False) + "\n"
        (folder / _MANIFEST).write_text(told, encoding="utf-8")

    if not write_once(target, fill):
        return _read(target)
    return replace(made, fresh=True)


def list_publications(workspace: Workspace) -> list[Publication]:
    """Every publication, oldest first by the time of publishing."""
    if not workspace.publications.is_dir():
        return []
    folders = [p for p in workspace.publications.iterdir() if p.is_dir() and not p.name.startswith(".")]
    return sorted((_read(folder) for folder in folders), key=lambda p: (p.created_at, p.id))


def latest_of(publications: Sequence[Publication]) -> Publication:
    """The newest firm one of `publications` (oldest first, at least one); the newest scenario where none is firm.

    Who asks for the latest wants to know what may be promised: a look beyond two years must not take its place.
    """
    firm = [one for one in publications if one.provenance.horizon_days <= FIRM_DAYS]
    return (firm or publications)[-1]


def read_publication(workspace: Workspace, publication_id: str | None = None) -> Publication:
    """The publication of that id, or `latest_of` all; NotFoundError names the id or says that there is none."""
    if publication_id is None:
        known = list_publications(workspace)
        if not known:
            raise NotFoundError(f"no publication in {workspace.root}; `headroom publish capacity` writes one")
        return latest_of(known)
    folder = workspace.publications / publication_id
    if not publication_id or publication_id != Path(publication_id).name or not (folder / _MANIFEST).is_file():
        raise NotFoundError(f"no publication {publication_id!r} in {workspace.root}")
    return _read(folder)


def _plain(provenance: Provenance) -> dict[str, Any]:
    return {**asdict(provenance), "now": provenance.now.tz_convert("UTC").isoformat()}


def _manifest(publication: Publication) -> dict[str, Any]:
    return {
        "id": publication.id,
        "kind": "capacity",
        "created_at": publication.created_at.isoformat(),
        "content_hash": publication.content_hash,
        "nodes": publication.nodes,
        **_plain(publication.provenance),
    }


def _read(folder: Path) -> Publication:
    try:
        record: Mapping[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        values = {name: record[name] for name in Provenance.__dataclass_fields__}
        return Publication(
            id=record["id"],
            created_at=pd.Timestamp(record["created_at"]),
            provenance=Provenance(**{**values, "now": pd.Timestamp(record["now"])}),
            content_hash=record["content_hash"],
            nodes=record["nodes"],
            path=folder,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HeadroomError(f"{folder}: not a readable publication ({error!r})") from error
