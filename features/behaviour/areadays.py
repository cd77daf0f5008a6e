"""Daily energy of areas, as their own meters told it: what went in, beside what customers' meters read."""

import numpy as np
import pandas as pd

from features.behaviour.metering import midnights
from features.clock import Calendar
from features.lake import Lake
from features.lake.held import current_rows
from features.load.resolution import step_of

__all__ = ["read_area_days"]

_LEAST_SHARE = 0.9


def read_area_days(
    lake: Lake, calendar: Calendar, area_ids: list[str], first_day: pd.Timestamp, count: int, told: pd.Timestamp
) -> np.ndarray:
    """kWh [areas × days] of `count` local days from `first_day` on, as known at `told`.

    A day of which less than nine tenths were read is not known (NaN); what is missing of the others counts as the mean
    of what was read.
    """
    edges = midnights(calendar, first_day, count + 1)
    columns = ["node_id", "start_utc", "load_kw"]
    frame = current_rows(lake, "node_load", columns, as_of=told, since=edges[0], where={"node_id": area_ids})
    frame = frame.dropna(subset="load_kw")
    out = np.full((len(area_ids), count), np.nan)
    if frame.empty:
        return out
    start = pd.DatetimeIndex(frame["start_utc"])
    node = pd.Index(area_ids).get_indexer(pd.Index(frame["node_id"].astype("str")))
    step = pd.Timedelta(minutes=step_of(start.as_unit("us").asi8, node))
    day = np.searchsorted(edges.as_unit("us").asi8, start.as_unit("us").asi8, side="right") - 1
    within = (node >= 0) & (day >= 0) & (day < count)
    place = node[within] * count + day[within]
    power = np.bincount(place, weights=frame["load_kw"].to_numpy(dtype=float)[within], minlength=out.size)
    read = np.bincount(place, minlength=out.size)
    hours = np.tile((edges[1:] - edges[:-1]) / pd.Timedelta(hours=1), len(area_ids))
    enough = read >= _LEAST_SHARE * hours / (step / pd.Timedelta(hours=1))
    out.reshape(-1)[enough] = power[enough] / read[enough] * hours[enough]
    return out
