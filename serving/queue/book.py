"""The queue over the ledger: who does not fit waits, who fits is released in order, in one transaction with the room.

Whatever changes what is left (a base, a withdrawal, a promise that ended) is followed by `settle`, which goes through
the queue once. The ledger is kept still meanwhile, so that what is released is held before anybody else can take it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from serving.decisions.queue import FITS, Finding, Waiting, go_through
from serving.ledger import Ask, Base, Ledger, Reservation
from serving.ledger.book import as_reservation, change_in, reserve_in
from serving.ledger.rebase import rebase
from serving.ledger.rooms import Room, read_room
from serving.ledger.tables import reservation
from serving.queue import writing
from serving.queue.policy import QueuePolicy
from serving.queue.reading import as_case, left_of, ordered, the_case, waiting_cases
from serving.queue.records import Case, Request
from serving.queue.tables import queue_case
from serving.refusals import NotHeldError, NotReadyError

__all__ = ["Queue"]

_DONE = {"approved": "connected", "energised": "connected", "rejected": "withdrawn", "withdrawn": "withdrawn"}
"""What becomes of a case when its application came to that stage."""


class Queue:
    """Applications that wait, on SQLite or PostgreSQL; every method is one transaction."""

    def __init__(self, ledger: Ledger, policy: QueuePolicy) -> None:
        self.ledger, self.policy = ledger, policy

    def judge(self, request: Request, now: datetime) -> Finding:
        """What would be found of `request` if it were handed in now; nothing is kept."""
        self.ledger.expire(now)
        with self.ledger.transaction(whole=True) as connection:
            room = _room(connection)
            return self._found(connection, room, request)

    def check(self, request: Request, now: datetime, by: str, hold: bool = False) -> tuple[Finding, Case | None]:
        """As `judge`; what does not fit, or is not known, enters the queue and keeps its place. With `hold` capacity
        is held for what fits. Asked again, the application is found where it stands; another node or more kVA are
        another request, that comes last of its rank.
        """
        self.ledger.expire(now)
        with self.ledger.transaction(whole=True) as connection:
            room = _room(connection)
            known = the_case(connection, request.application_id)
            if known is not None and known.state in ("released", "connected"):
                return _standing(known), known
            if known is not None and known.state == "waiting" and not _same(known, request):
                writing.end(connection, known, "withdrawn", room.base_id, now, by, {"why": "asked otherwise"})
                known = None
            held = _held_for(connection, request.application_id)
            if known is None and held is not None:
                return Finding(request.application_id, FITS, None, None, None, None, held.kva, held.block_kva), None
            found = self._found(connection, room, request)
            if found.outcome == FITS and (known is None or known.state != "waiting"):
                if hold:
                    until = now + timedelta(days=self.policy.hold_days)
                    reserve_in(connection, [_ask("application", request, room, until, now)], now, by)
                writing.note(connection, request.application_id, "fits", room.base_id, now, by, {"held": hold})
                return found, None
            if known is None or known.state != "waiting":
                entered = _entered(request, room, found, self.policy.rank(request.customer_class), now)
                writing.enter(connection, entered, by)
            self._settle(connection, room, now, by)
            case = the_case(connection, request.application_id)
            return (found if case is None else _standing(case)), case

    def withdraw(self, application_id: str, now: datetime, by: str, why: str = "withdrawn by the applicant") -> Case:
        """Take an application out of the queue, and free what was held for it; then those behind move up."""
        self.ledger.expire(now)
        with self.ledger.transaction(whole=True) as connection:
            room = _room(connection)
            case = the_case(connection, application_id)
            if case is None or case.state not in ("waiting", "released"):
                told = "was never queued" if case is None else f"is {case.state}"
                raise NotHeldError(f"application {application_id} {told} and cannot be withdrawn")
            if case.reservation_id is not None:
                change_in(connection, case.reservation_id, "cancelled", now, by, why)
            ended = writing.end(connection, case, "withdrawn", room.base_id, now, by, {"why": why})
            self._settle(connection, _room(connection), now, by)
            return ended

    def settle(self, now: datetime, by: str, stages: Mapping[str, str] | None = None) -> list[Case]:
        """Go through the queue; `stages` tells to what stage applications came meanwhile. Those released."""
        self.ledger.expire(now)
        with self.ledger.transaction(whole=True) as connection:
            return self._settle(connection, _room(connection), now, by, stages)

    def rebase(self, base: Base, now: datetime, by: str) -> list[Case]:
        """Put the ledger on another base and go through the queue, at one blow; those released."""
        self.ledger.expire(now)
        with self.ledger.transaction(whole=True) as connection:
            rebase(connection, base, now)
            stages = {one.application_id: one.stage for one in base.promises}
            return self._settle(connection, _room(connection), now, by, stages)

    def _found(self, connection: Connection, room: Room, request: Request) -> Finding:
        """The finding of one request behind those that are before it in order."""
        others = [case for case in waiting_cases(connection) if case.application_id != request.application_id]
        mine = (self.policy.rank(request.customer_class), request.submitted_at, request.application_id)
        before = [case for case in others if ordered(case) < mine]
        line = [*(_waiting(case) for case in before), Waiting(request.application_id, request.node_id, request.va)]
        return self._through(line, room)[-1]

    def _through(self, line: Sequence[Waiting], room: Room) -> list[Finding]:
        return go_through(line, left_of(room), self.policy.round_kva, self.policy.overtaking)

    def _settle(
        self, connection: Connection, room: Room, now: datetime, by: str, stages: Mapping[str, str] | None = None
    ) -> list[Case]:
        self._follow(connection, room, now, by, stages or {})
        cases = waiting_cases(connection)
        findings = self._through([_waiting(case) for case in cases], room)
        released = []
        for case, found in zip(cases, findings, strict=True):
            if found.outcome == FITS:
                until = now + timedelta(days=self.policy.release_days)
                (promise,) = reserve_in(connection, [_ask("release", case, room, until, now)], now, by)
                released.append(writing.release(connection, case, found, promise, room, now, by))
            else:
                writing.keep(connection, case, found, room.base_id, now, by)
        return released

    def _follow(self, connection: Connection, room: Room, now: datetime, by: str, stages: Mapping[str, str]) -> None:
        """End the cases whose applications came to an end, or whose release ran out."""
        open_cases = select(queue_case).where(queue_case.c.state.in_(("waiting", "released")))
        for row in connection.execute(open_cases.order_by(queue_case.c.application_id)).mappings().all():
            case = as_case(row)
            became = _DONE.get(stages.get(case.application_id, ""))
            if became is None and case.reservation_id is not None:
                became = _became(connection, case.reservation_id)
            if became is not None:
                writing.end(connection, case, became, room.base_id, now, by, {})


def _became(connection: Connection, reservation_id: str) -> str | None:
    mine = reservation.c.reservation_id == reservation_id
    row = connection.execute(select(reservation.c.state, reservation.c.why).where(mine)).one_or_none()
    ends = {"expired": "lapsed", "cancelled": "withdrawn", "confirmed": "connected", "fulfilled": "connected"}
    return None if row is None else ends.get(row.state)


def _held_for(connection: Connection, application_id: str) -> Reservation | None:
    """Capacity that is held for an application already."""
    wanted = (reservation.c.ref == application_id) & reservation.c.state.in_(("held", "confirmed"))
    row = connection.execute(select(reservation).where(wanted)).mappings().first()
    return None if row is None else as_reservation(row)


def _room(connection: Connection) -> Room:
    room = read_room(connection)
    if room is None:
        raise NotReadyError("no capacity is published yet, so that none can be promised")
    return room


def _waiting(case: Case) -> Waiting:
    return Waiting(case.application_id, case.node_id, case.va)


def _same(case: Case, request: Request) -> bool:
    """The same place, and no more in any block: a smaller request keeps its place in the queue."""
    return case.node_id == request.node_id and all(new <= old for new, old in zip(request.va, case.va, strict=True))


def _standing(case: Case) -> Finding:
    told = (case.binding_node_id, case.binding_level, case.reason, case.block)
    return Finding(case.application_id, case.outcome, *told, case.fits_kva, case.fits_block_kva)


def _entered(request: Request, room: Room, found: Finding, rank: int, now: datetime) -> Case:
    values: dict[str, Any] = {name: getattr(request, name) for name in Request.__dataclass_fields__}
    told = {name: getattr(found, name) for name in Finding.__dataclass_fields__ if name != "application_id"}
    return Case(
        **values,
        **told,
        hall_id=room.halls.get(request.node_id),
        rank=rank,
        entered_at=now,
        state="waiting",
        base_id=room.base_id,
        checked_at=now,
        released_at=None,
        ended_at=None,
        reservation_id=None,
    )


def _ask(kind: str, of: Request | Case, room: Room, until: datetime, now: datetime) -> Ask:
    hall = room.halls.get(of.node_id)
    key = f"{kind}:{of.application_id}:{now.timestamp():.6f}"[:200]
    return replace(Ask(kind, of.application_id, room.paths[of.node_id], of.va, hall, until), key=key)
