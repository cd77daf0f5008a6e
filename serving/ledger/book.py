"""The book itself: promises are made, confirmed, cancelled and run out, each in one transaction over all their nodes.

Locks are taken in one order everywhere, reservations first and rooms by node_id after them, so that no two
transactions wait for each other; who changes all rooms at once keeps the others out meanwhile.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, and_, insert, or_, select, text, update

from features.errors import NotFoundError
from serving.ledger.base import Base, Stands
from serving.ledger.lapsing import lapse_in
from serving.ledger.rebase import rebase
from serving.ledger.records import HOLDING, Ask, Reservation, new_id
from serving.ledger.rooms import Room, read_room
from serving.ledger.tables import HELD_VA, OPEN_VA, VA, capacity_room, ledger_base, reservation, reservation_node
from serving.refusals import KeyReusedError, NoRoomError, NotHeldError, NotReadyError
from serving.state import writing
from serving.state.dialects import insert_new

__all__ = ["Ledger", "as_reservation", "change_in", "reserve_in", "row_of", "take"]

# Any number that nothing else locks by.
_LOCK = 7_301_446_912
_MANY = 20


class Ledger:
    """The reservations of a state, on SQLite or PostgreSQL.

    Invariants: what is held at a node is the sum of the promises there that hold and are not counted in the base; no
    promise takes what is not open, but approvals that were given elsewhere; a promise holds at all its nodes or none.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def transaction(self, whole: bool = False) -> Iterator[Connection]:
        """A writing transaction; with `whole` no other one is under way, as is needed to look at all and then act."""
        with writing(self.engine) as connection:
            if connection.dialect.name == "postgresql":
                lock = "pg_advisory_xact_lock" if whole else "pg_advisory_xact_lock_shared"
                connection.execute(text(f"SELECT {lock}(:lock)"), {"lock": _LOCK})
            yield connection

    def reserve(self, asks: Sequence[Ask], now: datetime, by: str) -> list[Reservation]:
        """Hold all of `asks` or none; in their order. Refuses what does not fit, naming the node and the block."""
        self.expire(now)
        with self.transaction() as connection:
            return reserve_in(connection, asks, now, by)

    def confirm(self, reservation_id: str, now: datetime, by: str, why: str | None = None) -> Reservation:
        """A held promise holds for good; confirming again changes nothing. Refuses one that holds no more."""
        self.expire(now)
        with self.transaction() as connection:
            return change_in(connection, reservation_id, "confirmed", now, by, why)

    def cancel(self, reservation_id: str, now: datetime, by: str, why: str | None = None) -> Reservation:
        """Free what a promise holds; cancelling again changes nothing. Refuses one that ended otherwise."""
        self.expire(now)
        with self.transaction() as connection:
            return change_in(connection, reservation_id, "cancelled", now, by, why)

    def expire(self, now: datetime) -> list[Reservation]:
        """End every promise whose time has run out by `now`; those that were. A few have a transaction each; many, as
        when a run of offers lapses, one for all of them."""
        due = select(reservation.c.reservation_id).where(reservation.c.state == "held", reservation.c.expires_at <= now)
        with self.engine.connect() as connection:
            ids = [row[0] for row in connection.execute(due.order_by(reservation.c.reservation_id))]
        if len(ids) > _MANY:
            with self.transaction(whole=True) as connection:
                return [as_reservation(row) for row in lapse_in(connection, now)]
        ended = []
        for one in ids:
            with self.transaction() as connection:
                if _moved(connection, one, ("held",), "expired", now, "clock", None):
                    ended.append(_one(connection, one))
        return ended

    def rebase(self, base: Base, now: datetime) -> None:
        """Put the rooms on another base: see `serving.ledger.rebase`."""
        self.expire(now)
        with self.transaction(whole=True) as connection:
            rebase(connection, base, now)

    def base(self) -> Stands | None:
        """What the rooms stand on; None before the first base."""
        with self.engine.connect() as connection:
            row = connection.execute(select(ledger_base)).mappings().one_or_none()
        return None if row is None else Stands(row["base_id"], row["known_at"], row["until"], row["ledgers"])

    def held(self) -> tuple[str | None, dict[str, tuple[int, ...]]]:
        """The base, and what is held at each node where anything is, VA [block]: what an answer takes off."""
        room = capacity_room.c
        some = or_(*(room[name] != 0 for name in HELD_VA))
        with self.engine.connect() as connection:
            base = connection.execute(select(ledger_base.c.base_id)).scalar()
            rows = connection.execute(select(room.node_id, *(room[name] for name in HELD_VA)).where(some)).all()
        return base, {str(row[0]): tuple(int(one) for one in row[1:]) for row in rows}

    def room(self) -> Room:
        """What is open and held at every node; NotReadyError before the first base."""
        with self.engine.connect() as connection:
            found = read_room(connection)
        if found is None:
            raise NotReadyError("no capacity is published yet, so that none can be promised")
        return found

    def find(
        self,
        states: Iterable[str] = HOLDING,
        ref: str | None = None,
        halls: Iterable[str] | None = None,
        node_id: str | None = None,
        kind: str | Collection[str] | None = None,
    ) -> list[Reservation]:
        """Promises in some states, oldest first; of one `ref`, of some halls, of one area, of one kind or some."""
        wanted: list[ColumnElement[bool]] = [reservation.c.state.in_(list(states))]
        wanted += [] if ref is None else [reservation.c.ref == ref]
        wanted += [] if halls is None else [reservation.c.hall_id.in_(list(halls))]
        wanted += [] if node_id is None else [reservation.c.node_id == node_id]
        wanted += [] if kind is None else [reservation.c.kind.in_([kind] if isinstance(kind, str) else sorted(kind))]
        query = select(reservation).where(and_(*wanted))
        with self.engine.connect() as connection:
            ordered = query.order_by(reservation.c.created_at, reservation.c.reservation_id)
            return [as_reservation(row) for row in connection.execute(ordered).mappings()]

    def get(self, reservation_id: str) -> Reservation:
        """One promise; NotFoundError where there is none of that id."""
        with self.engine.connect() as connection:
            return _one(connection, reservation_id)


def reserve_in(connection: Connection, asks: Sequence[Ask], now: datetime, by: str) -> list[Reservation]:
    """Hold all of `asks` within a transaction that is rolled back where this raises."""
    # Two batches with keys in common would wait for each other if they came to them in different order.
    order = sorted(range(len(asks)), key=lambda place: (asks[place].key or "", place))
    found: dict[int, Reservation] = {}
    fresh: list[Ask] = []
    for place in order:
        made, new = _written(connection, asks[place], now, by)
        found[place] = made
        fresh += [asks[place]] if new else []
    for node, va in sorted(_by_node(fresh).items()):
        take(connection, node, va, va)
    return [found[place] for place in range(len(asks))]


def change_in(
    connection: Connection, reservation_id: str, state: str, now: datetime, by: str, why: str | None = None
) -> Reservation:
    """Confirm or cancel within a transaction; what is so already stays as it is."""
    before = ("held",) if state == "confirmed" else HOLDING
    if not _moved(connection, reservation_id, before, state, now, by, why):
        found = _one(connection, reservation_id)
        if found.state != state:
            raise NotHeldError(f"reservation {reservation_id} is {found.state} and cannot become {state}")
    return _one(connection, reservation_id)


def _written(connection: Connection, ask: Ask, now: datetime, by: str) -> tuple[Reservation, bool]:
    """The promise's own rows; the one that is there under its key, and False, where it was made before."""
    row = row_of(ask, new_id(), now, by)
    if insert_new(connection, reservation, row, ["idempotency_key"]):
        nodes = [{"reservation_id": row["reservation_id"], "node_id": node} for node in ask.path]
        connection.execute(insert(reservation_node), nodes)
        return _one(connection, row["reservation_id"]), True
    query = select(reservation).where(reservation.c.idempotency_key == ask.key)
    made = as_reservation(connection.execute(query).mappings().one())
    if not made.same_as(ask):
        raise KeyReusedError(f"something else was promised under the key {ask.key} before")
    return made, False


def row_of(ask: Ask, reservation_id: str, now: datetime, by: str) -> dict[str, Any]:
    """A new promise as a row of its table."""
    return {
        "reservation_id": reservation_id,
        "idempotency_key": ask.key,
        "kind": ask.kind,
        "ref": ask.ref,
        "node_id": ask.path[0],
        "hall_id": ask.hall_id,
        "state": "confirmed" if ask.expires_at is None else "held",
        "created_at": now,
        "expires_at": ask.expires_at,
        "changed_at": now,
        "made_by": by,
        "changed_by": by,
        "why": ask.why,
        **dict(zip(VA, ask.va, strict=True)),
    }


def _by_node(asks: Sequence[Ask]) -> dict[str, list[int]]:
    total: dict[str, list[int]] = {}
    for ask in asks:
        for node in ask.path:
            total[node] = [a + b for a, b in zip(total.get(node, [0] * len(ask.va)), ask.va, strict=True)]
    return total


def take(connection: Connection, node: str, va: Sequence[int], needs: Sequence[int]) -> None:
    """Hold `va` at one node, if every block has `needs` left (0: it needs nothing); the check and the change are one
    statement."""
    room = capacity_room.c
    fits = [room[held] + one <= room[free] for held, free, one in zip(HELD_VA, OPEN_VA, needs, strict=True) if one]
    more = {held: room[held] + one for held, one in zip(HELD_VA, va, strict=True)}
    taken = connection.execute(update(capacity_room).where(room.node_id == node, *fits).values(more))
    if taken.rowcount != 1:
        raise NoRoomError(_why_not(connection, node, needs))


def _why_not(connection: Connection, node: str, va: Sequence[int]) -> str:
    row = connection.execute(select(capacity_room).where(capacity_room.c.node_id == node)).mappings().one_or_none()
    if row is None:
        return f"node {node} is not in the publication that promises stand on"
    for held, free, one in zip(HELD_VA, OPEN_VA, va, strict=True):
        if one and row[free] is None:
            return f"what is open at {node} is not known ({row['reason']})"
        if one and row[held] + one > row[free]:
            left = max(row[free] - row[held], 0) / 1000
            return f"{node} has {left:g} kVA left in block {held[-1]} of the day, {one / 1000:g} are asked"
    return f"node {node} has no room"


def _moved(
    connection: Connection,
    reservation_id: str,
    before: Sequence[str],
    state: str,
    now: datetime,
    by: str,
    why: str | None,
) -> bool:
    """Change a promise's state if it is one of `before`, and free what it held if it holds no more."""
    wanted = and_(reservation.c.reservation_id == reservation_id, reservation.c.state.in_(list(before)))
    values = {"state": state, "changed_at": now, "changed_by": by, **({} if why is None else {"why": why})}
    if connection.execute(update(reservation).where(wanted).values(values)).rowcount != 1:
        return False
    made = _one(connection, reservation_id)
    if state not in HOLDING and made.counted_in is None:
        nodes = select(reservation_node.c.node_id).where(reservation_node.c.reservation_id == reservation_id)
        less = {held: capacity_room.c[held] - one for held, one in zip(HELD_VA, made.va, strict=True)}
        for node in sorted(str(row[0]) for row in connection.execute(nodes)):
            connection.execute(update(capacity_room).where(capacity_room.c.node_id == node).values(less))
    return True


def _one(connection: Connection, reservation_id: str) -> Reservation:
    query: Select[Any] = select(reservation).where(reservation.c.reservation_id == reservation_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"there is no reservation {reservation_id!r}")
    return as_reservation(row)


def as_reservation(row: RowMapping) -> Reservation:
    """A row of the table as a reservation."""
    names = [name for name in Reservation.__dataclass_fields__ if name != "va"]
    return Reservation(va=tuple(int(row[name]) for name in VA), **{name: row[name] for name in names})
