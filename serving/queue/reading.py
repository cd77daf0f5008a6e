"""Reading the queue: cases in order, the room as decisions take it, steps, notices, and statistics by org unit."""

import json
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, select, true

from serving.decisions.queue import Left
from serving.ledger.rooms import Room
from serving.ledger.tables import VA
from serving.queue.records import Case, Notice, Step
from serving.queue.tables import notice, queue_case, queue_step

__all__ = [
    "as_case",
    "figures",
    "find_cases",
    "left_of",
    "notices",
    "ordered",
    "statistics",
    "steps",
    "the_case",
    "waiting_cases",
]


_ENDS = ("released", "connected", "withdrawn", "lapsed")
_FIGURES = [
    "waiting",
    "constrained",
    "unknown",
    "waiting_kva",
    *_ENDS,
    "median_days",
    "longest_days",
    "released_days",
]


def ordered(case: Case) -> tuple[int, datetime, str]:
    """By what cases are in order: rank, then who was first."""
    return case.rank, case.submitted_at, case.application_id


def waiting_cases(connection: Connection) -> list[Case]:
    """Every case that waits, in order."""
    rows = connection.execute(select(queue_case).where(queue_case.c.state == "waiting")).mappings()
    return sorted((as_case(row) for row in rows), key=ordered)


def the_case(connection: Connection, application_id: str) -> Case | None:
    """The case of an application, if it ever had one."""
    query = select(queue_case).where(queue_case.c.application_id == application_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else as_case(row)


def find_cases(
    engine: Engine,
    states: Iterable[str] | None = None,
    outcomes: Iterable[str] | None = None,
    halls: Iterable[str] | None = None,
    node_id: str | None = None,
) -> list[Case]:
    """Cases in the order of the queue: in some states, with some outcomes, of some halls, bound by or at a node."""
    wanted: list[ColumnElement[bool]] = []
    wanted += [] if states is None else [queue_case.c.state.in_(list(states))]
    wanted += [] if outcomes is None else [queue_case.c.outcome.in_(list(outcomes))]
    wanted += [] if halls is None else [queue_case.c.hall_id.in_(list(halls))]
    if node_id is not None:
        wanted.append((queue_case.c.node_id == node_id) | (queue_case.c.binding_node_id == node_id))
    with engine.connect() as connection:
        rows = connection.execute(select(queue_case).where(and_(true(), *wanted))).mappings()
        return sorted((as_case(row) for row in rows), key=ordered)


def steps(engine: Engine, application_id: str) -> list[Step]:
    """Everything that happened to an application, in order."""
    query = select(queue_step).where(queue_step.c.application_id == application_id).order_by(queue_step.c.step_id)
    with engine.connect() as connection:
        return [
            Step(
                row["step_id"],
                row["application_id"],
                row["at"],
                row["step"],
                row["base_id"],
                row["made_by"],
                json.loads(row["detail"]),
            )
            for row in connection.execute(query).mappings()
        ]


def notices(engine: Engine, units: Iterable[str] | None = None, unread: bool = False) -> list[Notice]:
    """What some units (None: all) are told, newest first."""
    wanted: list[ColumnElement[bool]] = []
    wanted += [] if units is None else [notice.c.org_unit.in_(list(units))]
    wanted += [notice.c.read_at.is_(None)] if unread else []
    query = select(notice).where(and_(true(), *wanted)).order_by(notice.c.notice_id.desc())
    with engine.connect() as connection:
        return [Notice(**row) for row in connection.execute(query).mappings()]


def statistics(cases: Iterable[Case], now: datetime) -> pd.DataFrame:
    """The queue in figures by hall (index hall_id, None as ""): waiting, constrained, unknown, waiting_kva, released,
    connected, withdrawn, lapsed, median_days and longest_days (of those waiting), released_days (median of those
    released). From single cases: units above are summed over cases, never over these rows.
    """
    by_hall: dict[str, list[Case]] = {}
    for case in cases:
        by_hall.setdefault(case.hall_id or "", []).append(case)
    rows = {hall: figures(part, now) for hall, part in sorted(by_hall.items())}
    return pd.DataFrame.from_dict(rows, orient="index", columns=_FIGURES).rename_axis("hall_id")


def figures(cases: Sequence[Case], now: datetime) -> dict[str, float]:
    """The columns of `statistics` for some cases together; medians of nothing are NaN."""
    waiting = [case for case in cases if case.state == "waiting"]
    days = [case.waited_days(now) for case in waiting]
    until_released = [case.waited_days(now) for case in cases if case.released_at is not None]
    counts = {state: sum(case.state == state for case in cases) for state in _ENDS}
    return {
        "waiting": len(waiting),
        "constrained": sum(case.outcome == "constrained" for case in waiting),
        "unknown": sum(case.outcome == "unknown" for case in waiting),
        "waiting_kva": sum(case.requested_kva for case in waiting),
        **counts,
        "median_days": median(days) if days else math.nan,
        "longest_days": max(days, default=math.nan),
        "released_days": median(until_released) if until_released else math.nan,
    }


def left_of(room: Room) -> Left:
    """The room as the pure decisions take it."""
    open_va = dict(zip(room.nodes, room.open_va, strict=True))
    return Left(room.left_va(), open_va, room.paths, room.kinds, room.reasons)


def as_case(row: RowMapping) -> Case:
    """A row of the table as a case."""
    names = [name for name in Case.__dataclass_fields__ if name not in ("va", "fits_block_kva")]
    blocks = row["fits_block_kva"]
    return Case(
        va=tuple(int(row[name]) for name in VA),
        fits_block_kva=None if blocks is None else tuple(json.loads(blocks)),
        **{name: row[name] for name in names},
    )
