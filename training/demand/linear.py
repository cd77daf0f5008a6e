"""The linear stage: ridge regressions per node and hour of day on calendar and weather, all nodes at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid
from features.load.issue import combine_stations
from features.load.terms import BENDS, PAD_HOURS, calendar_terms, linear_terms
from features.settings import Settings

__all__ = ["EXPONENTS", "LinearConfig", "LinearStage", "on_grid", "stays_positive"]

EXPONENTS = (-6.0, 4.0)
"""An exponent beyond these is no load any more but an extrapolation gone wild."""

_SLOTS = 24
_LEAST_BEYOND = 0.05
_YEAR_DAYS = 365.2425


class LinearConfig(Settings):
    """How the linear stage is fitted."""

    ridge: float = 3e-3
    """Penalty on standardised terms, relative to the weight of the data."""
    half_life_years: float = 3.0
    """Age at which a reading counts half."""
    robust_passes: int = 1
    """Reweighting passes that tame outliers (Huber weights at 3 scaled median deviations)."""
    stations: int = 3
    """How many of the best-fitting weather stations are averaged, at most."""


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
        local = calendar.local(loads.times)
        dated = calendar_terms(local, calendar.days(local), reference)
        stage: LinearStage | None = None
        coefficients: np.ndarray | None = None
        for group in range(len(groups)):
            rows = np.flatnonzero(member == group)
            series = None if temperature is None else combine_stations(groups[group : group + 1], temperature)[0]
            matrix, names = linear_terms(dated, series, 60 // loads.step_minutes)
            if coefficients is None:
                coefficients = np.full((len(loads.ids), _SLOTS, len(names)), np.nan)
            coefficients[rows] = _solve(target[rows], matrix, names, local, config)
            stage = cls(
                loads.ids,
                () if weather is None else weather.ids,
                names,
                coefficients,
                logged,
                unit,
                groups,
                member,
                reference,
            )
        assert stage is not None  # there is always one group
        return stage

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


def _usable(names: tuple[str, ...], span_years: float) -> np.ndarray:
    """Terms a history of this length can tell apart: no trend below 1.3 years, no yearly waves below a half."""

    def keep(name: str) -> bool:
        if name == "trend":
            return span_years >= 1.3
        if name.startswith(("year_", "off_sin", "off_cos", "temp_sin", "temp_cos", "festival_")):
            return span_years >= 0.9
        return True

    return np.array([keep(name) for name in names])


def _crossed(names: tuple[str, ...], matrix: np.ndarray) -> np.ndarray:
    """Bends that the history has been beyond: the slope on a side hardly seen would be drawn from a few hours."""
    bent = np.array([name.startswith(BENDS) for name in names])
    return ~bent | ((matrix != 0.0).mean(axis=0) >= _LEAST_BEYOND)


def _solve(
    target: np.ndarray, matrix: np.ndarray, names: tuple[str, ...], local: pd.DatetimeIndex, config: LinearConfig
) -> np.ndarray:
    """Coefficients [n, 24, P] of all nodes of one weather group."""
    age = (local[-1] - local).total_seconds().to_numpy() / 86_400 / _YEAR_DAYS
    recency = 0.5 ** (age / config.half_life_years)
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0)
    constant = names.index("const")
    spread[constant], mean[constant] = 1.0, 0.0
    usable = _usable(names, age[0]) & _crossed(names, matrix) & (spread > 1e-9)
    columns = np.flatnonzero(usable)
    centred = (matrix[:, columns] - mean[columns]) / spread[columns]
    penalty = np.where(columns == constant, 0.0, config.ridge)
    slot = local.hour.to_numpy()
    out = np.zeros((len(target), _SLOTS, len(names)))
    for hour in range(_SLOTS):
        weight = recency * _nearness(slot, hour, age[0])
        at = np.flatnonzero(weight > 0)
        solved = _ridge(target[:, at], centred[at], weight[at], penalty, config.robust_passes)
        out[:, hour, columns] = solved / spread[columns]
        out[:, hour, constant] -= (solved * (mean[columns] / spread[columns])).sum(axis=1)
    out[~np.isfinite(target).any(axis=1)] = np.nan
    return out


def _nearness(slot: np.ndarray, hour: int, span_years: float) -> np.ndarray:
    """Neighbouring hours lend weight where the history is short: one year of 24 separate models is thin."""
    distance = np.minimum((slot - hour) % _SLOTS, (hour - slot) % _SLOTS)
    if span_years >= 1.3:
        return (distance == 0).astype(float)
    return np.select([distance == 0, distance == 1], [1.0, 0.4], 0.0)


def _ridge(target: np.ndarray, matrix: np.ndarray, weight: np.ndarray, penalty: np.ndarray, passes: int) -> np.ndarray:
    """Weighted ridge of every row of `target` [n, D] on `matrix` [D, p], with Huber reweighting."""
    known = np.isfinite(target)
    value = np.where(known, target, 0.0)
    weights = known * weight
    size = matrix.shape[1]
    solved = np.zeros((len(target), size))
    for turn in range(passes + 1):
        if turn:
            error = np.abs(value - solved @ matrix.T)
            limit = np.maximum(3.0 * 1.4826 * _median(error, known), 1e-9)
            weights = known * weight * np.minimum(1.0, limit / np.maximum(error, 1e-12))
        gram = _gram(weights, matrix)
        moment = (weights * value) @ matrix
        total = np.maximum(weights.sum(axis=1), 1e-9)
        gram += (total[:, None] * penalty)[:, :, None] * np.eye(size)
        gram += 1e-9 * np.eye(size)
        solved = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    return solved


def _median(error: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.array([[np.median(row[good])] if good.any() else [0.0] for row, good in zip(error, known, strict=True)])


def _gram(weights: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """X'WX of every node [n, p, p]; many nodes share one product with the pairwise columns."""
    size = matrix.shape[1]
    if len(weights) <= 8:
        return np.stack([(matrix * one[:, None]).T @ matrix for one in weights])
    upper = np.triu_indices(size)
    pairs = matrix[:, upper[0]] * matrix[:, upper[1]]
    flat = weights @ pairs
    gram = np.empty((len(weights), size, size))
    gram[:, upper[0], upper[1]] = flat
    gram[:, upper[1], upper[0]] = flat
    return gram
