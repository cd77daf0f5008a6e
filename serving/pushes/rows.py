"""Offers and runs as rows of their tables, within a transaction of the caller's."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, RowMapping, func, insert, or_, select

from features.errors import NotFoundError
from serving.decisions.pushes.codes import SENT
from serving.decisions.pushes.records import ADDS_VA, CONTACT_COLUMNS, FORMER_COLUMNS, HELD_VA
from serving.pushes.records import Outcome, Push, PushRun, Wish
from serving.pushes.tables import do_not_contact, push, push_run

__all__ = [
    "as_outcome",
    "as_push",
    "as_run",
    "as_wish",
    "contacts_in",
    "former_in",
    "insert_pushes",
    "insert_run",
    "push_in",
    "run_in",
    "shadow_in",
    "the_newest_wishes",
]

ACCEPTED = ("accepted", "fulfilled")
ACCEPTED_DAYS = 365
"""Who accepted is not offered the same service for a year, whatever the snapshot still says of him."""

_MOMENTS = ("decided_at", "expires_at")


def run_in(connection: Connection, run_id: str | None = None, key: str | None = None) -> PushRun | None:
    """A run by its id or its idempotency key; None where there is none."""
    wanted = push_run.c.run_id == run_id if key is None else push_run.c.idempotency_key == key
    row = connection.execute(select(push_run).where(wanted)).mappings().one_or_none()
    return None if row is None else as_run(row)


def insert_run(connection: Connection, run: PushRun) -> None:
    """Write a run down."""
    values = {name: getattr(run, name) for name in PushRun.__dataclass_fields__}
    told = {"models": _json(list(run.models)), "detail": _json(dict(run.detail))}
    connection.execute(insert(push_run).values(values | told))


def insert_pushes(
    connection: Connection, run_id: str, contacts: pd.DataFrame, reservations: Mapping[str, str] | None = None
) -> None:
    """Write down what a run offered: CONTACT_COLUMNS in their order; `reservations` push_id → what holds its room."""
    if contacts.empty:
        return
    held = reservations or {}
    columns = {name: _plain(contacts[name]) for name in CONTACT_COLUMNS}
    ids = columns["push_id"]
    columns |= {"run_id": [run_id] * len(ids), "place": list(range(len(ids)))}
    columns |= {"reservation_id": [held.get(one) for one in ids]}
    names = tuple(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    connection.execute(insert(push), rows)


def former_in(connection: Connection, now: datetime, days: int, whom: Collection[str] | None = None) -> pd.DataFrame:
    """FORMER_COLUMNS of all contacts of the last `days`, and of those of before that still stand; where `whom` names
    accounts and persons, of those alone.

    One that was answered stands until it would have lapsed, so that who declined is not asked again at once; one that
    was accepted a year; one that was withdrawn no longer. Of those that were not accepted nothing is expected any more.
    """
    one = push.c
    standing = (one.expires_at > now) & or_(one.answer.is_(None), one.answer != "withdrawn")
    accepted = one.answer.in_(ACCEPTED) & (one.decided_at > now - timedelta(days=ACCEPTED_DAYS))
    wanted = or_(one.decided_at > now - timedelta(days=days), standing, accepted)
    query = select(*(one[name] for name in FORMER_COLUMNS), one.answer).where(wanted)
    if whom is not None:
        named = sorted(whom)
        query = query.where(or_(one.customer_id.in_(named), one.person_id.in_(named)))
    rows = connection.execute(query.order_by(one.decided_at, one.push_id)).all()
    frame = pd.DataFrame.from_records(rows, columns=[*FORMER_COLUMNS, "answer"])
    for name in ("decided_at", "expires_at", "answered_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    said_yes = frame["answer"].isin(ACCEPTED)
    year = frame["decided_at"] + pd.Timedelta(days=ACCEPTED_DAYS)
    frame["expires_at"] = frame["expires_at"].where(~said_yes, np.maximum(frame["expires_at"], year))
    frame["expires_at"] = frame["expires_at"].where(frame["answer"] != "withdrawn", frame["decided_at"])
    frame["answered_at"] = frame["answered_at"].where(~said_yes)
    return frame[list(FORMER_COLUMNS)]


def push_in(connection: Connection, push_id: str) -> Push:
    """One offer, a hold-out's too; NotFoundError where there is none of that id."""
    row = connection.execute(select(push).where(push.c.push_id == push_id)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"there is no offer {push_id!r}")
    return as_push(row)


def contacts_in(connection: Connection, run_id: str) -> pd.DataFrame:
    """CONTACT_COLUMNS of what a run offered, in its order."""
    query = select(*(push.c[name] for name in CONTACT_COLUMNS)).where(push.c.run_id == run_id).order_by(push.c.place)
    rows = connection.execute(query).all()
    frame = pd.DataFrame.from_records(rows, columns=list(CONTACT_COLUMNS))
    numbers = dict.fromkeys(("uplift", "freed_kw"), float)
    return frame.astype(numbers).assign(**{name: pd.to_datetime(frame[name], utc=True) for name in _MOMENTS})


def shadow_in(connection: Connection, now: datetime) -> dict[str, np.ndarray]:
    """Area → what its hold-outs' offers would hold if they had been made and still stood, VA [block]."""
    one = push.c
    sums = [func.sum(one[name]) for name in HELD_VA]
    wanted = (one.expires_at > now) & one.answer.is_(None) & (one.reason != SENT) & one.area_id.is_not(None)
    query = select(one.area_id, *sums).where(wanted).group_by(one.area_id).order_by(one.area_id)
    rows = connection.execute(query).all()
    found = {str(row[0]): np.array([float(amount) for amount in row[1:]]) for row in rows}
    return {area: va for area, va in found.items() if va.any()}


def the_newest_wishes(connection: Connection) -> list[Wish]:
    """The newest wish of every account that ever had one, by the time it was told, the latest last.

    It holds for whatever is decided from then on, as of an earlier moment, too: the customer is turned to today.
    """
    query = select(do_not_contact).order_by(do_not_contact.c.at, do_not_contact.c.wish_id)
    newest = {str(row["customer_id"]): as_wish(row) for row in connection.execute(query).mappings()}
    return sorted(newest.values(), key=lambda one: (one.at, one.wish_id))


def as_run(row: RowMapping) -> PushRun:
    """A row of the table as a run."""
    values = {name: row[name] for name in PushRun.__dataclass_fields__}
    return PushRun(**(values | {"models": tuple(json.loads(row["models"])), "detail": json.loads(row["detail"])}))


def as_push(row: RowMapping) -> Push:
    """A row of the table as an offer."""
    names = [name for name in Push.__dataclass_fields__ if name not in ("adds_va", "held_va")]
    return Push(
        adds_va=tuple(int(row[name]) for name in ADDS_VA),
        held_va=tuple(int(row[name]) for name in HELD_VA),
        **{name: row[name] for name in names},
    )


def as_outcome(row: RowMapping) -> Outcome:
    """A row of the table as an outcome."""
    return Outcome(**{name: row[name] for name in Outcome.__dataclass_fields__})


def as_wish(row: RowMapping) -> Wish:
    """A row of the table as a wish."""
    return Wish(**{name: row[name] for name in Wish.__dataclass_fields__})


def _plain(column: pd.Series) -> Sequence[Any]:
    """The values of a column as the driver takes them: what is missing is None."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return list(column.dt.to_pydatetime())
    values = column.tolist()
    if column.name in (*ADDS_VA, *HELD_VA):
        return [int(one) for one in values]
    return [None if one is None or one != one else one for one in values]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
