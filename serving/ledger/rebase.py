"""Another base under the promises: the rooms are those of the new figures, and what holds is counted afresh.

A promise to an application that was approved when the new figures were made is in their peaks, and held nowhere else;
one whose load is there is fulfilled; one taken back is cancelled. Approvals that the book does not know enter it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from serving.decisions.pools import supply_paths
from serving.ledger.base import Base, Promise
from serving.ledger.records import BLOCKS, HOLDING, IN_USE, OF_APPLICATIONS, new_id
from serving.ledger.tables import HELD_VA, VA, capacity_room, ledger_base, reservation, reservation_node

__all__ = ["rebase"]

_BY = "ledger"
_NO_MORE = ("rejected", "withdrawn")


def rebase(connection: Connection, base: Base, now: datetime) -> None:
    """Within one transaction that no other runs beside."""
    rooms = {str(row["node_id"]): row for row in base.rooms}
    paths = supply_paths({node: row["above"] for node, row in rooms.items()})
    promises = {one.application_id: one for one in base.promises}
    _follow(connection, promises, base.base_id, now)
    _take_in(connection, base, now)
    _enter(connection, promises, base.base_id, rooms, paths, now)
    _repath(connection, paths)
    held = _held(connection)
    connection.execute(delete(capacity_room))
    none = (0,) * BLOCKS
    rows = [{**row, **dict(zip(HELD_VA, held.get(node, none), strict=True))} for node, row in rooms.items()]
    if rows:
        connection.execute(insert(capacity_room), rows)
    connection.execute(delete(ledger_base))
    stands = {"base_id": base.base_id, "known_at": base.known_at, "until": base.until, "ledgers": base.ledgers}
    connection.execute(insert(ledger_base).values(one=1, based_at=now, **stands))


def _follow(connection: Connection, promises: Mapping[str, Promise], base_id: str, now: datetime) -> None:
    """Bring what is held for applications to what has become of them."""
    query = select(reservation.c.reservation_id, reservation.c.ref).where(
        reservation.c.state.in_(HOLDING), reservation.c.kind.in_(OF_APPLICATIONS)
    )
    for row in connection.execute(query.order_by(reservation.c.reservation_id)).all():
        values = _became(promises.get(row.ref), base_id)
        if "state" in values:
            values |= {"changed_at": now, "changed_by": _BY}
        this = reservation.c.reservation_id == row.reservation_id
        connection.execute(update(reservation).where(this).values(values))


def _take_in(connection: Connection, base: Base, now: datetime) -> None:
    """Offers whose load was there when the figures were made are in them."""
    there = and_(reservation.c.state == "confirmed", reservation.c.why == IN_USE)
    mine = and_(reservation.c.kind == "offer", there, reservation.c.changed_at <= base.known_at)
    values = {"state": "fulfilled", "counted_in": base.base_id, "changed_at": now, "changed_by": _BY}
    connection.execute(update(reservation).where(mine).values(values))


def _became(promise: Promise | None, base_id: str) -> dict[str, Any]:
    if promise is None:
        return {"counted_in": None}
    if promise.stage in _NO_MORE:
        return {"counted_in": None, "state": "cancelled", "why": f"the application was {promise.stage}"}
    if promise.stage == "energised":
        return {"counted_in": base_id, "state": "fulfilled", "why": "supply began"}
    if promise.stage == "approved":
        return {"counted_in": base_id, "state": "confirmed", "expires_at": None, "why": "approved"}
    return {"counted_in": None}


def _enter(
    connection: Connection,
    promises: Mapping[str, Promise],
    base_id: str,
    rooms: Mapping[str, Mapping[str, object]],
    paths: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> None:
    """Approved applications that the book does not know yet."""
    stands = reservation.c.state.in_((*HOLDING, "fulfilled"))
    known = {row.ref for row in connection.execute(select(reservation.c.ref).where(stands).distinct())}
    for promise in promises.values():
        if promise.stage != "approved" or promise.application_id in known or max(promise.va) <= 0:
            continue
        row = {
            "reservation_id": new_id(),
            "idempotency_key": None,
            "kind": "application",
            "ref": promise.application_id,
            "node_id": promise.node_id,
            "hall_id": rooms.get(promise.node_id, {}).get("hall_id"),
            "state": "confirmed",
            "counted_in": base_id,
            "created_at": now,
            "expires_at": None,
            "changed_at": now,
            "made_by": _BY,
            "changed_by": _BY,
            "why": "approved",
            **dict(zip(VA, promise.va, strict=True)),
        }
        connection.execute(insert(reservation).values(row))
        path = paths.get(promise.node_id, (promise.node_id,))
        nodes = [{"reservation_id": row["reservation_id"], "node_id": node} for node in path]
        connection.execute(insert(reservation_node), nodes)


def _repath(connection: Connection, paths: Mapping[str, tuple[str, ...]]) -> None:
    """Areas are handed to other feeders: what is held follows them."""
    query = select(reservation.c.reservation_id, reservation.c.node_id).where(reservation.c.state.in_(HOLDING))
    holding = connection.execute(query).all()
    at: dict[str, set[str]] = {}
    for row in connection.execute(select(reservation_node)):
        at.setdefault(row.reservation_id, set()).add(row.node_id)
    for one in holding:
        path = paths.get(one.node_id)
        if path is not None and set(path) != at.get(one.reservation_id):
            mine = reservation_node.c.reservation_id == one.reservation_id
            connection.execute(delete(reservation_node).where(mine))
            nodes = [{"reservation_id": one.reservation_id, "node_id": node} for node in path]
            connection.execute(insert(reservation_node), nodes)


def _held(connection: Connection) -> dict[str, tuple[int, ...]]:
    """What is held at each node: the sum of what holds and is not in the base's own figures."""
    query = (
        select(reservation_node.c.node_id, *(reservation.c[name] for name in VA))
        .join(reservation, reservation.c.reservation_id == reservation_node.c.reservation_id)
        .where(reservation.c.state.in_(HOLDING), reservation.c.counted_in.is_(None))
    )
    total: dict[str, Sequence[int]] = {}
    for node, *va in connection.execute(query):
        total[node] = [a + int(b) for a, b in zip(total.get(node, [0] * BLOCKS), va, strict=True)]
    return {node: tuple(va) for node, va in total.items()}
