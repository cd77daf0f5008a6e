"""A row that satisfies a contract, made from the contract itself, so that a test breaks one thing at a time."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from features.contracts import Contract, Field
from features.frames import as_contract

Rows = Callable[..., pd.DataFrame]
START = pd.Timestamp("2024-01-01", tz="UTC")
_LATER = {"end_utc": 1, "available_at": 2}


def _value(field: Field) -> Any:
    if field.nullable:
        return None
    if field.kind == "text":
        return field.codes.values[0] if field.codes is not None else "x"
    if field.kind == "utc":
        return START + pd.Timedelta(days=_LATER.get(field.name, 0))
    if field.kind == "bool":
        return True
    bounds = [bound for bound in (field.ge, field.le) if bound is not None]
    value = min(bounds, key=abs) if bounds else 0
    return int(value) if field.kind == "int" else float(value)


@pytest.fixture(scope="session")
def row() -> Rows:
    """`row(contract, column=value, ...)`: one row of the contract; nullable columns are empty unless given."""

    def make(contract: Contract, **given: Any) -> pd.DataFrame:
        values = {field.name: [given.get(field.name, _value(field))] for field in contract.fields}
        times = {field.name for field in contract.fields if field.kind == "utc"}
        frame = pd.DataFrame(
            {n: pd.to_datetime(pd.Series(v), utc=True) if n in times else v for n, v in values.items()}
        )
        return as_contract(contract, frame)

    return make
