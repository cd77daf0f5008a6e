"""Events at nodes in the state: brought up to date in one transaction, asked for by org unit, period, kind, state."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from serving.monitoring.table import node_event, node_watch

__all__ = ["NodeEvents"]

_WRITTEN_AT_ONCE = 500
_KEY = ("rule_set", "event_id")

Row = dict[str, Any]


class NodeEvents:
    """The stored events, on SQLite or PostgreSQL alike."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def watched_until(self, rule_set: str) -> datetime | None:
        """The moment up to which a rule set has watched; None before the first time."""
        query = select(node_watch.c.watched_until).where(node_watch.c.rule_set == rule_set)
        with self.engine.connect() as connection:
            found: datetime | None = connection.execute(query).scalar_one_or_none()
        return found

    def standing(self, rule_set: str, after: datetime) -> list[Row]:
        """Events that were observed, not withdrawn, and go on, or went on after a moment."""
        table = node_event.c
        query = select(node_event).where(table.rule_set == rule_set, table.foreseen.is_(False))
        query = query.where(table.withdrawn_at.is_(None))
        query = query.where(or_(table.end_utc.is_(None), table.end_utc > after))
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def write(self, rule_set: str, rows: Sequence[Mapping[str, Any]], watched_until: datetime) -> None:
        """Store rows, each whole, new or in place of the one of its id; and how far was watched. All or nothing.

        What was seen once and withdrawn, and comes back, keeps the moment at which it was first seen.
        """
        dialect: Any = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        event = dialect.insert(node_event)
        kept = {*_KEY, "first_seen_at"}
        changed = {column.name: event.excluded[column.name] for column in node_event.c if column.name not in kept}
        event = event.on_conflict_do_update(index_elements=list(_KEY), set_=changed)
        watch = dialect.insert(node_watch)
        watch = watch.on_conflict_do_update(
            index_elements=["rule_set"],
            set_={"watched_until": watch.excluded.watched_until},
            where=watch.excluded.watched_until > node_watch.c.watched_until,
        )
        with self.engine.begin() as connection:
            for first in range(0, len(rows), _WRITTEN_AT_ONCE):
                connection.execute(event, list(rows[first : first + _WRITTEN_AT_ONCE]))
            connection.execute(watch, {"rule_set": rule_set, "watched_until": watched_until})

    def find(
        self,
        *,
        rule_set: str | None = None,
        units: Collection[str] | None = None,
        node_ids: Collection[str] | None = None,
        kinds: Collection[str] = (),
        state: str | None = None,
        first: datetime | None = None,
        last: datetime | None = None,
        foreseen: bool | None = None,
        withdrawn: bool = False,
        limit: int | None = 100,
        offset: int = 0,
    ) -> tuple[list[Row], int]:
        """A page of events, the newest first, and how many there are in all.

        `units` are the org units that may be seen (None: all, those of no unit included); the period is [first, last),
        and an event belongs to it when it went on within it. Withdrawn events are left out unless asked for.
        """
        table = node_event.c
        parts: list[Any] = [] if withdrawn else [table.withdrawn_at.is_(None)]
        equal = ((table.rule_set, rule_set), (table.state, state), (table.foreseen, foreseen))
        parts += [column == value for column, value in equal if value is not None]
        among = ((table.hall_id, units), (table.node_id, node_ids), (table.kind, kinds or None))
        parts += [column.in_(sorted(values)) for column, values in among if values is not None]
        if first is not None:
            parts.append(or_(table.end_utc.is_(None), table.end_utc > first))
        if last is not None:
            parts.append(table.start_utc < last)
        query = select(node_event).where(and_(True, *parts))
        page = query.order_by(table.start_utc.desc(), table.event_id, table.rule_set).limit(limit).offset(offset)
        with self.engine.connect() as connection:
            rows = [dict(row._mapping) for row in connection.execute(page)]
            total = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
        return rows, int(total)
