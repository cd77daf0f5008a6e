"""The point model of the outlook: an ensemble of regressions per hour of the day on calendar and temperature."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.errors import ModelError
from features.load.grid import Grid
from training.outlook.config import OutlookConfig, TermsConfig
from training.outlook.ridge import solve_hours
from training.outlook.stations import rank_stations
from training.outlook.terms import PAD_HOURS, dated_terms, weather_terms

__all__ = ["Member", "OutlookModel", "fit_outlook", "hourly", "transformed"]

_EXPONENTS = (-6.0, 4.0)
_FLOOR = 0.02
"""A load that ever falls below this share of its mean is not modelled by its logarithm."""


@dataclass(frozen=True)
class Member:
    """One regression of every node: `coefficients` [N, 24, P] on the terms of the mean over `stations` [N, k].

    It gives the logarithm of the load where `logged` [N], else the load itself.
    """

    logged: np.ndarray
    coefficients: np.ndarray
    stations: np.ndarray


@dataclass(frozen=True)
class OutlookModel:
    """Fitted members. Loads are in units of `unit_kw` [N] inside; terms unknown to the history count nothing."""

    node_ids: tuple[str, ...]
    station_ids: tuple[str, ...]
    calendar: Calendar
    terms: TermsConfig
    reference: pd.Timestamp
    names: tuple[str, ...]
    unit_kw: np.ndarray
    members: tuple[Member, ...]

    def predict_kw(self, start: pd.Timestamp, temperature: np.ndarray) -> np.ndarray:
        """Expected load [N, T] in kW, the mean of the members.

        `temperature` [S, PAD_HOURS + T] (degC, all stations, nothing unknown) begins PAD_HOURS before `start` (UTC).
        """
        local = self.calendar.local(pd.date_range(start, periods=temperature.shape[1] - PAD_HOURS, freq="h"))
        dated = dated_terms(local, self.calendar, self.reference, self.terms)
        return self.predict_dated(local, dated, temperature)

    def predict_dated(
        self, local: pd.DatetimeIndex, dated: dict[str, np.ndarray], temperature: np.ndarray
    ) -> np.ndarray:
        """As predict_kw, where the calendar's terms of the hours `local` are at hand already."""
        total = np.zeros((len(self.node_ids), len(local)))
        hours = [np.flatnonzero(local.hour == hour) for hour in range(24)]
        matrices: dict[tuple[int, ...], np.ndarray] = {}
        for member in self.members:
            for node, mix in enumerate(member.stations):
                key = tuple(mix.tolist())
                if key not in matrices:
                    matrices[key] = self._matrix(dated, temperature[mix].mean(axis=0))
                values = np.empty(len(local))
                for hour, at in enumerate(hours):
                    values[at] = matrices[key][at] @ member.coefficients[node, hour]
                total[node] += np.exp(np.clip(values, *_EXPONENTS)) if member.logged[node] else values
        return total / len(self.members) * self.unit_kw[:, None]

    def _matrix(self, dated: dict[str, np.ndarray], temperature: np.ndarray) -> np.ndarray:
        columns = dated | weather_terms(temperature, dated, self.terms)
        nothing = np.zeros(len(temperature) - PAD_HOURS)
        return np.column_stack([columns.get(name, nothing) for name in self.names])


def fit_outlook(loads: Grid, weather: Grid, calendar: Calendar, config: OutlookConfig) -> OutlookModel:
    """Fit every member on hourly loads (kW, NaN where unknown) and temperature (degC).

    ModelError where the loads are not hourly, no station has a reading, or a node has under 60 days.
    """
    if loads.step_minutes != 60:
        raise ModelError(f"the outlook is hourly; these loads come every {loads.step_minutes} minutes")
    known = np.isfinite(loads.values)
    for node, hours in zip(loads.ids, known.sum(axis=1), strict=True):
        if hours < 60 * 24:
            raise ModelError(f"node {node}: {hours} known hours are too few for an outlook; it takes 60 days")
    temperature = hourly(weather, loads.start - pd.Timedelta(hours=PAD_HOURS), loads.values.shape[1] + PAD_HOURS)
    unit = np.maximum(np.nanmean(np.abs(loads.values), axis=1), 1e-9)
    fitting = _Fitting(loads.values / unit[:, None], temperature, calendar.local(loads.times), calendar, config)
    names, members = fitting.members()
    return OutlookModel(loads.ids, weather.ids, calendar, config.terms, fitting.local[-1], names, unit, members)


@dataclass(frozen=True)
class _Fitting:
    """One fit: loads [N, T] in units, temperature [S, PAD_HOURS + T], wall-clock hours [T]."""

    scaled: np.ndarray
    temperature: np.ndarray
    local: pd.DatetimeIndex
    calendar: Calendar
    config: OutlookConfig

    def members(self) -> tuple[tuple[str, ...], tuple[Member, ...]]:
        """Names of the terms, and the members; nodes and members that share a mix of stations share its terms."""
        dated = dated_terms(self.local, self.calendar, self.local[-1], self.config.terms)
        names = tuple(dated | weather_terms(self.temperature[0], dated, self.config.terms))
        ranked = rank_stations(self.scaled, self.temperature[:, PAD_HOURS:])
        positive = np.nanquantile(self.scaled, 0.005, axis=1) > _FLOOR
        chosen = [np.sort(ranked[:, : member.stations], axis=1) for member in self.config.members]
        fitted = [np.zeros((len(self.scaled), 24, len(names))) for _ in chosen]
        logged = [positive & member.logged for member in self.config.members]
        for mix in sorted({tuple(row) for stations in chosen for row in stations.tolist()}):
            columns = dated | weather_terms(self.temperature[list(mix)].mean(axis=0), dated, self.config.terms)
            matrix = np.column_stack(list(columns.values()))
            for place, member in enumerate(self.config.members):
                rows = np.array([row for row, one in enumerate(chosen[place].tolist()) if tuple(one) == mix], dtype=int)
                if len(rows):
                    target = transformed(self.scaled[rows], logged[place][rows])
                    fitted[place][rows] = solve_hours(target, matrix, self.local, member.ridge, member.half_life_years)
        return names, tuple(Member(*one) for one in zip(logged, fitted, chosen, strict=True))


def transformed(values: np.ndarray, logged: np.ndarray) -> np.ndarray:
    """Loads [N, ...] in units, as logarithms where `logged` [N]."""
    chosen = logged.reshape(-1, *[1] * (values.ndim - 1))
    return np.where(chosen, np.log(np.maximum(values, _FLOOR)), values)


def hourly(weather: Grid, start: pd.Timestamp, hours: int) -> np.ndarray:
    """Values [S, hours] from `start` on; gaps are bridged, edges repeat the nearest known value.

    ModelError names the first station without any reading.
    """
    wanted = pd.date_range(start, periods=hours, freq="h").as_unit("us").asi8
    points = weather.times.as_unit("us").asi8
    out = np.empty((len(weather.ids), hours))
    for row, series in enumerate(weather.values):
        good = np.isfinite(series)
        if not good.any():
            raise ModelError(f"station {weather.ids[row]}: no temperature is known")
        out[row] = np.interp(wanted, points[good], series[good])
    return out
