"""A batch of readings as arrays: which node, which interval, known when, and what was measured."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.contracts import NODE_LOAD
from features.errors import DataError

__all__ = ["MEASURES", "Readings", "Watched", "read_batch", "read_nodes"]

MEASURES = ("load_kw", "voltage_v_min", "voltage_v_max", "imbalance")
"""What is kept of a reading; `imbalance` is (max - min) / max of the phases, 0 where there is too little load."""

_NEEDED = ("node_id", "start_utc", "load_kw", "available_at")
_PHASES = ("load_a_kw", "load_b_kw", "load_c_kw")


@dataclass(frozen=True)
class Watched:
    """The nodes that are watched: `rating_kw` (NaN where unknown), whether voltages count, customers at or below."""

    ids: pd.Index
    rating_kw: np.ndarray
    has_voltage: np.ndarray
    customers: np.ndarray

    @cached_property
    def names(self) -> list[str]:
        """The ids as plain text: looking them up one by one in an index is slow."""
        return [str(one) for one in self.ids]


@dataclass(frozen=True)
class Readings:
    """Readings in order of interval: row of the node, slot (intervals since 1970), microseconds, values [·, measure].

    `unknown` rows name no watched node, `off_grid` ones do not begin where intervals do, `future` ones were known
    before their interval began, `invalid` ones hold no value at all.
    """

    row: np.ndarray
    slot: np.ndarray
    available: np.ndarray
    values: np.ndarray
    unknown: int = 0
    off_grid: int = 0
    future: int = 0
    invalid: int = 0

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: np.ndarray) -> "Readings":
        """Some of the readings, in the same order."""
        return Readings(self.row[which], self.slot[which], self.available[which], self.values[which])


def read_nodes(nodes: pd.DataFrame, voltage_kinds: tuple[str, ...]) -> Watched:
    """From a frame indexed by node_id: rating_kva, power_factor, kind, customers.

    Raises DataError when a column is missing or a node stands twice.
    """
    for name in ("rating_kva", "power_factor", "kind", "customers"):
        if name not in nodes:
            raise DataError("nodes", name, "column is missing", len(nodes), "the first row")
    if nodes.index.has_duplicates:
        twice = nodes.index[nodes.index.duplicated()]
        raise DataError("nodes", "node_id", "stands twice", len(twice), twice[0])
    rating = nodes["rating_kva"].to_numpy(dtype=float, na_value=np.nan)
    rating_kw = rating * nodes["power_factor"].to_numpy(dtype=float, na_value=np.nan)
    return Watched(
        ids=pd.Index(nodes.index.astype(str)),
        rating_kw=np.where(rating_kw > 0, rating_kw, np.nan),
        has_voltage=nodes["kind"].isin(voltage_kinds).to_numpy(dtype=bool),
        customers=nodes["customers"].fillna(0).to_numpy(dtype=np.int64),
    )


def read_batch(
    frame: pd.DataFrame, nodes: Watched, step_minutes: int, invalid_values: tuple[float, ...], min_share: float
) -> Readings:
    """Rows of the contract `node_load` as readings; phases are compared from `min_share` of the rating on.

    Values in `invalid_values`, and what is no number, are not known. Raises DataError when a column is missing.
    """
    for name in _NEEDED:
        if name not in frame:
            raise DataError(NODE_LOAD.name, name, "column is missing", len(frame), "the first row")
    row = _rows(frame["node_id"], nodes.ids)
    named = row >= 0
    unknown = len(row) - int(named.sum())
    if unknown:
        frame, row = frame[named], row[named]
    start, available = _micro(frame["start_utc"]), _micro(frame["available_at"])
    slot, rest = np.divmod(start, step_minutes * 60_000_000)
    values = _values(frame, row, nodes, invalid_values, min_share)
    off_grid = rest != 0
    future = ~off_grid & (start > available)
    empty = ~off_grid & ~future & np.isnan(values).all(axis=1)
    good = np.flatnonzero(~(off_grid | future | empty))
    good = good[np.argsort(slot[good], kind="stable")]
    told = (int(one.sum()) for one in (off_grid, future, empty))
    return Readings(row[good], slot[good], available[good], values[good], unknown, *told)


def _rows(node_id: pd.Series, ids: pd.Index) -> np.ndarray:
    """Row of each node, -1 where it is not watched; repeated names are looked up once."""
    if isinstance(node_id.dtype, pd.CategoricalDtype):
        places = ids.get_indexer(pd.Index(node_id.cat.categories.astype(str)))
        return np.append(places, -1)[node_id.cat.codes.to_numpy()]
    return np.asarray(ids.get_indexer(pd.Index(node_id)))


def _micro(times: pd.Series) -> np.ndarray:
    return pd.DatetimeIndex(times).as_unit("us").asi8


def _values(
    frame: pd.DataFrame, row: np.ndarray, nodes: Watched, invalid_values: tuple[float, ...], min_share: float
) -> np.ndarray:
    """What is kept, float64 [reading, measure]; NaN is not known."""
    values = np.full((len(frame), len(MEASURES)), np.nan)
    for place, name in enumerate(MEASURES[:3]):
        values[:, place] = _known(frame, name, invalid_values)
    values[~nodes.has_voltage[row], 1:3] = np.nan
    phases = np.abs(np.stack([_known(frame, name, invalid_values) for name in _PHASES], axis=1))
    three = np.flatnonzero(np.isfinite(phases).all(axis=1))
    if len(three):
        share = np.abs(values[three, 0]) / nodes.rating_kw[row[three]]
        most, least = phases[three].max(axis=1), phases[three].min(axis=1)
        apart = np.divide(most - least, most, out=np.zeros(len(three)), where=most > 0)
        # Where load or rating is not known, nothing is known of the share, either.
        values[three, 3] = np.where(np.isnan(share), np.nan, np.where(share >= min_share, apart, 0.0))
    return values


def _known(frame: pd.DataFrame, name: str, invalid_values: tuple[float, ...]) -> np.ndarray:
    if name not in frame:
        return np.full(len(frame), np.nan)
    values = frame[name].to_numpy(dtype=float, na_value=np.nan).copy()
    for one in invalid_values:
        values[values == one] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values
