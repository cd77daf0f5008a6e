"""What allocation refuses: every fault names the table, the column, how many rows have it and the first of them."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from features.errors import DataError
from serving.decisions.allocation.policy import PRIORITIES
from training.peak.blocks import BLOCKS

__all__ = ["REQUEST_COLUMNS", "check_places", "check_requests", "check_room"]

_SHARES = [f"block_share_{block}" for block in range(BLOCKS)]
REQUEST_COLUMNS = (
    "request_id",
    "kva",
    *_SHARES,
    "priority",
    "node_id",
    "longitude",
    "latitude",
    "submitted_at",
    "customer_class",
)
"""Columns of the requests."""


def check_requests(requests: pd.DataFrame, paths: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse requests that cannot be allocated as they are."""
    _columns("request", requests, [name for name in REQUEST_COLUMNS if name != "customer_class"])
    keys = requests["request_id"]
    _refuse("request", "request_id", "is missing", keys.isna(), keys)
    _refuse("request", "request_id", "stands twice", keys.duplicated(), keys)
    kva = requests["kva"].to_numpy(dtype=float)
    _refuse("request", "kva", "is not a number above zero", ~(np.isfinite(kva) & (kva > 0)), keys)
    for name in _SHARES:
        share = requests[name].to_numpy(dtype=float)
        _refuse("request", name, "is not a share from 0 to 1", ~((share >= 0) & (share <= 1)), keys)
    _refuse("request", _SHARES[0], "nothing is drawn in any block", (requests[_SHARES] == 0).all(axis=1), keys)
    _refuse("request", "priority", "is none of 1 to 5", ~requests["priority"].isin(PRIORITIES), keys)
    asked, known = requests["node_id"], requests["node_id"].isin(list(paths))
    _refuse("request", "node_id", "is no known area", asked.notna() & ~known, keys)
    lost = requests["longitude"].isna() | requests["latitude"].isna()
    _refuse("request", "longitude", "has neither an area nor a position", asked.isna() & lost, keys)
    _refuse("request", "submitted_at", "is missing", requests["submitted_at"].isna(), keys)


def check_room(room: pd.DataFrame) -> None:
    """Refuse room that names a node twice or is below zero; NaN says that it is not known."""
    _columns("room", room, range(BLOCKS))
    nodes = pd.Series(room.index)
    _refuse("room", "node_id", "stands twice", nodes.duplicated(), nodes)
    for block in range(BLOCKS):
        values = room[block].to_numpy(dtype=float)
        _refuse("room", str(block), "is below zero or infinite", (values < 0) | np.isinf(values), nodes)


def check_places(places: pd.DataFrame, paths: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a place that stands twice, and a path that does not begin at its area."""
    _columns("place", places, ["longitude", "latitude"])
    nodes = pd.Series(places.index)
    _refuse("place", "node_id", "stands twice", nodes.duplicated(), nodes)
    areas = pd.Series(sorted(paths), dtype="object")
    _refuse("path", "node_id", "does not begin at its area", [paths[one][:1] != (one,) for one in areas], areas)


def _columns(table: str, frame: pd.DataFrame, names: Iterable[str | int]) -> None:
    for name in names:
        if name not in frame.columns:
            raise DataError(table, str(name), "column is missing", len(frame), "the first row")


def _refuse(table: str, column: str, reason: str, wrong: object, keys: pd.Series) -> None:
    bad = np.asarray(wrong, dtype=bool)
    if bad.any():
        raise DataError(table, column, reason, int(bad.sum()), keys.iloc[int(bad.argmax())])
