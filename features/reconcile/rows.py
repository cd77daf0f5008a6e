"""Rows made one by one, or as a frame, brought to a contract's columns, dtypes and order."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from features.contracts import AVAILABLE_AT, CONTRACTS
from features.frames import as_contract, empty_frame

__all__ = ["framed"]


def framed(table: str, rows: pd.DataFrame | Iterable[Mapping[str, Any]], **constants: Any) -> pd.DataFrame:
    """Rows of a contract sorted by key, then by when they were known; columns that nothing is known of are empty."""
    contract = CONTRACTS[table]
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    if frame.empty:
        return empty_frame(contract)
    frame = frame.assign(**constants).reindex(columns=list(contract.columns))
    for field in contract.fields:
        if field.kind == "utc":
            # A column of which every cell is empty has forgotten that it is one of times.
            frame[field.name] = pd.to_datetime(frame[field.name], utc=True).astype("datetime64[us, UTC]")
    return as_contract(contract, frame.sort_values([*contract.key, AVAILABLE_AT], ignore_index=True))
