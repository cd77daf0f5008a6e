"""Tags in the state: every run appends what it changed, and what stood at any past moment is read back from that."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, Select, func, insert, select
from sqlalchemy.exc import IntegrityError

from features.errors import ConfigError, ConflictError, NotFoundError
from serving.decisions.tags import Column, Definitions, State, TagDefinition, all_columns
from serving.state import writing
from serving.tags.reading import read_standing, read_state, told_tags
from serving.tags.records import HeldTag, TagRun, centres_from, centres_text
from serving.tags.tables import tag_assignment, tag_customer, tag_definition, tag_run
from serving.tags.writing import append, columns_of_changes

__all__ = ["TagStore"]


class TagStore:
    """The tags of all customers, on SQLite or PostgreSQL alike. Nothing is ever changed or removed.

    A run follows the run before: one as of no later moment is refused, and what an earlier run got wrong the next one
    puts right. What it was at the time stays on record.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def runs(self, limit: int | None = None) -> list[TagRun]:
        """The runs, newest first."""
        query = select(tag_run).order_by(tag_run.c.seq.desc()).limit(limit)
        with self.engine.connect() as connection:
            return [_as_run(row) for row in connection.execute(query).mappings()]

    def newest(self, at: datetime | None = None) -> TagRun | None:
        """The last run as of `at` or before; the last one of all without it."""
        with self.engine.connect() as connection:
            row = connection.execute(_newest(at)).mappings().first()
        return None if row is None else _as_run(row)

    def state(self, at: datetime | None = None) -> State:
        """All tags of all customers as the last run as of `at` or before left them; empty before the first."""
        with self.engine.connect() as connection:
            row = connection.execute(_newest(at)).mappings().first()
            if row is None:
                return State.empty()
            centres = centres_from(row["centres"])
            columns = all_columns(_definitions(connection, json.loads(row["tags"])), centres)
            return read_state(connection, row["seq"], row["as_of"], columns, centres)

    def standing(self, at: datetime | None = None) -> pd.DataFrame:
        """What the last run as of `at` or before left held or unknown, of all customers: customer_id, tag, status,
        since, valid_until (UTC; NaT of what is unknown), evidence (JSON). Sorted by customer and tag."""
        with self.engine.connect() as connection:
            row = connection.execute(_newest(at)).mappings().first()
            if row is None:
                return read_standing(connection, 0, datetime.now(UTC), ())
            columns = all_columns(_definitions(connection, json.loads(row["tags"])), centres_from(row["centres"]))
            return read_standing(connection, row["seq"], row["as_of"], columns)

    def held(self, customer_id: str, at: datetime | None = None) -> list[HeldTag]:
        """The tags a customer held at a moment (now without one), and those not known, with evidence.

        Past its time to live what was held is told as unknown. NotFoundError for a customer no run has seen by then.
        """
        with self.engine.connect() as connection:
            row = connection.execute(_newest(at)).mappings().first()
            known = select(tag_customer.c.seq).where(tag_customer.c.customer_id == customer_id)
            first = connection.execute(known).scalar_one_or_none()
            if row is None or first is None or first > row["seq"]:
                when = "" if at is None else f" as of {at.isoformat()}"
                raise NotFoundError(f"no run of tags knows the customer {customer_id}{when}")
            columns = all_columns(_definitions(connection, json.loads(row["tags"])), centres_from(row["centres"]))
            return told_tags(connection, customer_id, row["seq"], row["as_of"], columns, at or datetime.now(UTC))

    def definitions(self, at: datetime | None = None) -> tuple[Column, ...]:
        """The tags as the last run as of `at` defined them, clusters by their names then."""
        with self.engine.connect() as connection:
            row = connection.execute(_newest(at)).mappings().first()
            if row is None:
                return ()
            return all_columns(_definitions(connection, json.loads(row["tags"])), centres_from(row["centres"]))

    def definition(self, code: str, version: int) -> TagDefinition:
        """A definition as some run used it; NotFoundError when none did."""
        with self.engine.connect() as connection:
            return _definitions(connection, [[code, version]])[0]

    def check(self, definitions: Definitions) -> None:
        """ConfigError where a definition says something else than a run used under the same code and version."""
        with self.engine.connect() as connection:
            _unseen(connection, definitions)

    def record(self, run: TagRun, state: State, definitions: Definitions, changes: pd.DataFrame) -> None:
        """Append a run with its changes, all or nothing. Recorded already: nothing happens.

        ConflictError where another run came between, ConfigError where a definition changed within its version.
        """
        try:
            with writing(self.engine) as connection:
                known = select(tag_run.c.seq).where(tag_run.c.run_id == run.run_id)
                if connection.execute(known).first() is not None:
                    return
                self._record(connection, run, state, definitions, changes)
        except IntegrityError as error:
            raise ConflictError(f"another run of tags was recorded meanwhile; run {run.run_id} is not") from error

    def _record(
        self, connection: Connection, run: TagRun, state: State, definitions: Definitions, changes: pd.DataFrame
    ) -> None:
        new = _unseen(connection, definitions)
        if connection.execute(select(func.coalesce(func.max(tag_run.c.seq), 0))).scalar_one() != run.seq - 1:
            raise ConflictError(f"another run of tags was recorded meanwhile; run {run.run_id} is not")
        tags = json.dumps([[one.code, one.version] for one in definitions.tags])
        row = {name: getattr(run, name) for name in TagRun.__dataclass_fields__}
        connection.execute(insert(tag_run), row | {"tags": tags, "centres": centres_text(state.centres)})
        if new:
            texts = [{"code": one.code, "version": one.version, "definition": _text(one)} for one in new]
            connection.execute(insert(tag_definition), [one | {"seq": run.seq} for one in texts])
        there = set(connection.execute(select(tag_customer.c.customer_id)).scalars())
        customers = [one for one in state.customers.tolist() if one not in there]
        append(connection, tag_customer, {"customer_id": customers, "seq": [run.seq] * len(customers)})
        append(connection, tag_assignment, columns_of_changes(changes, run.seq))


def _newest(at: datetime | None) -> Select[Any]:
    query = select(tag_run).order_by(tag_run.c.seq.desc()).limit(1)
    return query if at is None else query.where(tag_run.c.as_of <= at)


def _as_run(row: Any) -> TagRun:
    return TagRun(**{name: row[name] for name in TagRun.__dataclass_fields__})


def _text(definition: TagDefinition) -> str:
    return json.dumps(definition.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)


def _definitions(connection: Connection, wanted: Iterable[Iterable[Any]]) -> list[TagDefinition]:
    pairs = [(str(code), int(version)) for code, version in wanted]
    rows = connection.execute(select(tag_definition)).mappings()
    texts = {(row["code"], row["version"]): row["definition"] for row in rows}
    for code, version in pairs:
        if (code, version) not in texts:
            raise NotFoundError(f"no run of tags used version {version} of {code}")
    return [TagDefinition.model_validate_json(texts[pair]) for pair in pairs]


def _unseen(connection: Connection, definitions: Definitions) -> list[TagDefinition]:
    """Definitions that no run has used; ConfigError for one that says other things under a version that was used."""
    rows = connection.execute(select(tag_definition)).mappings()
    texts = {(row["code"], row["version"]): row["definition"] for row in rows}
    new = []
    for one in definitions.tags:
        before = texts.get((one.code, one.version))
        if before is None:
            new.append(one)
        elif TagDefinition.model_validate_json(before) != one:
            told = f"tag {one.code}: the definition changed and its version {one.version} did not"
            raise ConfigError(f"{told}; give the changed one a higher version")
    return new
