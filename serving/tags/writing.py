"""Changes of tags as rows of their table."""

from datetime import datetime
from typing import Any

import pandas as pd

__all__ = ["rows_of"]

_TIMES = ("pending_since", "since", "held_since", "valid_until")
_PLAIN = ("customer_id", "tag", "version", "status", "pending", "evidence")


def rows_of(changes: pd.DataFrame, seq: int) -> list[dict[str, Any]]:
    """Changes of run `seq`, one mapping a row."""
    columns: dict[str, list[Any]] = {name: changes[name].tolist() for name in _PLAIN}
    columns |= {name: _instants(changes[name]) for name in _TIMES}
    names = list(columns)
    return [dict(zip(names, row, strict=True)) | {"seq": seq} for row in zip(*columns.values(), strict=True)]


def _instants(moments: pd.Series) -> list[datetime | None]:
    known = moments.notna().to_numpy()
    instants = moments.dt.to_pydatetime()
    return [one if there else None for one, there in zip(instants, known, strict=True)]
