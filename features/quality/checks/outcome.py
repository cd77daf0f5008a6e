"""What a check found: counts by source and org unit, and the keys of some failures."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.contracts import CONTRACTS
from features.quality.reading import Tables

__all__ = ["Outcome", "nothing", "of_counts", "of_rows", "summed"]


@dataclass(frozen=True)
class Outcome:
    """`counts` has `source`, `unit`, `checked`, `failed`; `examples` are keys of failures, readable, none personal."""

    counts: pd.DataFrame
    examples: tuple[str, ...]


def nothing() -> Outcome:
    """Nothing was there to be checked."""
    columns = {"source": "str", "unit": "str", "checked": "int64", "failed": "int64"}
    return Outcome(pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in columns.items()}), ())


def of_rows(tables: Tables, table: str, rows: pd.DataFrame, failed: np.ndarray, examples: int) -> Outcome:
    """Every row is one check; `failed` is a mask over the rows, which have the key and `source`."""
    if rows.empty:
        return nothing()
    frame = pd.DataFrame({"source": rows["source"], "unit": tables.units(table, rows), "failed": failed})
    # Five days of one meter would say less than a day each of five.
    shown = rows[failed].drop_duplicates(CONTRACTS[table].key[0]).head(examples)
    return of_counts(summed(frame.assign(checked=1)), _keys(table, shown))


def of_counts(frame: pd.DataFrame, examples: tuple[str, ...]) -> Outcome:
    """From counts that are there already, by source and unit."""
    return Outcome(summed(frame), examples)


def summed(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for every source and org unit; texts may be categoricals, of which only those seen are kept."""
    plain = frame.astype({"checked": "int64", "failed": "int64"})
    sums = plain.groupby(["source", "unit"], as_index=False, observed=True)[["checked", "failed"]].sum()
    return sums.astype({"source": "str", "unit": "str"})


def _keys(table: str, rows: pd.DataFrame) -> tuple[str, ...]:
    """Keys of rows in words; what says who somebody is never is a key."""
    key = CONTRACTS[table].key
    shown = rows[list(key)].copy()
    for name in key:
        if CONTRACTS[table].field(name).kind == "utc":
            shown[name] = shown[name].dt.strftime("%Y-%m-%d %H:%M")
    return tuple(" · ".join(map(str, values)) for values in shown.itertuples(index=False, name=None))
