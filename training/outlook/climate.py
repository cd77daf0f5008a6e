"""Temperature that may come: past years as scenarios, moved to the season and tied to the weather of today."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.errors import ModelError
from features.load.grid import Grid
from training.outlook.config import ScenarioConfig
from training.outlook.model import PAD_HOURS, hourly

__all__ = ["temperature_scenarios"]

_YEAR_DAYS = 365.2425
_RECENT_HOURS = ((0, 3), (0, 24), (24, 72))
"""Stretches of hours before the first hour whose mean anomalies tell of the days after it."""
_LOOK_BACK = 72
_SEASON_DAYS = 60
_OTHER_SEASONS = 0.2


def temperature_scenarios(
    weather: Grid, calendar: Calendar, start: pd.Timestamp, hours: int, config: ScenarioConfig
) -> np.ndarray:
    """Scenarios [K, S, PAD_HOURS + hours] (degC) of all stations, from PAD_HOURS before `start` (UTC).

    Only weather before `start` is used. Each past year comes once for each shift in days: its departures from the
    mean annual and daily cycle are put on the cycle of the hours to come. Over the first `memory_hours` each
    scenario is conditioned on the weather just before `start`: by lead, the regression of departures on those of the
    hours before is applied to the difference between today and the scenario's own past, which keeps what the
    regression leaves open (conditional simulation, as in kriging). ModelError under one year of weather.
    """
    first = int(np.ceil((weather.start - start) / pd.Timedelta(hours=1)))
    past = pd.date_range(start + pd.Timedelta(hours=first), start, freq="h", inclusive="left")
    origins = _origins(hours, len(past), config.shift_days)
    if not len(origins):
        told = f"{len(past) // 24} days of temperature before {start} hold no past year of the season"
        raise ModelError(f"{told}; scenarios need one")
    observed = hourly(weather, past[0], len(past))
    cycle = _Cycle.fit(calendar.local(past), observed)
    anomaly = observed - cycle.at(calendar.local(past))
    ahead = cycle.at(calendar.local(pd.date_range(start, periods=hours, freq="h")))
    memory = min(config.memory_hours, hours)
    pull = _memory(anomaly, memory)
    scenarios = np.empty((len(origins), len(observed), PAD_HOURS + hours))
    scenarios[:, :, :PAD_HOURS] = observed[:, -PAD_HOURS:]
    now = _recent(anomaly, np.array([len(past)]))[0]
    for place, origin in enumerate(origins):
        scenarios[place, :, PAD_HOURS:] = ahead + anomaly[:, origin : origin + hours]
        apart = now - _recent(anomaly, np.array([origin]))[0]
        scenarios[place, :, PAD_HOURS : PAD_HOURS + memory] += np.einsum("sf,sfh->sh", apart, pull)
    return scenarios


def _origins(hours: int, known: int, shifts: tuple[int, ...]) -> np.ndarray:
    """Hours of the known past [known] at which scenarios begin, at the same hour of the day as its end."""
    days = [round(_YEAR_DAYS * back) + shift for back in range(1, known // 8760 + 2) for shift in shifts]
    origins = known - 24 * np.array(sorted(days, reverse=True))
    return origins[(origins >= PAD_HOURS) & (origins + hours <= known)]


@dataclass(frozen=True)
class _Cycle:
    """The mean annual cycle of each hour of the day, as harmonics; coefficients [P, S]."""

    coefficients: np.ndarray

    @classmethod
    def fit(cls, local: pd.DatetimeIndex, values: np.ndarray) -> "_Cycle":
        return cls(np.linalg.lstsq(cls._waves(local), values.T, rcond=None)[0])

    def at(self, local: pd.DatetimeIndex) -> np.ndarray:
        return (self._waves(local) @ self.coefficients).T

    @staticmethod
    def _waves(local: pd.DatetimeIndex) -> np.ndarray:
        turn = 2 * np.pi * local.hour.to_numpy() / 24
        year = 2 * np.pi * (local.day_of_year.to_numpy() / _YEAR_DAYS) + turn / _YEAR_DAYS
        annual, daily = ([np.ones(len(local))] for _ in range(2))
        for order in (1, 2, 3):
            annual += [np.sin(order * year), np.cos(order * year)]
            daily += [np.sin(order * turn), np.cos(order * turn)]
        return np.column_stack([one * other for one in annual for other in daily])


def _recent(anomaly: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Mean anomalies [A, S, F] over the stretches of _RECENT_HOURS before each of the hours `at` [A]."""
    sums = np.concatenate([np.zeros((len(anomaly), 1)), np.cumsum(anomaly, axis=1)], axis=1)
    parts = [(sums[:, at - late] - sums[:, at - early]) / (early - late) for late, early in _RECENT_HOURS]
    return np.stack(parts, axis=-1).transpose(1, 0, 2)


def _memory(anomaly: np.ndarray, leads: int) -> np.ndarray:
    """Coefficients [S, F, leads] of anomalies at each lead on the recent ones, over all days of the past.

    Days of the same season count most: weather lasts longer in some seasons than in others.
    """
    known = anomaly.shape[1]
    at = np.arange(known % 24, known - leads, 24)
    at = at[at >= _LOOK_BACK]
    if leads == 0 or len(at) < 60:
        return np.zeros((len(anomaly), len(_RECENT_HOURS), leads))
    recent = _recent(anomaly, at)
    apart = (known - at) / 24 % _YEAR_DAYS
    near = np.minimum(apart, _YEAR_DAYS - apart) <= _SEASON_DAYS
    root = np.sqrt(np.where(near, 1.0, _OTHER_SEASONS))[:, None]
    out = np.empty((len(anomaly), len(_RECENT_HOURS), leads))
    for station, series in enumerate(anomaly):
        coming = series[at[:, None] + np.arange(leads)]
        out[station] = np.linalg.lstsq(recent[:, station] * root, coming * root, rcond=None)[0]
    return out
