"""Promises whose time has run out, ended all at once: a run of offers lapses by the thousand."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, func, select, update

from serving.ledger.tables import HELD_VA, VA, capacity_room, reservation, reservation_node

__all__ = ["lapse_in"]


def lapse_in(connection: Connection, now: datetime) -> list[RowMapping]:
    """End every held promise that expires by `now` and free what those held; their rows, as they are then.

    No other transaction may be under way (`Ledger.transaction(whole=True)`).
    """
    due = and_(reservation.c.state == "held", reservation.c.expires_at <= now)
    freed = (
        select(reservation_node.c.node_id, *(func.sum(reservation.c[name]) for name in VA))
        .join(reservation, reservation.c.reservation_id == reservation_node.c.reservation_id)
        .where(due, reservation.c.counted_in.is_(None))
        .group_by(reservation_node.c.node_id)
    )
    for node, *va in connection.execute(freed.order_by(reservation_node.c.node_id)).all():
        less = {held: capacity_room.c[held] - int(one) for held, one in zip(HELD_VA, va, strict=True)}
        connection.execute(update(capacity_room).where(capacity_room.c.node_id == node).values(less))
    ended = update(reservation).where(due).values(state="expired", changed_at=now, changed_by="clock")
    rows = connection.execute(ended.returning(reservation)).mappings().all()
    return sorted(rows, key=lambda row: str(row["reservation_id"]))
