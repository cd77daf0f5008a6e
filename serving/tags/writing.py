"""Changes of tags as rows of their table."""

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["rows_of"]

_TIMES = ("pending_since", "since", "held_since", "valid_until")
_PLAIN = ("customer_id", "tag", "version", "status", "pending", "evidence")


def rows_of(changes: pd.DataFrame, seq: int) -> list[dict[str, Any]]:
    """Changes of run `seq`, one mapping a row."""
    columns: dict[str, list[Any]] = {name: changes[name].tolist() for name in _PLAIN}
    columns |= {name: _seconds(changes[name]) for name in _TIMES}
    names = [*columns, "seq"]
    return [dict(zip(names, (*row, seq), strict=True)) for row in zip(*columns.values(), strict=True)]


def _seconds(moments: pd.Series) -> list[int | None]:
    there = moments.notna().to_numpy()
    seconds = np.where(there, moments.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64), 0)
    return [one if known else None for one, known in zip(seconds.tolist(), there.tolist(), strict=True)]
