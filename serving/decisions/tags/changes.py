"""What a run changed, with evidence: the inputs as they were, beside the thresholds they were held against."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from serving.decisions.tags.definitions import Condition
from serving.decisions.tags.state import HELD, NOT_HELD, UNKNOWN, Cells, State

__all__ = ["CHANGE_STATUSES", "changes_frame"]

# In this order UNKNOWN, which is -1, is the last one.
CHANGE_STATUSES = ("not_held", "held", "released", "unknown")
_DAY = 86_400
_TIMES = ("pending_since", "since", "held_since", "valid_until")
Seen = tuple[Sequence[Condition], Sequence[np.ndarray]]


def changes_frame(previous: State, state: State, seen: Sequence[Seen]) -> pd.DataFrame:
    """One row a customer and tag of which anything changed, sorted by both.

    customer_id, tag, version, status (`CHANGE_STATUSES`; released is what was held and is not any more), pending,
    pending_since, since, held_since, valid_until (UTC), evidence: JSON, a list of [input, value, direction, enter,
    exit], value null where it is not known. What is held is valid until its time to live after the last run; a row
    tells it as of its own run. Of what is unknown `valid_until` says how long it remembers that it was held.
    """
    rows = np.searchsorted(state.customers, previous.customers)
    places = {one.tag: place for place, one in enumerate(previous.columns)}
    ids = {tag: rank for rank, tag in enumerate(sorted({*state.tags, *previous.tags}))}
    parts = []
    for place, column in enumerate(state.columns):
        before = _before(previous, places.get(column.tag), rows, len(state.customers))
        after = state.cells.column(place)
        reworded = _version_at(previous, places.get(column.tag)) != column.version
        changed = after.differs(before) | (reworded & (_is_something(after) | _is_something(before)))
        found = np.flatnonzero(changed)
        if len(found):
            ttl = column.definition.time_to_live_days * _DAY
            moment = 0 if state.as_of is None else int(state.as_of.timestamp())
            part = _part(before.rows(found), after.rows(found), moment + ttl, _evidence(*seen[place], found))
            parts.append(part | {"place": found, "rank": np.full(len(found), ids[column.tag])})
            parts[-1] |= {"version": np.full(len(found), column.version)}
    parts += _dropped(previous, state, rows, ids)
    return _framed(parts, state.customers, sorted(ids))


def _version_at(previous: State, place: int | None) -> int | None:
    """The version of a column of the state before; None where there is none."""
    return None if place is None else previous.columns[place].version


def _is_something(cells: Cells) -> np.ndarray:
    return (cells.status != NOT_HELD) | (cells.pending > 0)


def _before(previous: State, place: int | None, rows: np.ndarray, count: int) -> Cells:
    cells = Cells.nothing(count)
    if place is not None:
        for name, values in cells.arrays().items():
            values[rows] = getattr(previous.cells, name)[:, place]
    return cells


def _dropped(previous: State, state: State, rows: np.ndarray, ids: dict[str, int]) -> list[dict[str, np.ndarray]]:
    """Tags that no definition speaks of any more are let go: were one to come back it would begin anew."""
    parts = []
    for place, column in enumerate(previous.columns):
        if column.tag in state.tags:
            continue
        cells = previous.cells.column(place)
        found = np.flatnonzero(_is_something(cells))
        if len(found):
            evidence = np.full(len(found), "[]", dtype=object)
            part = _part(cells.rows(found), Cells.nothing(len(found)), 0, evidence)
            whose = {"place": rows[found], "rank": np.full(len(found), ids[column.tag])}
            parts.append(part | whose | {"version": np.full(len(found), column.version)})
    return parts


def _part(before: Cells, after: Cells, held_until: int, evidence: np.ndarray) -> dict[str, np.ndarray]:
    was_held = (before.status == HELD) | (before.held_since > 0)
    until = np.where(after.status == HELD, held_until, np.where(after.status == UNKNOWN, after.memory_until, 0))
    return {
        "status": np.where((after.status == NOT_HELD) & was_held, CHANGE_STATUSES.index("released"), after.status),
        "pending": after.pending,
        "pending_since": after.pending_since,
        "since": after.since,
        "held_since": after.held_since,
        "valid_until": until,
        "evidence": evidence,
    }


def _evidence(conditions: Sequence[Condition], values: Sequence[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """JSON by hand: a hundred thousand rows at a time, of which only the value differs."""
    texts = []
    for condition, known in zip(conditions, values, strict=True):
        head = json.dumps(condition.input)
        tail = f',"{condition.direction}",{condition.enter:g},{condition.exit:g}]'
        texts.append([f"[{head},{_figure(value)}{tail}" for value in known[rows].tolist()])
    return np.array([f"[{','.join(row)}]" for row in zip(*texts, strict=True)], dtype=object)


def _figure(value: float) -> str:
    return f"{value:.6g}" if abs(value) < float("inf") else "null"


def _framed(parts: list[dict[str, np.ndarray]], customers: np.ndarray, tags: list[str]) -> pd.DataFrame:
    names = ["place", "rank", "version", "status", "pending", *_TIMES, "evidence"]
    if not parts:
        parts = [{name: np.empty(0, dtype=object if name == "evidence" else np.int64) for name in names}]
    whole = {name: np.concatenate([one[name] for one in parts]) for name in names}
    order = np.lexsort([whole["rank"], whole["place"]])
    whole = {name: values[order] for name, values in whole.items()}
    frame = pd.DataFrame(
        {
            "customer_id": customers[whole["place"]],
            "tag": np.array(tags, dtype=object)[whole["rank"]],
            "version": whole["version"],
            "status": np.array(CHANGE_STATUSES, dtype=object)[whole["status"].astype(int)],
            "pending": whole["pending"].astype(np.int64),
        }
    )
    for name in _TIMES:
        moments = pd.Series(whole[name].astype("datetime64[s]"))
        frame[name] = moments.where(whole[name] > 0).dt.tz_localize("UTC")
    frame["evidence"] = whole["evidence"]
    return frame
