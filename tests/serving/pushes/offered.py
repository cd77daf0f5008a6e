"""A world as a publication takes it: its room in the ledger, its queue in the state, the rest in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine, insert, select

from serving.decisions.pushes.records import Grid
from serving.decisions.queue import Waiting
from serving.ledger import Base, Ledger
from serving.ledger.tables import HELD_VA, OPEN_VA, VA, capacity_room
from serving.pushes.material import Material, moment_of
from serving.pushes.records import Push
from serving.pushes.rows import as_push
from serving.pushes.store import PushStore
from serving.pushes.tables import push
from serving.queue.tables import queue_case
from tests.serving.decisions.pushes.worlds import NOW, World, grid

__all__ = ["ZONE", "a_base", "every_push", "held", "later", "material", "queued", "silent", "stand"]

ZONE = "Asia/Shanghai"


def a_base(of: Grid, base_id: str = "base", known_at: datetime = NOW, days: int = 365) -> Base:
    """The room of a grid as a publication tells it."""
    rows = []
    for node, va in sorted(of.left_va.items()):
        path = of.paths.get(node, (node,))
        told = {"node_id": node, "name": node, "kind": of.kinds[node], "hall_id": "H1", "reason": "AREA_THERMAL"}
        blocks = [None if np.isnan(one) else int(one) for one in va]
        above = path[1] if len(path) > 1 else {"A": "F1", "F": "S"}.get(node[0])
        rows.append({**told, "above": above, **dict(zip(OPEN_VA, blocks, strict=True))})
    return Base(base_id, known_at, known_at + timedelta(days=days), "l1", tuple(rows))


def stand(engine: Engine, of: Grid | None = None, now: datetime = NOW, **how: Any) -> Ledger:
    """The ledger on the room of a grid, and its applications in the queue."""
    ledger, whole = Ledger(engine), of or grid()
    ledger.rebase(a_base(whole, **{"known_at": now, **how}), now)
    if whole.waiting:
        queued(engine, whole.waiting, now)
    return ledger


def queued(engine: Engine, waiting: Sequence[Waiting], now: datetime = NOW) -> None:
    asked = {"customer_class": "commercial", "rank": 0, "submitted_at": now, "entered_at": now, "state": "waiting"}
    asked |= {"outcome": "constrained", "base_id": "base", "checked_at": now, "requested_kva": 1.0}
    rows = [
        {**asked, "application_id": one.application_id, "node_id": one.node_id, **dict(zip(VA, one.va, strict=True))}
        for one in waiting
    ]
    with engine.begin() as connection:
        connection.execute(insert(queue_case), rows)


def material(world: World, snapshot_id: str = "snapshot", **changed: Any) -> Material:
    """A world without its books and grid."""
    parts = (world.catalogue, world.policy, world.wide, world.people, world.own_kw, world.scores, world.moment)
    made = Material(*parts, snapshot_id, ({"name": "value", "version": 3, "sha256": "ab"},), "f" * 12, ZONE)
    return replace(made, **changed)


def later(made: Material, days: float, snapshot_id: str | None = None) -> Material:
    """The same, some days on."""
    now = made.moment.now + timedelta(days=days)
    return replace(made, moment=moment_of(now, ZONE, now), snapshot_id=snapshot_id or made.snapshot_id)


def every_push(engine: Engine) -> list[Push]:
    """All offers and would-be offers, in the order they were made in."""
    query = select(push).order_by(push.c.decided_at, push.c.run_id, push.c.place)
    with engine.connect() as connection:
        return [as_push(row) for row in connection.execute(query).mappings()]


def silent(engine: Engine, persons: Mapping[str, str]) -> set[str]:
    """Accounts of `persons` (account → person) that must not be contacted: the newest wish of a person holds."""
    said = {persons[one.customer_id]: one.wish for one in PushStore(engine).newest_wishes()}
    return {account for account, person in persons.items() if said.get(person)}


def held(engine: Engine) -> dict[str, tuple[int, ...]]:
    """What is held at each node, VA [block]."""
    with engine.connect() as connection:
        rows = connection.execute(select(capacity_room)).mappings().all()
    return {row["node_id"]: tuple(row[name] for name in HELD_VA) for row in rows}
