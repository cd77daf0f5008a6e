"""A small network and what may be promised on it, and the slow recount that every test can ask for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from serving.ledger import BLOCKS, Ask, Base, Promise
from serving.ledger.tables import HELD_VA, OPEN_VA, VA, capacity_room, reservation, reservation_node

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ABOVE = {"S1": None, "F1": "S1", "F2": "S1", "A1": "F1", "A2": "F1", "A3": "F2", "A4": "F2"}
OPEN_KVA = {"S1": 300, "F1": 150, "F2": 200, "A1": 100, "A2": 80, "A3": 200, "A4": None}
KINDS = {"S": "substation", "F": "feeder", "A": "area"}


def a_base(
    base_id: str = "first",
    open_kva: Mapping[str, float | Sequence[float] | None] = OPEN_KVA,
    above: Mapping[str, str | None] = ABOVE,
    promises: Sequence[Promise] = (),
    ledgers: str = "l1",
) -> Base:
    """Rooms of every node, the same at every block where one figure is given."""
    rows = []
    for node in sorted(above):
        kva = open_kva[node]
        blocks = [None] * BLOCKS if kva is None else [kva] * BLOCKS if isinstance(kva, int | float) else list(kva)
        va = [None if one is None else int(one * 1000) for one in blocks]
        reason = "DATA_POOR" if kva is None else f"{KINDS[node[0]].upper()}_LIMIT"
        told = {
            "node_id": node,
            "name": f"{node}号",
            "kind": KINDS[node[0]],
            "above": above[node],
            "hall_id": f"H{node[1]}",
        }
        rows.append({**told, "reason": reason, **dict(zip(OPEN_VA, va, strict=True))})
    return Base(base_id, NOW, NOW + timedelta(days=365), ledgers, tuple(rows), tuple(promises))


def path_of(area: str, above: Mapping[str, str | None] = ABOVE) -> tuple[str, ...]:
    path = [area]
    while (up := above[path[-1]]) is not None:
        path.append(up)
    return tuple(path)


def an_ask(area: str = "A1", kva: float | Sequence[float] = 10, ref: str = "Y1", **others: object) -> Ask:
    blocks = [kva] * BLOCKS if isinstance(kva, int | float) else list(kva)
    values: dict[str, object] = {"kind": "allocation", "hall_id": "H1", "expires_at": NOW + timedelta(days=30)}
    return Ask(ref=ref, path=path_of(area), va=tuple(int(one * 1000) for one in blocks), **(values | others))


def a_promise(application_id: str = "Y1", area: str = "A1", stage: str = "approved", kva: float = 10) -> Promise:
    return Promise(application_id, area, stage, (int(kva * 1000),) * BLOCKS)


def recounted(engine: Engine) -> dict[str, tuple[list[int], list[int]]]:
    """node → (held as the rooms say, held as the promises add up); the plain way, row by row."""
    with engine.connect() as connection:
        rooms = connection.execute(select(capacity_room)).mappings().all()
        promises = {row["reservation_id"]: row for row in connection.execute(select(reservation)).mappings()}
        places = connection.execute(select(reservation_node)).all()
    counted = {row["node_id"]: [0] * BLOCKS for row in rooms}
    for place in places:
        promise = promises[place.reservation_id]
        if promise["state"] in ("held", "confirmed") and promise["counted_in"] is None and place.node_id in counted:
            for block in range(BLOCKS):
                counted[place.node_id][block] += promise[VA[block]]
    return {row["node_id"]: ([row[name] for name in HELD_VA], counted[row["node_id"]]) for row in rooms}


def beyond(engine: Engine) -> list[str]:
    """Nodes at which more is held than is open."""
    with engine.connect() as connection:
        rooms = connection.execute(select(capacity_room)).mappings().all()
    return [
        row["node_id"]
        for row in rooms
        if any(row[held] > (row[free] or 0) for held, free in zip(HELD_VA, OPEN_VA, strict=True))
    ]
