"""Writing the queue: how a case changes, with its step on record and the notice its hall gets."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from features.errors import NotFoundError
from serving.decisions.queue import Finding
from serving.ledger import Reservation, Room
from serving.ledger.tables import VA
from serving.queue.records import Case, Notice
from serving.queue.tables import notice, queue_case, queue_step
from serving.state.dialects import dialect_of

__all__ = ["connect", "end", "enter", "keep", "mark_read", "note", "release", "step"]

_TOLD = ("outcome", "binding_node_id", "binding_level", "reason", "block", "fits_kva", "fits_block_kva")


def enter(connection: Connection, case: Case, by: str) -> None:
    """A case enters the queue, or enters it again."""
    row = _row(case)
    new = dialect_of(connection).insert(queue_case).values(row)
    connection.execute(new.on_conflict_do_update(index_elements=["application_id"], set_=row))
    detail = {**_told(case), "requested_kva": case.requested_kva, "node_id": case.node_id}
    step(connection, case, "entered", case.base_id, case.entered_at, by, detail)


def keep(connection: Connection, case: Case, found: Finding, base_id: str, now: datetime, by: str) -> None:
    """A case waits on; a step is recorded only when something else is found than before."""
    told = {name: getattr(found, name) for name in _TOLD}
    if told != {name: getattr(case, name) for name in _TOLD}:
        step(connection, case, "found", base_id, now, by, told)
    _update(connection, replace(case, **told, base_id=base_id, checked_at=now))


def release(
    connection: Connection, case: Case, found: Finding, promise: Reservation, room: Room, now: datetime, by: str
) -> Case:
    """Capacity is held for a case now, and its hall is told until when."""
    told = {name: getattr(found, name) for name in _TOLD}
    released = replace(
        case,
        **told,
        state="released",
        base_id=room.base_id,
        checked_at=now,
        released_at=now,
        reservation_id=promise.reservation_id,
    )
    _update(connection, released)
    until = promise.expires_at
    detail = {**told, "reservation_id": promise.reservation_id, "until": None if until is None else until.isoformat()}
    step(connection, case, "released", room.base_id, now, by, detail)
    day = "" if until is None else f"{until:%Y-%m-%d}"
    kva, name = f"{case.requested_kva:g}", room.names.get(case.node_id) or case.node_id
    tell(
        connection,
        case,
        "released",
        now,
        f"Application {case.application_id} ({kva} kVA at {name}) can be connected; capacity is held until {day}.",
        f"申请 {case.application_id}（{name}，{kva} kVA）已解除受限，可开放容量保留至 {day}。",
    )
    return released


def end(
    connection: Connection, case: Case, state: str, base_id: str, now: datetime, by: str, detail: Mapping[str, Any]
) -> Case:
    """A case ends as connected, withdrawn or lapsed; a lapsed one's hall is told."""
    ended = replace(case, state=state, base_id=base_id, ended_at=now)
    _update(connection, ended)
    step(connection, case, state, base_id, now, by, detail)
    if state == "lapsed":
        en = f"Application {case.application_id} was not approved in time; the capacity held for it is free again."
        zh = f"申请 {case.application_id} 未在期限内批复，保留的容量已释放。"
        tell(connection, case, "lapsed", now, en, zh)
    return ended


def step(
    connection: Connection, case: Case, what: str, base_id: str, now: datetime, by: str, detail: Mapping[str, Any]
) -> None:
    """Record for good what happened to a case."""
    note(connection, case.application_id, what, base_id, now, by, detail)


def note(
    connection: Connection,
    application_id: str,
    what: str,
    base_id: str,
    now: datetime,
    by: str,
    detail: Mapping[str, Any],
) -> None:
    """Record for good what happened to an application."""
    row = {
        "application_id": application_id,
        "at": now,
        "step": what,
        "base_id": base_id,
        "made_by": by,
        "detail": json.dumps(dict(detail), ensure_ascii=False),
    }
    connection.execute(insert(queue_step).values(row))


def tell(connection: Connection, case: Case, kind: str, now: datetime, text_en: str, text_zh: str) -> None:
    """A notice for the hall of a case."""
    row = {"org_unit": case.hall_id, "kind": kind, "ref": case.application_id, "at": now}
    connection.execute(insert(notice).values(row | {"text_en": text_en, "text_zh": text_zh}))


def connect(connection: Connection, promise: Reservation, base_id: str, now: datetime, by: str) -> None:
    """An application is connected where an allocation put it; if it waited, it waits no more."""
    detail = {"node_id": promise.node_id, "kva": promise.kva, "reservation_id": promise.reservation_id}
    waits = (queue_case.c.application_id == promise.ref) & (queue_case.c.state == "waiting")
    values = {"state": "connected", "ended_at": now, "base_id": base_id, "reservation_id": promise.reservation_id}
    if connection.execute(update(queue_case).where(waits).values(values)).rowcount:
        note(connection, promise.ref, "connected", base_id, now, by, detail)
    else:
        note(connection, promise.ref, "allocated", base_id, now, by, detail)


def mark_read(
    connection: Connection, notice_id: int, now: datetime, by: str, may: Callable[[str | None], None]
) -> Notice:
    """Remember who read a notice first; `may` is asked with its unit and raises where it is not the reader's."""
    mine = notice.c.notice_id == notice_id
    change = update(notice).where(mine, notice.c.read_at.is_(None)).values(read_at=now, read_by=by)
    row = connection.execute(select(notice).where(mine)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"there is no notice {notice_id}")
    may(row["org_unit"])
    connection.execute(change)
    return Notice(**connection.execute(select(notice).where(mine)).mappings().one())


def _told(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in _TOLD}


def _row(case: Case) -> dict[str, Any]:
    row = asdict(case)
    blocks, va = row.pop("fits_block_kva"), row.pop("va")
    row["fits_block_kva"] = None if blocks is None else json.dumps(list(blocks))
    return row | dict(zip(VA, va, strict=True))


def _update(connection: Connection, case: Case) -> None:
    mine = queue_case.c.application_id == case.application_id
    connection.execute(update(queue_case).where(mine).values(_row(case)))
