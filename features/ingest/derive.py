"""Rows made from another table: nodes from the distinct ids of a load file, with what their load says of them."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from features.contracts import CONTRACTS
from features.ingest.chunks import RawChunk
from features.ingest.mapping import DeriveMapping

__all__ = ["DERIVED_COLUMNS", "derive_rows"]

FIRST, QUANTILE = "first", "quantile"
DERIVED_COLUMNS = (FIRST, QUANTILE)


def derive_rows(mapping: DeriveMapping, frames: Iterable[pd.DataFrame]) -> RawChunk:
    """One raw row per distinct id, sorted: the id, its earliest event time, and the quantile of its values.

    Values wait in memory as float64: eight bytes for each row of the table it is derived from.
    """
    event = CONTRACTS[mapping.table].event_time
    values: dict[str, list[np.ndarray]] = {}
    first: dict[str, pd.Timestamp] = {}
    for frame in frames:
        for key, rows in frame.groupby(mapping.id, sort=False):
            name = str(key)
            values.setdefault(name, []).append(rows[mapping.of].to_numpy(dtype=np.float64))
            first[name] = min(first.get(name, rows[event].min()), rows[event].min())
    names = sorted(values)
    frame = pd.DataFrame(
        {
            mapping.id: pd.Series(names, dtype="str"),
            FIRST: pd.Series([first[name] for name in names], dtype="datetime64[us, UTC]"),
            QUANTILE: np.array([_quantile(values[name], mapping.level) for name in names], dtype=np.float64),
        }
    )
    return RawChunk(frame, np.arange(1, len(frame) + 1, dtype=np.int64))


def _quantile(parts: Sequence[np.ndarray], level: float) -> float:
    return float(np.nanquantile(np.concatenate(parts), level))
