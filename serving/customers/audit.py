"""Every pull of customers' data is written down before anything is told: who, what, of how many, when.

What a pull asked for is kept as its hash and, where nothing in it could be personal, as its text.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError

from serving.access import Principal
from serving.customers.table import customer_pull
from serving.decisions.selection import Expression, Wide, literals
from serving.refusals import NotReadyError

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Pull", "Pulls", "expression_hash", "may_be_kept"]

# A telephone number, a document's, an account's with a bank: whatever has so many digits may say who somebody is.
_LONG_NUMBER = re.compile(r"[0-9](?:[ \-]?[0-9]){6,}")


@dataclass(frozen=True)
class Pull:
    """What was pulled: by which route, from which snapshot, of one customer or by an expression, which columns,
    with identity or without, and of how many customers something was told (of a count: how many were counted).
    """

    route: str
    customers: int
    snapshot_id: str | None = None
    customer_id: str | None = None
    org_unit: str | None = None
    expression: str | None = None
    keep_text: bool = False
    columns: Sequence[str] = ()
    identity: bool = False


class Pulls:
    """The pulls in the state. Rows are only added."""

    def __init__(self, engine: Callable[[], "Engine"], clock: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._engine, self._clock = engine, clock
        self._beside = _threads()

    def write(self, who: Principal, pull: Pull) -> None:
        """Write a pull down; NotReadyError where that fails, so that nothing is told of which no trace is left."""
        row = {
            "at": self._clock(),
            "key_id": who.key_id,
            "role": who.role,
            "route": pull.route,
            "snapshot_id": pull.snapshot_id,
            "customer_id": pull.customer_id,
            "org_unit": pull.org_unit,
            "expression_sha256": None if pull.expression is None else expression_hash(pull.expression),
            "expression": pull.expression if pull.keep_text else None,
            "columns": json.dumps(list(pull.columns)),
            "identity": pull.identity,
            "customers": pull.customers,
        }
        try:
            with self._engine().begin() as connection:
                connection.execute(insert(customer_pull).values(row))
        except SQLAlchemyError as error:
            raise NotReadyError("the pull cannot be written down now, so nothing is told; try again") from error

    def begin(self, who: Principal, pull: Pull) -> Future[None]:
        """Begin to write a pull down, so that what is told is made while the disk is waited for; nothing may be told
        before `result()` of what is returned, which raises what `write` would have."""
        return self._beside.submit(self.write, who, pull)

    def close(self) -> None:
        """Wait for what is being written and let go of the threads; who goes on afterwards gets new ones."""
        before, self._beside = self._beside, _threads()
        before.shutdown()

    def find(self, limit: int, offset: int = 0, key_id: str | None = None) -> list[dict[str, Any]]:
        """Pulls, the newest first."""
        query = select(customer_pull).order_by(customer_pull.c.pull_id.desc()).limit(limit).offset(offset)
        if key_id is not None:
            query = query.where(customer_pull.c.key_id == key_id)
        with self._engine().connect() as connection:
            rows = [dict(row._mapping) for row in connection.execute(query)]
        return [row | {"columns": json.loads(row["columns"])} for row in rows]


def _threads() -> ThreadPoolExecutor:
    """None of them is there before it is needed."""
    return ThreadPoolExecutor(4, thread_name_prefix="pulls")


def expression_hash(text: str) -> str:
    """By which an expression can be found again that is not kept as text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def may_be_kept(text: str, tree: Expression, wide: Wide) -> bool:
    """Whether nothing in an expression can be personal: every text in it is a known value (a hall, a class), and no
    number in it is as long as a telephone's."""
    known = {value for texts in wide.texts.values() for value in texts.values}
    rest = text
    for one in sorted((str(one) for one in literals(tree) if isinstance(one, str)), key=len, reverse=True):
        if one not in known:
            return False
        rest = rest.replace(one, "")
    return _LONG_NUMBER.search(rest) is None
