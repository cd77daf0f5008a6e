"""M3: 100,000 customers, each judged for 12 services on the books and the grid, held, written down and laid out.

The customers are those of benchmarks/push_world.py, with room at 400 areas, 40 feeders and 5 substations, 50 waiting
applications, and what each draws; making them up is not counted, and neither is the import of the product. Counted is
the whole of a publication from a snapshot in memory: the shipped catalogue under the shipped policy, the ledger on
SQLite with an offer held at every node of its path, runs and offers in the state, the folder with decisions of all 1.2
million pairs, messages and cards. Then the same a week later, with 300 answers in between.
"""

import os
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, insert

from benchmarks.machine import peak_mib
from benchmarks.push_world import push_world
from benchmarks.result import run, seed
from features.workspace import Workspace
from serving.decisions.pushes.records import Grid, Scores
from serving.ledger import BLOCKS, Base, Ledger
from serving.ledger.tables import OPEN_VA, VA
from serving.pushes.configs import load_catalogue, load_push_policy
from serving.pushes.material import Material, moment_of
from serving.pushes.outcomes import take_outcome
from serving.pushes.publish import PublishedPushes, publish_on
from serving.pushes.store import PushQuery, PushStore
from serving.queue.tables import queue_case
from serving.state import open_state

CUSTOMERS, ANSWERS = int(os.environ.get("CUSTOMERS") or 100_000), 300
# Ten in the morning: neither the application nor the halls are silent.
NOW, ZONE = datetime(2026, 3, 2, 2, tzinfo=UTC), "Asia/Shanghai"
BAR = {"seconds": [("<=", 60.0)], "peak_mib": [("<=", 4096.0)]}


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """One publication, and another a week later."""
    wide, people, own_kw, grid = push_world(CUSTOMERS, seed(0))
    catalogue, policy = load_catalogue(), load_push_policy()
    made = (catalogue, policy, wide, people, own_kw, Scores())
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        engine = open_state(workspace.state_url)
        stand_on(engine, grid)
        first, seconds = published(workspace, engine, Material(*made, moment_of(NOW, ZONE, NOW), "first"))
        peak = peak_mib()
        again = publish_on(workspace, engine, Material(*made, moment_of(NOW, ZONE, NOW), "first"))
        answered = answer(engine)
        later = NOW + timedelta(days=8)
        second, next_seconds = published(workspace, engine, Material(*made, moment_of(later, ZONE, later), "second"))
        engine.dispose()
        size = sum(path.stat().st_size for path in first.folder.rglob("*") if path.is_file()) / 2**20
    metrics = {"seconds": seconds, "peak_mib": peak, "next_seconds": next_seconds}
    seen = {
        "customers": len(wide),
        "services": len(catalogue.services),
        "sent": first.run.sent,
        "held_out": first.run.held_out,
        "codes": first.run.detail["counts"],
        "folder MiB": round(size, 1),
        "the same again is the same": not again.fresh and again.run == first.run,
        "seconds of 300 answers": round(answered, 2),
        "sent a week later": second.run.sent,
    }
    return metrics, seen


def published(workspace: Workspace, engine: Engine, material: Material) -> tuple[PublishedPushes, float]:
    """A publication, and how long it took, seconds."""
    began = time.perf_counter()
    made = publish_on(workspace, engine, material)
    return made, time.perf_counter() - began


def stand_on(engine: Engine, grid: Grid) -> None:
    """The ledger on the room of the world, and its applications in the queue."""
    rows = []
    for node, va in sorted(grid.left_va.items()):
        path = grid.paths[node]
        above = path[1] if len(path) > 1 else None
        told = {"node_id": node, "name": node, "kind": grid.kinds[node], "above": above, "hall_id": None}
        blocks = [None if np.isnan(one) else int(one) for one in va]
        rows.append({**told, "reason": "AREA_THERMAL", **dict(zip(OPEN_VA, blocks, strict=True))})
    Ledger(engine).rebase(Base("base", NOW, NOW + timedelta(days=365), "", tuple(rows)), NOW)
    asked = {"customer_class": "commercial", "rank": 0, "submitted_at": NOW, "entered_at": NOW, "state": "waiting"}
    asked |= {"outcome": "constrained", "base_id": "base", "checked_at": NOW}
    cases = [
        {
            **asked,
            "application_id": one.application_id,
            "node_id": one.node_id,
            "requested_kva": max(one.va) / 1000,
            **dict(zip(VA, one.va, strict=True)),
        }
        for one in grid.waiting
    ]
    assert len(VA) == BLOCKS
    with engine.begin() as connection:
        if cases:
            connection.execute(insert(queue_case), cases)


def answer(engine: Engine) -> float:
    """How long it takes to hand in answers one by one, seconds."""
    at = NOW + timedelta(days=1)
    found = PushStore(engine).find(PushQuery(), at, limit=ANSWERS)
    kinds = ("accepted", "declined", "no_answer")
    began = time.perf_counter()
    for place, one in enumerate(found):
        take_outcome(engine, f"answer {place}", one.push_id, kinds[place % len(kinds)], at, at, "bench")
    return time.perf_counter() - began


if __name__ == "__main__":
    run("M3", measure, BAR)
