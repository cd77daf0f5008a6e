"""What came of an offer is handed in once: it is written down, and the room the offer holds follows it.

Accepted, the whole load is held for good in place of the part that was held on the chance of it. Whoever declines or
withdraws frees what was held. What a hold-out does of his own accord is written down and holds nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from serving.ledger import Ask, Ledger, Reservation
from serving.ledger.book import as_reservation, change_in
from serving.ledger.lapsing import lapse_in
from serving.ledger.offers import free_offers, in_use, parts, take_up
from serving.ledger.records import HOLDING
from serving.ledger.rooms import read_room
from serving.ledger.tables import reservation
from serving.pushes.records import OUTCOMES, Outcome, Push
from serving.pushes.rows import as_outcome, push_in
from serving.pushes.tables import push, push_outcome
from serving.refusals import BadFieldError, KeyReusedError, NotHeldError

__all__ = ["take_outcome", "withdraw", "withdraw_all"]

_AFTER: dict[str | None, tuple[str, ...]] = {
    None: OUTCOMES,
    "no_answer": OUTCOMES,
    "declined": OUTCOMES,
    "accepted": ("accepted", "fulfilled", "withdrawn"),
    # Word of the acceptance, or of what was measured, may come late.
    "fulfilled": ("accepted", "fulfilled"),
    "withdrawn": (),
}
"""What may still come after an answer."""


def take_outcome(
    engine: Engine,
    key: str,
    push_id: str,
    kind: str,
    at: datetime,
    now: datetime,
    by: str,
    kw_freed: float | None = None,
    value_cny: float | None = None,
    why: str | None = None,
) -> tuple[Outcome, bool]:
    """Write down that `kind` (one of OUTCOMES) came of an offer `at` some moment; and whether it was new.

    Under a key that was used before the same is answered as then, and nothing changes; KeyReusedError where it was
    something else. NotFoundError for an offer nobody made, NotHeldError where nothing of the kind can come of it any
    more, BadFieldError for a kind that does not exist and a moment before the offer. An acceptance there is no room
    for is written down all the same, with `room` no_room: what was held for it stays.
    """
    if kind not in OUTCOMES:
        raise BadFieldError.of("outcome", f"is one of {', '.join(OUTCOMES)}")
    told = Outcome(0, key, push_id, kind, at, now, by, kw_freed, value_cny, "none", why)
    with Ledger(engine).transaction(whole=True) as connection:
        known = _known(connection, told)
        if known is not None:
            return known, False
        offer = push_in(connection, push_id)
        if at < offer.decided_at:
            raise BadFieldError.of("at", f"the offer was made at {offer.decided_at.isoformat()} only")
        if kind not in _AFTER[offer.answer]:
            raise NotHeldError(f"offer {push_id} is {offer.answer}: it can no more be {kind}")
        lapse_in(connection, now)
        return _taken(connection, offer, told), True


def withdraw(connection: Connection, offer: Push, key: str, now: datetime, by: str) -> str:
    """Take an open offer back, for its customer wants to be left alone; what that does to the room, in a word."""
    why = "asked to be left alone"
    told = Outcome(0, key, offer.push_id, "withdrawn", now, now, by, None, None, "none", why)
    return _taken(connection, offer, told).room


def withdraw_all(connection: Connection, offers: Sequence[tuple[str, str | None, str]], now: datetime, by: str) -> None:
    """Take open offers back in few statements: each its id, the promise that holds its room (None: nothing does), and
    why. No other transaction may be under way."""
    freed = free_offers(connection, [held for _, held, _ in offers if held is not None], now, by, "withdrawn")
    for some in parts([push_id for push_id, _, _ in offers]):
        values = {"answer": "withdrawn", "answered_at": now}
        connection.execute(update(push).where(push.c.push_id.in_(some)).values(values))
    rows = [
        Outcome(0, f"over {one}", one, "withdrawn", now, now, by, None, None, "freed" if held in freed else "none", why)
        for one, held, why in offers
    ]
    if rows:
        connection.execute(insert(push_outcome), [_row(one) for one in rows])


def _taken(connection: Connection, offer: Push, told: Outcome) -> Outcome:
    """Write an answer down, and let the room follow it."""
    room, held = _follow(connection, offer, told.kind, told.recorded_at, told.made_by)
    answer = offer.answer if offer.answer == "fulfilled" else told.kind
    values = {"answer": answer, "answered_at": told.at, "reservation_id": held}
    connection.execute(update(push).where(push.c.push_id == offer.push_id).values(values))
    return _written(connection, replace(told, room=room))


def _known(connection: Connection, told: Outcome) -> Outcome | None:
    query = select(push_outcome).where(push_outcome.c.idempotency_key == told.idempotency_key)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    found = as_outcome(row)
    same = ("push_id", "kind", "at", "kw_freed", "value_cny")
    if any(getattr(found, name) != getattr(told, name) for name in same):
        raise KeyReusedError(f"something else was handed in under the key {told.idempotency_key} before")
    return found


def _follow(connection: Connection, offer: Push, kind: str, now: datetime, by: str) -> tuple[str, str | None]:
    """What becomes of the room, in a word, and the promise that holds it then."""
    held = _held(connection, offer.reservation_id)
    if not offer.sent or max(offer.adds_va) <= 0:
        return "none", offer.reservation_id
    if held is not None and held.state == "fulfilled":
        # The figures have its load in them since; word of it that comes later holds nothing more.
        return "none", held.reservation_id
    if kind in ("accepted", "fulfilled"):
        if held is None or held.state != "confirmed":
            held = _taken_up(connection, offer, held, now, by)
        if held is None:
            return "no_room", offer.reservation_id
        if kind == "fulfilled":
            in_use(connection, held.reservation_id, now, by)
        return "held", held.reservation_id
    if held is None or held.state not in HOLDING:
        return "none", offer.reservation_id
    change_in(connection, held.reservation_id, "cancelled", now, by, kind)
    return "freed", held.reservation_id


def _taken_up(
    connection: Connection, offer: Push, held: Reservation | None, now: datetime, by: str
) -> Reservation | None:
    room = read_room(connection)
    path = None if room is None or offer.area_id is None else room.paths.get(offer.area_id)
    if path is None:
        return None
    ask = Ask("offer", offer.push_id, path, offer.adds_va, offer.hall_id, why="accepted")
    return take_up(connection, held, ask, now, by)


def _held(connection: Connection, reservation_id: str | None) -> Reservation | None:
    if reservation_id is None:
        return None
    query = select(reservation).where(reservation.c.reservation_id == reservation_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else as_reservation(row)


def _written(connection: Connection, outcome: Outcome) -> Outcome:
    made = connection.execute(insert(push_outcome).values(_row(outcome)).returning(*push_outcome.c))
    return as_outcome(made.mappings().one())


def _row(outcome: Outcome) -> dict[str, Any]:
    return {name: value for name, value in vars(outcome).items() if name != "outcome_id"}
