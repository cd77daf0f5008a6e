"""The linear stage: ridge regressions per node and hour of day on calendar and weather, all nodes at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid
from features.load.issue import combine_stations
from features.load.terms import PAD_HOURS, calendar_terms, linear_terms
from training.demand.config import LinearConfig
from training.demand.ridge import SLOTS, solve_hours

__all__ = ["EXPONENTS", "LinearStage", "on_grid", "stays_positive"]

EXPONENTS = (-6.0, 4.0)
"""An exponent beyond these is no load any more but an extrapolation gone wild."""


@dataclass(frozen=True)
class LinearStage:
    """Fitted coefficients. `coefficients` [N, 24, P] act on the terms of the node's weather group.

    A node whose load stays clearly positive is modelled by its logarithm (`logged`), others in units of `unit_kw`.
    Nodes that could not be fitted have NaN coefficients.
    """

    node_ids: tuple[str, ...]
    station_ids: tuple[str, ...]
    names: tuple[str, ...]
    coefficients: np.ndarray
    logged: np.ndarray
    unit_kw: np.ndarray
    group_weights: np.ndarray
    node_group: np.ndarray
    reference: pd.Timestamp

    @classmethod
    def fit(
        cls,
        loads: Grid,
        weather: Grid | None,
        calendar: Calendar,
        config: LinearConfig,
        station_choice: dict[str, str] | None = None,
    ) -> "LinearStage":
        """Fit on known loads (kW); `weather` is observed temperature on its own grid."""
        from training.demand.stations import choose_stations

        reference = calendar.local(pd.DatetimeIndex([loads.end]))[0]
        unit = np.array([_unit(row) for row in loads.values])
        logged = np.array([stays_positive(row) for row in loads.values], dtype=bool)
        target = _transform(loads.values, logged, unit)
        if weather is None:
            groups, member = np.zeros((1, 0)), np.zeros(len(loads.ids), dtype=int)
            temperature = None
        else:
            temperature = on_grid(weather, loads)
            groups, member = choose_stations(
                target, temperature, loads, weather.ids, config.stations, station_choice or {}
            )
        names, coefficients = _coefficients(target, loads, calendar, reference, config, groups, member, temperature)
        stations = () if weather is None else weather.ids
        return cls(loads.ids, stations, names, coefficients, logged, unit, groups, member, reference)

    def predict_kw(
        self,
        rows: np.ndarray,
        start: pd.Timestamp,
        step_minutes: int,
        temperature: np.ndarray | None,
        calendar: Calendar,
    ) -> np.ndarray:
        """Median load in kW [rows, T] over the intervals that follow `start` + PAD_HOURS.

        `temperature` [S, PAD + T] has all stations from `start` on. The sum over terms runs in one fixed order, so
        that the figure of an interval does not depend on which others are asked for.
        """
        per_hour = 60 // step_minutes
        pad = PAD_HOURS * per_hour
        steps = (temperature.shape[1] if temperature is not None else 0) - pad
        return self._predict(rows, start + pd.Timedelta(hours=PAD_HOURS), step_minutes, steps, temperature, calendar)

    def _predict(
        self,
        rows: np.ndarray,
        first: pd.Timestamp,
        step_minutes: int,
        steps: int,
        temperature: np.ndarray | None,
        calendar: Calendar,
    ) -> np.ndarray:
        local = calendar.local(pd.date_range(first, periods=steps, freq=f"{step_minutes}min"))
        out = np.full((len(rows), steps), np.nan)
        for mine, matrix in self.designs(rows, local, calendar.days(local), temperature, 60 // step_minutes):
            out[mine] = self.on_terms(rows[mine], matrix, local)
        return self.to_kw(rows, out)

    def designs(
        self,
        rows: np.ndarray,
        local: pd.DatetimeIndex,
        days: pd.DataFrame,
        temperature: np.ndarray | None,
        steps_per_hour: int,
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each weather group: which of `rows` are its nodes, and the terms [T, P] of its intervals `local`.

        `days` are the calendar rows; `temperature` [S, PAD + T] has all stations.
        """
        dated = calendar_terms(local, days, self.reference)
        for group in np.unique(self.node_group[rows]):
            series = None
            if temperature is not None:
                series = combine_stations(self.group_weights[group : group + 1], temperature)[0]
            yield np.flatnonzero(self.node_group[rows] == group), linear_terms(dated, series, steps_per_hour)[0]

    def on_terms(self, rows: np.ndarray, matrix: np.ndarray, local: pd.DatetimeIndex) -> np.ndarray:
        """The weighted sum of terms [rows, T], on the stage's own scale; `matrix` [T, P] are terms at `local`."""
        hours = local.hour.to_numpy()
        coefficients = self.coefficients[rows]
        values = np.empty((len(rows), len(matrix)))
        for hour in np.unique(hours):
            at = np.flatnonzero(hours == hour)
            values[:, at] = np.einsum("np,tp->nt", coefficients[:, hour], matrix[at])
        return values

    def predict_without_weather(
        self, rows: np.ndarray, first: pd.Timestamp, step_minutes: int, steps: int, calendar: Calendar
    ) -> np.ndarray:
        """As predict_kw, for a territory that has no weather at all."""
        return self._predict(rows, first, step_minutes, steps, None, calendar)

    def to_kw(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """From the stage's own scale to kW."""
        unit = self.unit_kw[rows, None]
        return np.where(self.logged[rows, None], np.exp(np.clip(values, *EXPONENTS)) * unit, values * unit)


def _coefficients(
    target: np.ndarray,
    loads: Grid,
    calendar: Calendar,
    reference: pd.Timestamp,
    config: LinearConfig,
    groups: np.ndarray,
    member: np.ndarray,
    temperature: np.ndarray | None,
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the terms, and the coefficients [N, 24, P] of all nodes, weather group by weather group."""
    local = calendar.local(loads.times)
    dated = calendar_terms(local, calendar.days(local), reference)
    names: tuple[str, ...] = ()
    found = np.empty(0)
    for group in range(len(groups)):
        rows = np.flatnonzero(member == group)
        series = None if temperature is None else combine_stations(groups[group : group + 1], temperature)[0]
        matrix, names = linear_terms(dated, series, 60 // loads.step_minutes)
        if not group:
            found = np.full((len(loads.ids), SLOTS, len(names)), np.nan)
        found[rows] = solve_hours(target[rows], matrix, names, local, config)
    return names, found


def _unit(row: np.ndarray) -> float:
    known = np.abs(row[np.isfinite(row)])
    return float(max(known.mean(), 1e-6)) if len(known) else 1.0


def stays_positive(row: np.ndarray) -> bool:
    """Whether a node's load (kW, NaN where unknown) stays so clearly above nothing that its logarithm makes sense."""
    known = row[np.isfinite(row)]
    return bool(len(known) and np.quantile(known, 0.005) > 0.05 * np.abs(known).mean())


def _transform(values: np.ndarray, logged: np.ndarray, unit: np.ndarray) -> np.ndarray:
    scaled = values / unit[:, None]
    return np.where(logged[:, None], np.log(np.maximum(scaled, 0.02)), scaled)


def on_grid(weather: Grid, loads: Grid) -> np.ndarray:
    """Station values at each load interval, PAD_HOURS earlier on; edges repeat the nearest known value."""
    per_hour = 60 // loads.step_minutes
    times = (
        pd.date_range(
            loads.start - pd.Timedelta(hours=PAD_HOURS),
            periods=loads.values.shape[1] + PAD_HOURS * per_hour,
            freq=f"{loads.step_minutes}min",
        )
        .as_unit("us")
        .asi8
    )
    points = weather.times.as_unit("us").asi8
    out = np.full((len(weather.ids), len(times)), np.nan)
    for row, series in enumerate(weather.values):
        good = np.isfinite(series)
        if good.any():
            out[row] = np.interp(times, points[good], series[good])
    return out
