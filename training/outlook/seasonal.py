"""The plain peer of the outlook: what the load was at the same season and hour in the past."""

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid

__all__ = ["seasonal_quantiles"]

_YEAR_DAYS = 365


def seasonal_quantiles(
    loads: Grid, calendar: Calendar, start: pd.Timestamp, hours: int, levels: tuple[float, ...], days: int = 12
) -> np.ndarray:
    """Quantiles [N, hours, levels] in kW of the past loads at the same local hour, within `days` of the date.

    Days off and working days are kept apart. Nothing from `start` (UTC) on is used; NaN where nothing alike is known.
    """
    past = loads.until(start)
    when, wanted = calendar.local(past.times), calendar.local(pd.date_range(start, periods=hours, freq="h"))
    off, wanted_off = (calendar.days(one)["off"].loc[one.normalize()].to_numpy() for one in (when, wanted))
    day_of_year, hour = when.day_of_year.to_numpy(), when.hour.to_numpy()
    out = np.full((len(loads.ids), hours, len(levels)), np.nan)
    for place, moment in enumerate(wanted):
        apart = np.abs(day_of_year - moment.day_of_year)
        near = np.minimum(apart, _YEAR_DAYS - apart) <= days
        alike = past.values[:, near & (hour == moment.hour) & (off == wanted_off[place])]
        known = np.isfinite(alike).any(axis=1)
        if known.any():
            out[known, place] = np.nanquantile(alike[known], levels, axis=1).T
    return out
