"""What areas are like: what stands above them, their rating, how high and how much they are loaded."""

import numpy as np
import pandas as pd

from features.behaviour.known import AREA_COLUMNS
from features.lake import Lake
from features.lake.held import current_rows
from features.load.reading import nodes_known_at
from features.load.resolution import step_of

__all__ = ["read_areas", "read_feeders"]

_YEAR, _QUARTER = pd.Timedelta(days=365), pd.Timedelta(days=90)
_AT_ONCE = 500


def read_areas(lake: Lake, area_ids: list[str], at: pd.Timestamp, told: pd.Timestamp) -> pd.DataFrame:
    """Index area_id, columns `AREA_COLUMNS`; a load of which less than half was read is not known."""
    nodes = nodes_known_at(lake, at, told)
    units = lake.valid("org_unit", at=at, as_of=told).set_index("unit_id")["parent_id"].to_dict()
    parents = nodes["parent_id"].to_dict()
    frame = nodes.reindex(pd.Index(area_ids, name="area_id"))[["hall_id", "rating_kva", "power_factor"]]
    feeders = [_text(parents.get(one)) for one in area_ids]
    halls = [_text(one) for one in frame["hall_id"]]
    above = [(*_chain(feeder, parents), *_chain(hall, units)) for feeder, hall in zip(feeders, halls, strict=True)]
    frame["feeder_id"] = pd.Series(feeders, index=frame.index, dtype=object)
    frame["above"] = pd.Series(above, index=frame.index, dtype=object)
    loads = [_loads(lake, area_ids[i : i + _AT_ONCE], at, told) for i in range(0, len(area_ids), _AT_ONCE)]
    return frame.join(pd.concat(loads))[list(AREA_COLUMNS)]


def read_feeders(lake: Lake, areas: pd.DataFrame, start: pd.Timestamp, told: pd.Timestamp) -> pd.DataFrame:
    """Mean power of the areas' feeders by UTC hour from `start` on; a column per feeder."""
    wanted = sorted({one for one in areas["feeder_id"] if isinstance(one, str)})
    if not wanted:
        return pd.DataFrame()
    frame = _current(lake, wanted, start, told)
    hour = frame["start_utc"].dt.floor("h")
    return frame["load_kw"].groupby([hour, frame["node_id"].astype("str")]).mean().unstack()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _chain(first: str | None, parents: dict) -> tuple[str, ...]:
    """A name and all above it; one that is above itself ends the chain."""
    found: list[str] = []
    while first is not None and first not in found:
        found.append(first)
        first = _text(parents.get(first))
    return tuple(found)


def _current(lake: Lake, node_ids: list[str], since: pd.Timestamp, told: pd.Timestamp) -> pd.DataFrame:
    columns = ["node_id", "start_utc", "load_kw"]
    frame = current_rows(lake, "node_load", columns, as_of=told, since=since, where={"node_id": node_ids})
    return frame.dropna(subset="load_kw")


def _loads(lake: Lake, node_ids: list[str], at: pd.Timestamp, told: pd.Timestamp) -> pd.DataFrame:
    frame = _current(lake, node_ids, at - _YEAR, told)
    frame = frame[(frame["start_utc"] < at).to_numpy(dtype=bool)]
    names = pd.Index(node_ids)
    if frame.empty:
        return pd.DataFrame(np.nan, index=names, columns=["peak_kw", "mean_kw_90d"])
    stamps = pd.DatetimeIndex(frame["start_utc"]).as_unit("us").asi8
    step = pd.Timedelta(minutes=step_of(stamps, frame["node_id"].astype("category").cat.codes.to_numpy()))
    node = frame["node_id"].astype("str")
    recent = frame["start_utc"] >= at - _QUARTER
    year, quarter = frame["load_kw"].groupby(node), frame.loc[recent, "load_kw"].groupby(node[recent])
    peak = year.max()[year.count() >= _YEAR / step / 2]
    mean = quarter.mean()[quarter.count() >= _QUARTER / step / 2]
    return pd.DataFrame({"peak_kw": peak.reindex(names), "mean_kw_90d": mean.reindex(names)})
