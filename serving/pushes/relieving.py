"""What the newest publication of offers would release where there is no room, as plain values."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from features.errors import HeadroomError
from features.workspace import Workspace
from serving.holdings import Territory
from serving.pushes.folder import pushes_folder
from serving.pushes.records import PushRun
from serving.pushes.store import PushStore
from serving.pushes.telling import moment
from serving.refusals import NotReadyError
from serving.rows import plain
from training.peak.blocks import BLOCKS

__all__ = ["relief_of", "told_relief"]

_FREED, _OPENED = (tuple(f"{what}_kva_{block}" for block in range(BLOCKS)) for what in ("freed", "opened"))
_NOTHING = {"contacts": 0, "accepted": 0.0, **dict.fromkeys((*_FREED, *_OPENED), 0.0)}


def told_relief(
    workspace: Workspace, store: PushStore, territory: Territory, units: Collection[str] | None
) -> dict[str, Any]:
    """Of the newest publication, at the nodes of some units (None: all); NotReadyError while there is none."""
    runs = store.runs("publish", 1)
    if not runs:
        raise NotReadyError("no offers were published yet: `headroom publish pushes` decides and writes them down")
    told = relief_of(workspace, runs[0])
    seen = {node.node_id for node in territory.nodes.values() if units is None or node.hall_id in units}
    return told | {name: [one for one in told[name] if one["node_id"] in seen] for name in ("nodes", "applications")}


def relief_of(workspace: Workspace, run: PushRun) -> dict[str, Any]:
    """What a publication would release, of all nodes, in the shape `serving.messages.pushes` declares."""
    path = pushes_folder(workspace) / str(run.folder) / "relief.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReadyError(f"the relief of run {run.run_id} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise HeadroomError(f"the relief of run {run.run_id} is damaged: it is no JSON") from error
    released = {str(one["node_id"]): one for one in found["released"]}
    return {
        "run_id": run.run_id,
        "decided_at": moment(run.decided_at),
        "nodes": [_node(one, released.get(str(one["node_id"]), _NOTHING)) for one in found["constrained"]],
        "applications": [{name: plain(value) for name, value in one.items()} for one in found["served"]],
    }


def _node(one: Mapping[str, Any], released: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: plain(value) for name, value in one.items()}
    return known | {
        "offers": int(released["contacts"]),
        "accepted": round(float(released["accepted"]), 4),
        "freed_kva": [round(float(released[name]), 3) for name in _FREED],
        "opened_kva": [round(float(released[name]), 3) for name in _OPENED],
    }
