"""Changes of tags as rows of their table, hundreds of thousands at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Table, insert

__all__ = ["append", "columns_of_changes"]

_TIMES = ("pending_since", "since", "held_since", "valid_until")
_PLAIN = ("customer_id", "tag", "version", "status", "pending", "evidence")
_AT_ONCE = 20_000


def append(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows told by columns of plain texts and whole numbers, all of the table's.

    The statement goes to the driver as it is: SQLAlchemy's own way through every value takes longer than the database.
    """
    statement = insert(table).compile(dialect=connection.dialect)
    names = list(statement.positiontup or columns)
    for first in range(0, len(columns[names[0]]), _AT_ONCE):
        parts = [columns[name][first : first + _AT_ONCE] for name in names]
        rows: list[Any] = list(zip(*parts, strict=True))
        if not statement.positional:
            rows = [dict(zip(names, row, strict=True)) for row in rows]
        connection.exec_driver_sql(str(statement), rows)


def columns_of_changes(changes: pd.DataFrame, seq: int) -> dict[str, list[Any]]:
    """Changes of run `seq` as columns of their table."""
    columns: dict[str, list[Any]] = {name: changes[name].tolist() for name in _PLAIN}
    columns |= {name: _seconds(changes[name]) for name in _TIMES}
    return columns | {"seq": [seq] * len(changes)}


def _seconds(moments: pd.Series) -> list[int | None]:
    there = moments.notna().to_numpy()
    seconds = moments.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64).astype(object)
    seconds[~there] = None
    return list(seconds)
