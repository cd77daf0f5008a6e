"""What monitoring reads of the lake: the nodes with ratings and customers, and loads as shares of what was rated."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from features.errors import NotFoundError
from features.lake import Lake
from features.load.resolution import step_of

__all__ = ["Ledgers", "newest_reading", "read_ledgers", "read_loads", "step_minutes_of"]

_COLUMNS = ["node_id", "start_utc", "load_kw", "voltage_v_min", "voltage_v_max"]
_PHASES = ["load_a_kw", "load_b_kw", "load_c_kw"]
_RECENT = pd.Timedelta(days=32)


@dataclass(frozen=True)
class Ledgers:
    """Rows of node, transformer, line_segment and customer as known at one moment, of all periods."""

    node: pd.DataFrame
    transformer: pd.DataFrame
    line_segment: pd.DataFrame
    customer: pd.DataFrame

    def nodes(self, at: pd.Timestamp) -> pd.DataFrame:
        """The nodes that exist at `at`, by node_id: rating_kva, power_factor, kind, hall_id, customers.

        The rating is that of all transformers together; without one, the node's own; of a feeder without either, what
        may flow where it begins. NaN where nothing is known. `customers` are those at or below.
        """
        nodes = _holding(self.node, "node_id", at).set_index("node_id")
        transformers = _holding(self.transformer, "transformer_id", at)
        listed = transformers.groupby("node_id")["rating_kva"].sum().reindex(nodes.index)
        segments = _holding(self.line_segment, "segment_id", at)
        heads = segments[~segments["from_id"].isin(set(segments["to_id"]))]
        thermal = heads.groupby("feeder_id")["thermal_limit_kva"].sum().reindex(nodes.index)
        rating = listed.fillna(nodes["rating_kva"]).fillna(thermal).astype("float64")
        frame = nodes[["power_factor", "kind", "hall_id"]].assign(rating_kva=rating)
        return frame.assign(customers=self._customers(nodes["parent_id"], at))

    def changes(self, first: pd.Timestamp, last: pd.Timestamp) -> list[pd.Timestamp]:
        """The moments after `first`, up to `last`, from which another rating may hold."""
        stamps = [frame[name] for frame in (self.node, self.transformer) for name in ("valid_from", "valid_to")]
        moments = pd.concat([pd.Series(one) for one in stamps]).dropna().unique()
        return sorted(pd.Timestamp(one) for one in moments if first < one <= last)

    def _customers(self, parents: pd.Series, at: pd.Timestamp) -> np.ndarray:
        above = {str(node): parent for node, parent in parents.items() if isinstance(parent, str)}
        counts: Counter[str] = Counter()
        for area, number in _holding(self.customer, "customer_id", at)["area_id"].value_counts().items():
            node: str | None = str(area)
            seen: set[str] = set()
            while node is not None and node not in seen:
                seen.add(node)
                counts[node] += int(number)
                node = above.get(node)
        return np.array([counts[str(node)] for node in parents.index], dtype=np.int64)


def _holding(frame: pd.DataFrame, key: str, at: pd.Timestamp) -> pd.DataFrame:
    """Rows that hold at a moment, one a key: that of the latest period."""
    rows = frame[(frame["valid_from"] <= at) & ~(frame["valid_to"] <= at)]
    return rows.sort_values([key, "valid_from"], kind="stable").drop_duplicates(key, keep="last")


def read_ledgers(lake: Lake, as_of: pd.Timestamp | None = None) -> Ledgers:
    """The ledgers as known at `as_of` (default: now)."""
    return Ledgers(*(lake.read(name, as_of=as_of) for name in ("node", "transformer", "line_segment", "customer")))


def newest_reading(lake: Lake) -> pd.Timestamp:
    """The end of the newest interval that was read; NotFoundError where the lake holds no load."""
    columns = ["node_id", "start_utc", "available_at"]
    recent = lake.versions("node_load", columns=columns, since=pd.Timestamp.now(tz="UTC") - _RECENT)
    frame = recent if len(recent) else lake.versions("node_load", columns=columns)
    # A meter whose clock is years ahead must not carry everybody along.
    frame = frame[frame["start_utc"] <= frame["available_at"]]
    if frame.empty:
        raise NotFoundError("the lake holds no node_load rows: ingest a source first")
    newest = pd.Timestamp(frame["start_utc"].max())
    near = frame[frame["start_utc"] > newest - _RECENT]
    return newest + pd.Timedelta(minutes=step_minutes_of(near))


def step_minutes_of(loads: pd.DataFrame) -> int:
    """The resolution of readings in minutes, whatever is missing."""
    stamp = pd.DatetimeIndex(loads["start_utc"]).as_unit("us").asi8
    return step_of(stamp, loads["node_id"].astype("category").cat.codes.to_numpy())


def read_loads(
    lake: Lake,
    ledgers: Ledgers,
    first: pd.Timestamp,
    now: pd.Timestamp,
    as_of: pd.Timestamp | None = None,
    node_ids: list[str] | None = None,
) -> pd.DataFrame:
    """Current node_load rows of intervals from `first` until `now`, of all nodes or of some.

    Rows of before a change of rating are told in terms of the rating at `now`: the share of the rating stays what it
    was, and an overload of yesterday is not forgotten because the transformer was exchanged today.
    """
    where = None if node_ids is None else {"node_id": node_ids}
    columns = [*_COLUMNS, *_PHASES, "available_at"]
    frame = lake.read("node_load", columns=columns, as_of=as_of, where=where, since=first)
    frame = frame[frame["start_utc"] < now].reset_index(drop=True)
    at_last = _rated_kw(ledgers, now)
    bounds = [first, *ledgers.changes(first, now), now]
    for begin, end in pairwise(bounds) if len(bounds) > 2 else ():
        ratio = (at_last / _rated_kw(ledgers, begin).reindex(at_last.index)).replace([np.inf, -np.inf], np.nan)
        moved = ratio[ratio.notna() & (ratio != 1.0)]
        rows = frame.index[
            (frame["start_utc"] >= begin) & (frame["start_utc"] < end) & frame["node_id"].isin(moved.index)
        ]
        factor = frame.loc[rows, "node_id"].map(moved).to_numpy(dtype=float)
        for name in ("load_kw", *_PHASES):
            frame.loc[rows, name] = frame.loc[rows, name].to_numpy(dtype=float) * factor
    return frame


def _rated_kw(ledgers: Ledgers, at: pd.Timestamp) -> pd.Series:
    nodes = ledgers.nodes(at)
    rated: pd.Series = nodes["rating_kva"] * nodes["power_factor"].astype("float64")
    return rated
