"""The use cases of promises and notices: listed, confirmed, cancelled, read; by the key's own scope."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from serving.access import Permission, Principal, Scope
from serving.desk.applications import Applications
from serving.ledger import Reservation
from serving.ledger.records import HOLDING, STATES
from serving.messages.promises import ChangeRequest, NoticesQuery, ReservationsQuery
from serving.queue import Notice
from serving.queue.reading import notices
from serving.queue.writing import mark_read
from serving.refusals import BadFieldError, OutOfScopeError
from serving.state import writing

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Promises"]


class Promises:
    """Answers as plain values, in the shape `serving.messages.promises` declares."""

    def __init__(self, applications: Applications) -> None:
        self.applications, self.orgs, self.clock = applications, applications.orgs, applications.clock

    def list(self, who: Principal, query: ReservationsQuery) -> dict[str, Any]:
        """One page of promises, oldest first."""
        who.require(Permission.APPLICATIONS)
        states = {"holding": HOLDING, "all": STATES}.get(query.state, (query.state,))
        ledger = self.applications.queue().ledger
        ledger.expire(self.clock())
        halls = self.orgs.halls(who, query.org_unit)
        found = ledger.find(states, query.ref, halls, query.node_id, query.kind)
        page = found[query.offset : query.offset + query.limit]
        return {"total": len(found), "reservations": [entry(one) for one in page]}

    def confirm(self, who: Principal, reservation_id: str, request: ChangeRequest) -> dict[str, Any]:
        """A held promise holds for good."""
        return self._change(who, reservation_id, lambda book, *done: book.confirm(*done, request.why))

    def cancel(self, who: Principal, reservation_id: str, request: ChangeRequest) -> dict[str, Any]:
        """What it held is free, and those that wait for it move up."""
        return self._change(who, reservation_id, lambda book, *done: book.cancel(*done, request.why))

    def _change(self, who: Principal, reservation_id: str, change: Callable[..., Reservation]) -> dict[str, Any]:
        who.require(Permission.PROMISE)
        queue, now = self.applications.queue(), self.clock()
        found = queue.ledger.get(reservation_id)
        self._require_own(who, found.hall_id, f"reservation {reservation_id}")
        _require_no_offer(found)
        made = change(queue.ledger, reservation_id, now, who.key_id)
        queue.settle(now, who.key_id)
        return entry(made)

    def notices(self, who: Principal, query: NoticesQuery) -> dict[str, Any]:
        """One page of notices, newest first."""
        who.require(Permission.APPLICATIONS)
        found = notices(self.applications.queue().ledger.engine, self.orgs.halls(who, query.org_unit), query.unread)
        page = found[query.offset : query.offset + query.limit]
        return {"total": len(found), "notices": [_notice(one) for one in page]}

    def read(self, who: Principal, notice_id: int) -> dict[str, Any]:
        """A notice has been read, by whom first."""
        who.require(Permission.APPLICATIONS)
        engine: Engine = self.applications.queue().ledger.engine
        may = partial(self._require_own, who, what=f"notice {notice_id}")
        with writing(engine) as connection:
            return _notice(mark_read(connection, notice_id, self.clock(), who.key_id, may))

    def _require_own(self, who: Principal, unit: str | None, what: str) -> None:
        if not Scope.of(who, self.orgs.holdings.territory().parents).covers(unit):
            raise OutOfScopeError(f"{what} is outside the org unit of this key")


def _require_no_offer(found: Reservation) -> None:
    """An offer and its room go together: changed by hand, it would stand without room, or hold it for ever."""
    if found.kind == "offer":
        raise BadFieldError.of(
            "reservation_id",
            f"holds the room of offer {found.ref}, which follows what comes of it: hand in an outcome instead "
            "(POST /v1/outcomes, `headroom pushes outcome`); withdrawn frees it, accepted holds it for good",
        )


def entry(made: Reservation) -> dict[str, Any]:
    """A promise as it is answered."""
    shown = {name: _plain(value) for name, value in asdict(made).items() if name != "va"}
    return shown | {"kva": made.kva, "block_kva": list(made.block_kva)}


def _notice(one: Notice) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(one).items()}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
