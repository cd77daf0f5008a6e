"""Thousands of offers at once: held in few statements, run out in few statements, taken up one by one.

An offer needs all it would draw to be free when it is made, and holds less of it: as much as is expected of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, select, update

from serving.ledger.book import as_reservation, change_in, reserve_in, row_of, take
from serving.ledger.records import BLOCKS, HOLDING, IN_USE, Ask, Reservation, new_id
from serving.ledger.tables import HELD_VA, VA, capacity_room, reservation, reservation_node
from serving.refusals import KeyReusedError, NoRoomError

__all__ = ["free_offers", "hold_offers", "in_use", "parts", "take_up"]

_AT_ONCE = 500


def hold_offers(
    connection: Connection, asks: Sequence[Ask], needs_va: Sequence[Sequence[int]], now: datetime, by: str
) -> list[str]:
    """Hold all of `asks` in their order, or raise NoRoomError; ids of their promises.

    Each needs `needs_va` VA [block] free at every node of its path after what those before it hold, and holds its own
    `va`. Asks have keys; one that is there already is answered as it was. No other transaction may be under way
    (`Ledger.transaction(whole=True)`).
    """
    known = _known(connection, asks)
    fresh = [(ask, needs) for ask, needs in zip(asks, needs_va, strict=True) if ask.key not in known]
    ids = known | {str(ask.key): new_id() for ask, _ in fresh}
    for node, (held, peak) in sorted(_by_node(fresh).items()):
        take(connection, node, held, peak)
    if fresh:
        connection.execute(insert(reservation), [row_of(ask, ids[str(ask.key)], now, by) for ask, _ in fresh])
        nodes = [{"reservation_id": ids[str(ask.key)], "node_id": node} for ask, _ in fresh for node in ask.path]
        connection.execute(insert(reservation_node), nodes)
    return [ids[str(ask.key)] for ask in asks]


def free_offers(connection: Connection, ids: Sequence[str], now: datetime, by: str, why: str) -> set[str]:
    """Cancel promises and free what they hold; those of `ids` that held until now. What they hold that is counted in
    the figures already is not taken off. No other transaction may be under way."""
    freed: set[str] = set()
    for part in parts(ids):
        mine = and_(reservation.c.reservation_id.in_(part), reservation.c.state.in_(HOLDING))
        sums = (
            select(reservation_node.c.node_id, *(func.sum(reservation.c[name]) for name in VA))
            .join(reservation, reservation.c.reservation_id == reservation_node.c.reservation_id)
            .where(mine, reservation.c.counted_in.is_(None))
            .group_by(reservation_node.c.node_id)
        )
        for node, *va in connection.execute(sums.order_by(reservation_node.c.node_id)).all():
            less = {held: capacity_room.c[held] - int(one) for held, one in zip(HELD_VA, va, strict=True)}
            connection.execute(update(capacity_room).where(capacity_room.c.node_id == node).values(less))
        ended = update(reservation).where(mine).values(state="cancelled", changed_at=now, changed_by=by, why=why)
        freed |= {str(row[0]) for row in connection.execute(ended.returning(reservation.c.reservation_id))}
    return freed


def take_up(connection: Connection, held: Reservation | None, ask: Ask, now: datetime, by: str) -> Reservation | None:
    """The whole of `ask` for good in place of what `held` holds of it; None, and nothing changes, where it does not
    fit. No other transaction may be under way."""
    point = connection.begin_nested()
    try:
        if held is not None and held.state in HOLDING:
            change_in(connection, held.reservation_id, "cancelled", now, by, "accepted: held in full")
        (made,) = reserve_in(connection, [replace(ask, expires_at=None)], now, by)
    except NoRoomError:
        point.rollback()
        return None
    point.commit()
    return made


def in_use(connection: Connection, reservation_id: str, now: datetime, by: str) -> None:
    """The load of an accepted offer is there: it is held until figures that were made since have it in them."""
    mine = and_(reservation.c.reservation_id == reservation_id, reservation.c.state == "confirmed")
    values = {"why": IN_USE, "changed_at": now, "changed_by": by}
    connection.execute(update(reservation).where(mine).values(values))


def _known(connection: Connection, asks: Sequence[Ask]) -> dict[str, str]:
    """key → id of those that were made before; KeyReusedError where something else was promised under a key."""
    by_key = {str(ask.key): ask for ask in asks}
    if len(by_key) != len(asks) or any(ask.key is None for ask in asks):
        raise ValueError("every offer needs a key of its own")
    found = {}
    for part in parts(list(by_key)):
        query = select(reservation).where(reservation.c.idempotency_key.in_(part))
        for row in connection.execute(query).mappings():
            if not as_reservation(row).same_as(by_key[row["idempotency_key"]]):
                raise KeyReusedError(f"something else was promised under the key {row['idempotency_key']} before")
            found[str(row["idempotency_key"])] = str(row["reservation_id"])
    return found


def parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many of them together as one statement takes."""
    for first in range(0, len(keys), _AT_ONCE):
        yield keys[first : first + _AT_ONCE]


def _by_node(asks: Sequence[tuple[Ask, Sequence[int]]]) -> dict[str, tuple[list[int], list[int]]]:
    """node → what all hold there, and the most that one needs after those before it (0: nobody needs the block)."""
    total: dict[str, tuple[list[int], list[int]]] = {}
    for ask, needs in asks:
        for node in ask.path:
            held, peak = total.setdefault(node, ([0] * BLOCKS, [0] * BLOCKS))
            for block, (need, va) in enumerate(zip(needs, ask.va, strict=True)):
                if need or va:
                    peak[block] = max(peak[block], held[block] + max(need, va))
                    held[block] += va
    return total
