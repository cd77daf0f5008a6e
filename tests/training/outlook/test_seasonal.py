"""The seasonal peer: quantiles of what plain loops find alike in the past."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from features.load.grid import Grid
from training.outlook import seasonal_quantiles

LEVELS = (0.1, 0.5, 0.9)


def test_quantiles_are_those_of_like_hours_of_the_past(world: SimpleNamespace) -> None:
    values = world.loads.values.copy()
    start = world.loads.start + pd.Timedelta(days=800)
    values[0, 800 * 24 :] = 1e6
    values[0, 5 * 24 : 9 * 24] = np.nan
    loads = Grid(("a", "silent"), world.loads.start, 60, np.stack([values[0], np.full(values.shape[1], np.nan)]))
    found = seasonal_quantiles(loads, world.calendar, start, 48, LEVELS, days=10)
    off = world.calendar.days(pd.date_range("2020-01-01", "2022-12-31"))["off"]
    for place in (0, 17, 47):
        wanted = start.tz_localize(None) + pd.Timedelta(hours=place)
        alike = []
        for moment, load in zip(loads.times[: 800 * 24].tz_localize(None), values[0], strict=False):
            apart = abs(moment.day_of_year - wanted.day_of_year)
            same = moment.hour == wanted.hour and off[moment.normalize()] == off[wanted.normalize()]
            if same and min(apart, 365 - apart) <= 10 and np.isfinite(load):
                alike.append(load)
        np.testing.assert_allclose(found[0, place], np.quantile(alike, LEVELS))
    assert np.isnan(found[1]).all()
