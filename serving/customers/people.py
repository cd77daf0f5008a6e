"""Who customers are, read when it is asked for and kept nowhere."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from features.lake import Lake

__all__ = ["NAMES", "identities"]

NAMES = ("name", "phone", "address")
"""What is told of who somebody is; numbers of documents are for nobody here."""

_ASKED_AT_ONCE = 2_000


def identities(
    lake: Lake,
    customer_ids: Sequence[str],
    now: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now(tz="UTC"),
) -> dict[str, dict[str, Any]]:
    """customer_id → `NAMES` as they hold now, None where one is not known. Who was erased, or never told, is absent."""
    at, ids = now(), sorted(set(customer_ids))
    if not ids:
        return {}
    where = {"customer_id": ids} if len(ids) <= _ASKED_AT_ONCE else None
    frame = lake.read("identity", where=where)
    frame = frame[(frame["valid_from"] <= at) & ~(frame["valid_to"] <= at)]
    frame = frame.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    frame = frame.loc[frame.index.intersection(ids), list(NAMES)]
    known = frame.astype(object).where(frame.notna(), None)
    return {
        str(key): dict(zip(NAMES, row, strict=True)) for key, row in zip(known.index, known.to_numpy(), strict=True)
    }
