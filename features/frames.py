"""Frames of a contract: the empty one, and the way to and from Arrow with exact dtypes."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.contracts import Contract, Field
from features.errors import DataError

__all__ = ["arrow_schema", "as_contract", "each_row", "empty_frame", "from_arrow", "to_arrow"]

_ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "utc": pa.timestamp("us", "UTC"),
}


def arrow_schema(contract: Contract) -> pa.Schema:
    """The Arrow schema of a table: text as UTF-8, instants as microseconds in UTC."""
    return pa.schema([pa.field(field.name, _ARROW[field.kind]) for field in contract.fields])


def empty_frame(contract: Contract, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """No rows, with the contract's columns (or those named) and dtypes."""
    names = contract.columns if columns is None else columns
    return pd.DataFrame({name: pd.Series([], dtype=contract.field(name).dtype) for name in names})


def as_contract(contract: Contract, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the contract's columns in order and its dtypes.

    Raises DataError when a column is missing, unknown, or holds what its dtype cannot.
    """
    missing = [name for name in contract.columns if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in contract.columns]
    if missing or unknown:
        column, reason = (missing[0], "column is missing") if missing else (unknown[0], "column is not in the contract")
        raise DataError(contract.name, str(column), reason, len(frame), "the first row")
    return pd.DataFrame({field.name: _typed(contract, field, frame[field.name]) for field in contract.fields})


def _typed(contract: Contract, field: Field, values: pd.Series) -> pd.Series:
    if str(values.dtype) == field.dtype or (field.kind == "text" and isinstance(values.dtype, pd.CategoricalDtype)):
        return values
    try:
        return values.astype(pd.api.types.pandas_dtype(field.dtype))
    except (TypeError, ValueError) as error:
        raise DataError(
            contract.name, field.name, f"cannot be {field.dtype} ({error})", len(values), "any row"
        ) from error


def to_arrow(contract: Contract, frame: pd.DataFrame) -> pa.Table:
    """An Arrow table of a frame that has the contract's columns; repeated text is kept as a dictionary."""
    arrays = [_to_arrow(field, frame[field.name]) for field in contract.fields]
    return pa.table(arrays, names=list(contract.columns))


def _to_arrow(field: Field, values: pd.Series) -> pa.Array:
    if field.kind == "utc":
        return pa.array(values.dt.tz_convert(None).to_numpy(), _ARROW["utc"])
    if field.kind != "text":
        return pa.array(values.array, _ARROW[field.kind], from_pandas=True)
    array = pa.array(values.array, from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def from_arrow(contract: Contract, table: pa.Table) -> pd.DataFrame:
    """A frame of an Arrow table, dtypes as the contract says; dictionaries become categoricals."""
    columns = {}
    for name in table.column_names:
        values = table.column(name).to_pandas()
        if name in contract.columns and not isinstance(values.dtype, pd.CategoricalDtype):
            values = _restore(contract.field(name), table, values)
        elif isinstance(values.dtype, pd.CategoricalDtype):
            values = values.cat.remove_unused_categories()
        columns[name] = values
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def _restore(field: Field, table: pa.Table, values: pd.Series) -> pd.Series:
    if field.kind == "int" and table.column(field.name).null_count:
        # Through floats an identifier above 2**53 would lose its last digits.
        exact = np.array(table.column(field.name).to_pylist(), dtype=object)
        return pd.Series(pd.array(exact, dtype="Int64"))
    return values if str(values.dtype) == field.dtype else values.astype(pd.api.types.pandas_dtype(field.dtype))


def each_row(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows as named tuples, one after the other; what their fields hold is known by the contract, not by the type."""
    return iter(frame.itertuples())
