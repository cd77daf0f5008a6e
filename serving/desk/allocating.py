"""Where applications connect: rows that ask, the ground they stand on, one answer.

The room that is handed to `allocate_in` is what may still be promised: whoever keeps reservations takes them off first.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from features.configs import config_path
from features.errors import DataError
from features.settings import load_settings
from serving.decisions.allocation import REQUEST_COLUMNS, Allocation, AllocationPolicy, allocate
from serving.decisions.pools import supply_paths
from serving.holdings import Territory
from serving.rows import plain
from training.peak.blocks import BLOCKS
from training.peak.connections import ConnectionPolicy

__all__ = [
    "allocate_in",
    "allocation_answer",
    "class_shares_of",
    "ground_of",
    "load_allocation_policy",
    "request_frame",
]

_SHARES = [f"block_share_{block}" for block in range(BLOCKS)]
_PRIORITY = 3
_TEXTS = ("request_id", "node_id", "customer_class")


def load_allocation_policy(path: Path | None = None) -> AllocationPolicy:
    """The policy of `path`, or the one in force (`configs/policy/allocation.yaml`)."""
    return load_settings(AllocationPolicy, path or config_path("policy/allocation.yaml"))


def ground_of(territory: Territory) -> tuple[dict[str, tuple[str, ...]], pd.DataFrame]:
    """The path of each area from itself upwards, and longitude and latitude of all nodes (NaN: not known)."""
    nodes = territory.nodes
    paths = supply_paths({name: node.parent_id for name, node in nodes.items()})
    spots = {name: (node.longitude, node.latitude) for name, node in nodes.items()}
    places = pd.DataFrame.from_dict(spots, orient="index", columns=["longitude", "latitude"], dtype=float)
    return {name: path for name, path in paths.items() if nodes[name].kind == "area"}, places


def allocate_in(
    territory: Territory, room: pd.DataFrame, requests: pd.DataFrame, policy: AllocationPolicy
) -> Allocation:
    """Allocate `requests` (as `request_frame` makes them) within `room`, what may still be promised at each node."""
    paths, places = ground_of(territory)
    return allocate(requests, room, paths, places, policy)


def request_frame(rows: Sequence[Mapping[str, Any]], class_shares: pd.DataFrame | None = None) -> pd.DataFrame:
    """Requests as `allocate` takes them, from rows with at least kva and either node_id or longitude and latitude.

    Where no row has it, request_id is the number of the row, submitted_at the order of the rows; priority is 3 where
    it is left out. A row's own block_share_0..5 hold. Without, it is firm and draws all of its kVA all day; or, with
    `class_shares` (see `class_shares_of`), what its customer_class does, which it must have then. DataError for an
    unknown column and for what cannot be read.
    """
    frame = pd.DataFrame([dict(row) for row in rows])
    for name in frame.columns:
        if name not in REQUEST_COLUMNS:
            raise DataError("request", str(name), "is no column of a request", len(frame), "the first row")
    frame = frame.reindex(columns=list(REQUEST_COLUMNS))
    for name in ("kva", "priority", "longitude", "latitude", *_SHARES):
        frame[name] = _numbers(frame, name)
    for name in _TEXTS:
        texts = frame[name].astype(object)
        frame[name] = [str(one) if pd.notna(one) and one != "" else None for one in texts]
    if frame["request_id"].isna().all():
        frame["request_id"] = [str(number) for number in range(1, len(frame) + 1)]
    frame["priority"] = frame["priority"].fillna(_PRIORITY)
    frame["submitted_at"] = _moments(frame)
    return _shaped(frame, class_shares)


def _numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    values = pd.to_numeric(frame[name], errors="coerce").astype(float)
    given = frame[name].notna() & (frame[name].astype(str).str.strip() != "")
    _refuse(name, "is no number", given & values.isna())
    return values


def _moments(frame: pd.DataFrame) -> pd.Series:
    given = frame["submitted_at"].astype(object)
    if given.isna().all():
        order = pd.to_timedelta(range(len(frame)), unit="s")
        return pd.Series(pd.Timestamp("1970-01-01", tz="UTC") + order, index=frame.index)
    moments = pd.to_datetime(given, utc=True, errors="coerce", format="ISO8601")
    _refuse("submitted_at", "is no time in ISO 8601", moments.isna())
    return moments


def _shaped(frame: pd.DataFrame, class_shares: pd.DataFrame | None) -> pd.DataFrame:
    bare = frame[_SHARES].isna()
    _refuse(_SHARES[0], "some of the six shares are missing", bare.any(axis=1) & ~bare.all(axis=1))
    blank = bare.all(axis=1)
    if class_shares is None:
        frame.loc[blank, _SHARES] = 1.0
        return frame
    unknown = ~frame["customer_class"].isin(list(class_shares.index))
    _refuse("customer_class", f"is none of {', '.join(class_shares.index)}", blank & unknown)
    frame.loc[blank, _SHARES] = class_shares.loc[frame.loc[blank, "customer_class"].tolist()].to_numpy()
    return frame


def class_shares_of(connections: ConnectionPolicy, policy: AllocationPolicy) -> pd.DataFrame:
    """kVA of room that each class (index) draws per kVA asked for, in blocks 0 to 5, at most one.

    Expected highest loads: what the next publication keeps for them is more, by its conformal factor.
    """
    return (connections.block_kw_per_kva() / policy.power_factor).clip(upper=1.0)


def _refuse(column: str, reason: str, wrong: pd.Series) -> None:
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise DataError("request", column, reason, int(wrong.sum()), f"row {row + 1}")


def allocation_answer(found: Allocation) -> dict[str, Any]:
    """The allocation as plain values: what is assigned, what is not and why, alternatives beside each; kVA, km, CNY."""
    others: dict[str, list[dict[str, Any]]] = {}
    for row in _plain_rows(found.alternatives):
        others.setdefault(row.pop("request_id"), []).append(row)

    def with_others(frame: pd.DataFrame) -> list[dict[str, Any]]:
        return [{**row, "alternatives": others.get(row["request_id"], [])} for row in _plain_rows(frame)]

    return {
        "assignments": with_others(found.assignments),
        "unserved": with_others(found.unserved),
        "totals": {name: plain(value) for name, value in found.totals.items()},
        "method": found.method,
        "optimal": found.optimal,
        "gap": plain(found.gap),
    }


def _plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
