"""Unknown hours of a load history filled in: gaps, and the days after its end, from actual temperature."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid
from training.outlook.carry import carried
from training.outlook.config import OutlookConfig
from training.outlook.model import PAD_HOURS, OutlookModel, fit_outlook, hourly

__all__ = ["fill_unknown"]


def fill_unknown(loads: Grid, weather: Grid, calendar: Calendar, config: OutlookConfig) -> Grid:
    """The grid `loads` (kW, hourly) with an expected load in place of every unknown hour; known hours stay.

    To look ahead, let the grid end with unknown hours for which `weather` (degC) has the temperature. What known days
    before and after a gap depart from the model by is carried over into it.
    """
    model = fit_outlook(loads, weather, calendar, config)
    hours = loads.values.shape[1]
    temperature = hourly(weather, loads.start - pd.Timedelta(hours=PAD_HOURS), hours + PAD_HOURS)
    expected = model.predict_kw(loads.start, temperature)
    if config.gaps.reach_days:
        expected += _carried(loads, expected, model, config)
    return replace(loads, values=np.where(np.isfinite(loads.values), loads.values, expected))


def _carried(loads: Grid, expected: np.ndarray, model: OutlookModel, config: OutlookConfig) -> np.ndarray:
    """Residuals [N, T] in kW that neighbouring days lend to unknown hours; days are local ones."""
    local = model.calendar.local(loads.times)
    day = (local.normalize() - local[0].normalize()).days.to_numpy()
    hour = local.hour.to_numpy()
    residuals = np.full((len(expected), day[-1] + 1, 24), np.nan)
    residuals[:, day, hour] = (loads.values - expected) / model.unit_kw[:, None]
    out = carried(residuals, config.gaps.reach_days, config.gaps.smooth_hours)
    return out[:, day, hour] * model.unit_kw[:, None]
