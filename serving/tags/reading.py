"""Tags read back from their changes: the newest of each customer and tag up to a run."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, RowMapping, Select, and_, func, select

from serving.decisions.tags import HELD, NOT_HELD, UNKNOWN, Cells, Centres, Column, State
from serving.tags.records import HeldTag
from serving.tags.tables import tag_assignment, tag_customer, tag_run

__all__ = ["read_standing", "read_state", "told_tags"]

_CODES = {"held": HELD, "unknown": UNKNOWN}
_READ_AT_ONCE = 50_000


def read_state(
    connection: Connection, seq: int, as_of: datetime, columns: tuple[Column, ...], centres: Mapping[str, Centres]
) -> State:
    """The state that run `seq` left."""
    known = select(tag_customer.c.customer_id).where(tag_customer.c.seq <= seq)
    # Sorted here and not by the database: its collation is its own.
    customers = np.array(sorted(connection.execute(known).scalars()), dtype=object)
    row_of = {customer: place for place, customer in enumerate(customers.tolist())}
    place_of = {one.tag: place for place, one in enumerate(columns)}
    cells = Cells.nothing(len(customers), len(columns))
    table = tag_assignment.c
    times = (table.pending_since, table.since, table.held_since, table.valid_until)
    query = _newest(seq, (table.customer_id, table.tag, table.status, table.pending, *times))
    query = query.where(table.tag.in_(list(place_of)), table.status.in_(list(_CODES)) | (table.pending > 0))
    for part in connection.execute(query).partitions(_READ_AT_ONCE):
        ids, tags, status, pending, *moments = zip(*part, strict=True)
        at = ([row_of[one] for one in ids], [place_of[one] for one in tags])
        codes = np.array([_CODES.get(one, NOT_HELD) for one in status], dtype=np.int8)
        begun, since, held_since, until = (np.array(one, dtype=float) for one in moments)
        cells.status[at], cells.pending[at] = codes, pending
        for array, values in ((cells.pending_since, begun), (cells.since, since), (cells.held_since, held_since)):
            array[at] = np.nan_to_num(values)
        cells.memory_until[at] = np.where(codes == UNKNOWN, np.nan_to_num(until), 0)
    return State(as_of, customers, columns, cells, dict(centres))


def _newest(seq: int, wanted: Sequence[Any]) -> Select[Any]:
    """The last row of each customer and tag up to a run."""
    table = tag_assignment.c
    key = (table.customer_id, table.tag)
    last = select(*key, func.max(table.seq).label("seq")).where(table.seq <= seq).group_by(*key).subquery()
    same = [table[name] == last.c[name] for name in ("customer_id", "tag", "seq")]
    return select(*wanted).join(last, and_(*same))


def read_standing(connection: Connection, seq: int, as_of: datetime, columns: Sequence[Column]) -> pd.DataFrame:
    """What run `seq` left held or unknown, with the evidence of its newest change."""
    table = tag_assignment.c
    query = _newest(seq, (table.customer_id, table.tag, table.status, table.since, table.evidence))
    rows = connection.execute(query.where(table.status.in_(sorted(_CODES)))).all()
    names = ["customer_id", "tag", "status", "since", "evidence"]
    frame = pd.DataFrame(rows, columns=names) if rows else pd.DataFrame({name: [] for name in names}, dtype=object)
    lives = {one.tag: as_of + timedelta(days=one.definition.time_to_live_days) for one in columns}
    frame = frame[frame["tag"].isin(list(lives)).to_numpy()]
    until = pd.to_datetime(frame["tag"].map(lives), utc=True).where(frame["status"] == "held")
    frame = frame.assign(since=pd.to_datetime(frame["since"].astype("int64"), unit="s", utc=True), valid_until=until)
    order = ["customer_id", "tag", "status", "since", "valid_until", "evidence"]
    return frame[order].sort_values(["customer_id", "tag"], kind="stable", ignore_index=True)


def told_tags(
    connection: Connection, customer_id: str, seq: int, as_of: datetime, columns: Sequence[Column], at: datetime
) -> list[HeldTag]:
    """What may be told of one customer at a moment, by the runs up to `seq`: what is held, and what is not known."""
    query = (
        select(tag_assignment, tag_run.c.as_of)
        .join(tag_run, tag_run.c.seq == tag_assignment.c.seq)
        .where(tag_assignment.c.customer_id == customer_id, tag_assignment.c.seq <= seq)
        .order_by(tag_assignment.c.seq)
    )
    newest = {row["tag"]: row for row in connection.execute(query).mappings()}
    told = []
    for column in columns:
        row = newest.get(column.tag)
        if row is not None and row["version"] == column.version and row["status"] in _CODES:
            told.append(_told(row, column, as_of + timedelta(days=column.definition.time_to_live_days), at))
    return told


def _told(row: RowMapping, column: Column, until: datetime, at: datetime) -> HeldTag:
    lives = row["status"] == "held" and at <= until
    # What has outlived itself is unknown since it did; what never was known, since it was asked for.
    since = until if row["status"] == "held" and not lives else datetime.fromtimestamp(row["since"], UTC)
    names = ("input", "value", "direction", "enter", "exit")
    return HeldTag(
        customer_id=row["customer_id"],
        tag=column.tag,
        version=column.version,
        status="held" if lives else "unknown",
        english=column.english,
        chinese=column.chinese,
        definition=column.definition,
        since=since,
        valid_until=until if lives else None,
        assigned_as_of=row["as_of"],
        evidence=tuple(dict(zip(names, one, strict=True)) for one in json.loads(row["evidence"])),
    )
