"""NDJSON: one JSON object a line, as chunks of raw rows; a line that is none keeps its number."""

import json
from typing import Any

import numpy as np
import pandas as pd

from features.contracts import Contract
from features.ingest.chunks import BadLine, RawChunk

__all__ = ["read_ndjson"]

_NUMBERS = ("float", "int")


def read_ndjson(body: bytes, contract: Contract) -> tuple[list[str], RawChunk]:
    """The names that any object has, in order of appearance, and the rows; ValueError where it is no UTF-8.

    Numbers stay numbers where the contract has some; all else is text. An empty line is no row.
    """
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    bad: list[BadLine] = []
    # Not splitlines: a line separator of Unicode may stand in a JSON text.
    for number, line in enumerate(body.decode("utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        row = _row(line)
        if row is None:
            bad.append(BadLine(number, line.rstrip("\r")))
        else:
            rows.append(row)
            lines.append(number)
    names = list(dict.fromkeys(name for row in rows for name in row))
    kinds = {field.name: field.kind for field in contract.fields}
    frame = pd.DataFrame({name: _column([row.get(name) for row in rows], kinds.get(name)) for name in names})
    return names, RawChunk(frame, np.array(lines, dtype=np.int64), bad)


def _row(line: str) -> dict[str, Any] | None:
    """A flat object; None for anything else, and for one that says a name twice."""
    try:
        row = json.loads(line, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    flat = isinstance(row, dict) and not any(isinstance(value, dict | list) for value in row.values())
    return row if flat else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a name stands twice")
    return row


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _column(values: list[Any], kind: str | None) -> pd.Series:
    given = [value for value in values if value is not None]
    if kind in _NUMBERS and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return pd.Series([_float(value) for value in values], dtype="float64")
    return pd.Series([_text(value) for value in values], dtype="str")


def _float(value: float | None) -> float:
    try:
        return np.nan if value is None else float(value)
    except OverflowError:
        return np.inf


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        # Half of a surrogate pair is no text that can be stored.
        return None if value is None else value.encode("utf-8", "replace").decode()
    return json.dumps(value)
