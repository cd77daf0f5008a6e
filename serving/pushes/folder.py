"""What a publication of offers lies in: decisions of every pair, messages, cards, relief, and what it was made from."""

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.clock import time_zone
from features.workspace import Workspace
from serving.decisions.pushes.codes import CODES
from serving.decisions.pushes.records import Decided
from serving.decisions.pushes.relief import find_constrained, freed_by_block, released
from serving.once import write_once
from serving.pushes.committing import Settled
from serving.pushes.lists import cards, file_names, lines
from serving.pushes.material import Material
from serving.pushes.records import PushRun

__all__ = ["MANIFEST", "contents", "folder_name", "lay_down", "pushes_folder"]

MANIFEST = "manifest.json"
_DECISIONS = "decisions.parquet"


def pushes_folder(workspace: Workspace) -> Path:
    """Where publications of offers lie."""
    return workspace.root / "pushes"


def contents(run: PushRun, settled: Settled, material: Material, overtaking: bool) -> dict[str, bytes]:
    """File → what is in it, all but the manifest."""
    contacts, catalogue = settled.decided.contacts, material.catalogue
    by_hall = dict(cards(contacts, catalogue, time_zone(material.zone)))
    names = file_names(list(by_hall))
    return {
        _DECISIONS: _decisions(settled.decided, material.wide.customer_ids),
        "pushes.ndjson": lines(run, contacts, catalogue),
        "relief.json": _json(_relief(settled, material, overtaking)),
        **{f"halls/{names[hall]}.csv": text for hall, text in by_hall.items()},
    }


def folder_name(run_id: str, files: Mapping[str, bytes]) -> str:
    """The run and a digest of all its files: other content never comes to lie under the same name."""
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(_digests(files).items()))
    return f"{run_id}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def lay_down(workspace: Workspace, run_id: str, name: str, files: Mapping[str, bytes], told: Mapping[str, Any]) -> Path:
    """Write a publication's folder, and remove what runs of this id left that never were written down.

    Call it where no other run of this id can be under way. `told` goes into the manifest beside a digest of each file.
    """
    home = pushes_folder(workspace)
    for orphan in sorted(home.glob(f"{run_id}-*")) if home.is_dir() else ():
        if orphan.name != name:
            shutil.rmtree(orphan)

    def fill(folder: Path) -> None:
        for file, content in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(content)
        # Who is held out stands in it; whoever fetches the lists need not know.
        (folder / _DECISIONS).chmod(0o600)
        (folder / MANIFEST).write_bytes(_json({**told, "sha256": _digests(files)}))

    write_once(home / name, fill)
    return home / name


def _decisions(decided: Decided, customers: np.ndarray) -> bytes:
    """Every pair anybody asked about: customer_id, service, reason, and where there is no room binding_node_id and
    block; texts as dictionaries."""
    import pyarrow.parquet as pq

    asked = decided.reasons >= 0
    customer, service = (places.astype(np.int32) for places in np.nonzero(asked))
    node, block = decided.binds[asked], decided.block[asked]
    table = pa.table(
        {
            "customer_id": _coded(customer, [str(one) for one in customers]),
            "service": _coded(service, decided.services),
            "reason": _coded(decided.reasons[asked].astype(np.int32), CODES),
            "binding_node_id": _coded(node.astype(np.int32), decided.nodes, node < 0),
            "block": pa.array(block, pa.int8(), mask=block < 0),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _coded(places: np.ndarray, values: Any, absent: np.ndarray | None = None) -> pa.DictionaryArray:
    codes = pa.array(places, pa.int32(), mask=absent)
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(values), pa.string()))


def _relief(settled: Settled, material: Material, overtaking: bool) -> dict[str, Any]:
    """Nodes without room, what the relief that is sent is expected to open, and whom of the queue that would serve."""
    contacts, grid, policy = settled.decided.contacts, settled.grid, material.policy
    freed = freed_by_block(contacts, material.catalogue, material.wide, material.own_kw)
    opened, served = released(contacts, freed, grid, policy, overtaking=overtaking)
    parts = {"constrained": find_constrained(grid, policy), "released": opened, "served": served}
    return {name: _records(frame) for name, frame in parts.items()}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.round(4).astype(object)
    return [
        {str(name): value for name, value in row.items()} for row in plain.where(plain.notna(), None).to_dict("records")
    ]


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
