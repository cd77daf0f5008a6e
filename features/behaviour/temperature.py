"""Air temperature of local days, as customers felt it."""

import numpy as np
import pandas as pd

from features.behaviour.metering import midnights
from features.clock import Calendar
from features.lake import Lake

__all__ = ["read_temperature"]

_ENOUGH_OF_A_DAY = 0.75


def read_temperature(
    lake: Lake, calendar: Calendar, first_day: pd.Timestamp, days: int, told: pd.Timestamp
) -> pd.Series:
    """Mean air temperature of each local day over all stations; a day three quarters of which are known counts."""
    edge = midnights(calendar, first_day, days + 1)
    columns = ["station_id", "start_utc", "temperature_c"]
    frame = lake.read("weather_observed", columns=columns, as_of=told, since=edge[0])
    frame = frame[(frame["start_utc"] < edge[-1]).to_numpy(dtype=bool)].dropna(subset="temperature_c")
    if frame.empty:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    day = np.searchsorted(edge.asi8, pd.DatetimeIndex(frame["start_utc"]).as_unit("us").asi8, side="right") - 1
    by_day = frame["temperature_c"].groupby([frame["station_id"], day]).agg(["mean", "count"])
    by_day = by_day[by_day["count"] >= _ENOUGH_OF_A_DAY * by_day["count"].median()]
    mean = by_day["mean"].groupby(level=1).mean()
    return pd.Series(mean.to_numpy(), index=first_day + pd.to_timedelta(mean.index, unit="D"))
