"""Runs as a frame of events that people and databases can read."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from serving.decisions.monitoring.batch import Watched
from serving.decisions.monitoring.rules import KINDS, shown, unit_of

__all__ = ["EVENT_COLUMNS", "EventRows", "event_id", "event_rows", "events_frame"]

EVENT_COLUMNS: dict[str, str] = {
    "event_id": "str",
    "node_id": "str",
    "kind": "str",
    "start_utc": "datetime64[us, UTC]",
    "end_utc": "datetime64[us, UTC]",
    "state": "str",
    "worst_value": "float64",
    "worst_at": "datetime64[us, UTC]",
    "threshold": "float64",
    "unit": "str",
    "duration_minutes": "float64",
    "points": "int64",
    "customers": "int64",
}
"""Columns of events and their dtypes. Loads are shares of the rating (export negative), voltages V, silences minutes.

`end_utc` is empty while an event is open; `duration_minutes` then reaches to its last reading (a silence: to now).
`points` are the readings of the run, or the missing ones of a silence; `customers` those at or below the node.
"""

EventRows = dict[tuple[int, int, int], tuple[Any, ...]]
"""(row, kind, start) of each event → open, end, worst, when it was worst, level, points; times in seconds."""

_INSTANT = "datetime64[us, UTC]"
_NAT = np.iinfo(np.int64).min
_OPEN = -1  # in place of an end


def event_id(node_id: str, kind: str, start_seconds: int) -> str:
    """Sixteen hexadecimal digits that are the same whenever a node's event of a kind begins at the same second."""
    return hashlib.sha256(f"{node_id}\n{kind}\n{start_seconds}".encode()).hexdigest()[:16]


def event_rows(runs: np.ndarray, open_: np.ndarray) -> EventRows:
    """Runs, and which of them are open, by what makes an event the same one."""
    keys = zip(runs["row"].tolist(), runs["kind"].tolist(), runs["start"].tolist(), strict=True)
    names = ("end", "worst", "worst_at", "level", "points")
    told = zip(open_.tolist(), *(runs[name].tolist() for name in names), strict=True)
    return dict(zip(keys, told, strict=True))


def events_frame(rows: EventRows, nodes: Watched, change: Sequence[str] | None = None) -> pd.DataFrame:
    """The events of `event_rows`, ordered by start, node and kind; columns as `EVENT_COLUMNS`, and `change` beside
    them where it is given.
    """
    lines = []
    for (row, kind, start), (open_, end, worst, worst_at, level, points) in rows.items():
        node, name = nodes.names[row], KINDS[kind]
        ended, state = (_OPEN, "open") if open_ else (end, "closed")
        figures = (shown(kind, worst), worst_at, shown(kind, level), unit_of(kind), (end - start) / 60, points)
        lines.append((event_id(node, name, start), node, name, start, ended, state, *figures, nodes.customers[row]))
    order = sorted(range(len(lines)), key=lambda place: (lines[place][3], lines[place][1], lines[place][2]))
    columns = zip(*(lines[place] for place in order), strict=True) if lines else ([] for _ in EVENT_COLUMNS)
    frame = pd.DataFrame(
        {
            name: _column(list(values), dtype)
            for (name, dtype), values in zip(EVENT_COLUMNS.items(), columns, strict=True)
        }
    )
    return frame if change is None else frame.assign(change=pd.Series([change[one] for one in order], dtype="str"))


def _column(values: list[Any], dtype: str) -> Any:
    if dtype != _INSTANT:
        return np.array(values, dtype=dtype) if dtype != "str" else pd.array(values, dtype="str")
    seconds = np.array(values, dtype=np.int64)
    stamps = np.where(seconds == _OPEN, _NAT, seconds * 1_000_000).view("datetime64[us]")
    return pd.DatetimeIndex(stamps, tz="UTC")
