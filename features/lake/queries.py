"""Reading as of a moment: which rows of a table, in which order, and which of them is the current one."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.contracts import AVAILABLE_AT, Contract
from features.frames import arrow_schema
from features.lake.tables import BATCH_SEQ

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["latest_per_key", "row_filter", "scan", "sorted_by_key", "source_of_rows", "version_order"]


def scan(target: "DeltaTable", contract: Contract, columns: list[str], row_filter: Any) -> pa.Table:
    """Columns of the rows that pass the filter; texts of the key are dictionaries.

    A column that the contract got after the table was made is empty in all rows.
    """
    from pyarrow.dataset import ParquetReadOptions

    texts = {name for name in contract.key if contract.field(name).kind == "text"}
    options = ParquetReadOptions(dictionary_columns=texts, coerce_int96_timestamp_unit="us")
    dataset = target.to_pyarrow_dataset(parquet_read_options=options)
    there = [name for name in columns if name in dataset.schema.names]
    found = dataset.to_table(columns=there, filter=row_filter).unify_dictionaries()
    for name in (one for one in columns if one not in there):
        kind = arrow_schema(contract).field(name).type
        found = found.append_column(name, pa.nulls(found.num_rows, kind))
    return found.select(columns)


def row_filter(
    contract: Contract,
    as_of: pd.Timestamp | None,
    where: Mapping[str, Sequence[str]] | None,
    since: pd.Timestamp | None,
) -> Any:
    """Known by `as_of`, its event at or after `since`, its texts among those of `where`; None lets every row pass."""
    from pyarrow.dataset import field

    parts: list[Any] = []
    instant = pa.timestamp("us", "UTC")
    if as_of is not None:
        parts.append(field(AVAILABLE_AT) <= pa.scalar(as_of.tz_convert("UTC").to_pydatetime(), instant))
    if since is not None:
        parts.append(field(contract.event_time) >= pa.scalar(since.tz_convert("UTC").to_pydatetime(), instant))
    for name, values in (where or {}).items():
        parts.append(field(name).isin(pa.array(list(values), pa.string())))
    combined = None
    for part in parts:
        combined = part if combined is None else combined & part
    return combined


def version_order(frame: pd.DataFrame) -> np.ndarray | None:
    """The stable order by (`available_at`, batch); None when the rows already have it."""
    known = frame[AVAILABLE_AT].astype("int64").to_numpy()
    sequence = frame[BATCH_SEQ].to_numpy()
    later, same = known[1:] > known[:-1], known[1:] == known[:-1]
    if bool(np.all(later | (same & (sequence[1:] >= sequence[:-1])))):
        return None
    if len(frame) and sequence.min() == sequence.max():
        return np.argsort(known, kind="stable")
    return np.lexsort((sequence, known))


def latest_per_key(frame: pd.DataFrame, key: tuple[str, ...]) -> np.ndarray:
    """Positions of the last row of each key, sorted by key."""
    order, last = sorted_by_key(frame, key)
    return order[last]


def sorted_by_key(frame: pd.DataFrame, key: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Positions sorted by key, rows of one key in the order they have; and which of them is the last of its key."""
    columns = []
    for name in key:
        values = frame[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.cat.reorder_categories(sorted(values.cat.categories)).cat.codes
        columns.append(values.astype("int64").to_numpy())
    order = _sorted(columns)
    changes = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for column in columns:
        ranked = column[order]
        changes |= ranked[1:] != ranked[:-1]
    return order, np.append(changes, True) if len(order) else changes


def _sorted(columns: list[np.ndarray]) -> np.ndarray:
    """The stable order by several columns; where they fit side by side into 63 bits, by one sort instead of many."""
    if not len(columns[0]):
        return np.zeros(0, dtype=np.intp)
    packed, room = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        low = int(column.min())
        span = int(column.max()) - low + 1
        room *= span
        if room >= 2**63:
            return np.lexsort(columns[::-1])
        packed = packed * span + (column - low)
    return np.argsort(packed, kind="stable")


def source_of_rows(sequence: np.ndarray, batches: Mapping[int, str]) -> pd.Categorical:
    """The source of every row by the version it came with: what stands before the colon of the batch's name."""
    versions, places = np.unique(sequence, return_inverse=True)
    names = [batches.get(int(version), "").partition(":")[0] for version in versions]
    kinds = list(dict.fromkeys(names))
    codes = np.array([kinds.index(name) for name in names], dtype=np.int32)
    return pd.Categorical.from_codes(codes[places], categories=pd.Index(kinds, dtype="str"))
