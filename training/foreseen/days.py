"""A forecast of hours as a forecast of days: the level the median holds, and how wide the forecast is there."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from features.clock import Calendar
from features.errors import DataError
from training.demand.quantiles import level_name, median_of
from training.foreseen.runs import day_columns, worst_run
from training.watch.days import utc_of

__all__ = ["DayForecasts"]

_LEAST_SPREAD = 1e-3
"""kW; narrower forecasts are taken to be this wide."""


@dataclass(frozen=True)
class DayForecasts:
    """The whole local days of one forecast, from the day after its issue on.

    `days` [L] are local dates, `lead_days` [L] how far they lie ahead of the issue's date, `begins` [L] their UTC
    starts. `level_kw` [N, L] is what the hourly median holds for a run, at best; `spread_kw` [N, L] one standard
    deviation of the hourly forecast over that run; `medians` holds the medians of each day, kW [N, intervals].
    """

    node_ids: tuple[str, ...]
    days: pd.DatetimeIndex
    lead_days: np.ndarray
    begins: pd.DatetimeIndex
    step_minutes: int
    width: int
    level_kw: np.ndarray
    spread_kw: np.ndarray
    medians: tuple[np.ndarray, ...]

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        levels: tuple[float, ...],
        calendar: Calendar,
        issued_at: pd.Timestamp,
        step_minutes: int,
        width: int,
    ) -> "DayForecasts":
        """From a forecast frame of `issued_at` (node_id, start_utc and one column a level, kW), node after node.

        Raises DataError where nodes do not share one gapless axis of time.
        """
        nodes, times, values = _cube(frame, levels, step_minutes)
        today = calendar.local(pd.DatetimeIndex([issued_at]))[0].normalize()
        last = calendar.local(times[-1:])[0].normalize()
        days = pd.date_range(today + pd.Timedelta(days=1), last, freq="D")
        columns = day_columns(times[0], step_minutes, calendar, days)
        whole = (columns[:, 0] >= 0) & (columns[:, 1] <= len(times)) & (columns[:, 1] - columns[:, 0] >= width)
        days, columns = days[whole], columns[whole]
        parts = [values[:, first:end] for first, end in columns]
        lead = np.asarray((days - today).days, dtype=int)
        shape = (len(nodes), len(days))
        level, spread = np.full(shape, np.nan), np.full(shape, np.nan)
        medians = tuple(median_of(part, levels) for part in parts)
        for place, (part, middle) in enumerate(zip(parts, medians, strict=True)):
            level[:, place], at = worst_run(middle, width)
            spread[:, place] = _spread(part, levels, at, width)
        return cls(nodes, days, lead, utc_of(days, calendar), step_minutes, width, level, spread, medians)

    def first_over(self, expected_kw: np.ndarray, limit_kw: np.ndarray) -> pd.DataFrame:
        """When each day's load is likely over its limit: UTC starts [N, L] of the first run at or above `limit_kw` [N]
        of the medians, moved so that their worst run is `expected_kw` [N, L]; of the worst run where none is so high.
        """
        step = pd.Timedelta(minutes=self.step_minutes)
        found = {}
        for place, (middle, begin) in enumerate(zip(self.medians, self.begins, strict=True)):
            moved = middle + (expected_kw[:, place] - self.level_kw[:, place])[:, None]
            held = np.lib.stride_tricks.sliding_window_view(moved, self.width, axis=1).min(axis=2)
            over = held >= limit_kw[:, None]
            at = np.where(over.any(axis=1), over.argmax(axis=1), worst_run(moved, self.width)[1])
            found[place] = begin + at * step
        return pd.DataFrame(found, index=list(self.node_ids))


def _cube(
    frame: pd.DataFrame, levels: tuple[float, ...], step_minutes: int
) -> tuple[tuple[str, ...], pd.DatetimeIndex, np.ndarray]:
    """Nodes [N], times [T] and quantiles [N, T, levels] of a forecast frame."""
    nodes = tuple(dict.fromkeys(frame["node_id"].astype(str)))
    steps = len(frame) // max(len(nodes), 1)
    times = pd.DatetimeIndex(frame["start_utc"].iloc[:steps])
    shape = (len(nodes), steps)
    whole = len(frame) == len(nodes) * steps and steps > 0
    if whole:
        ids = frame["node_id"].to_numpy(dtype=object).reshape(shape)
        stamps = pd.DatetimeIndex(frame["start_utc"]).as_unit("us").asi8.reshape(shape)
        whole = bool((ids == ids[:, :1]).all() and (stamps == stamps[0]).all())
        whole &= bool((np.diff(stamps[0]) == step_minutes * 60_000_000).all())
    if not whole:
        first = nodes[0] if nodes else "no row"
        raise DataError("forecast", "start_utc", "nodes do not share one gapless axis of time", len(frame), first)
    return nodes, times, frame[[level_name(level) for level in levels]].to_numpy(dtype=float).reshape(*shape, -1)


def _spread(part: np.ndarray, levels: tuple[float, ...], first: np.ndarray, width: int) -> np.ndarray:
    """Standard deviation [N] of a day's forecast [N, S, levels] over the run that begins at `first` [N]."""
    wide = (part[..., -1] - part[..., 0]) / (ndtri(levels[-1]) - ndtri(levels[0]))
    run = np.take_along_axis(wide, first[:, None] + np.arange(width), axis=1)
    return np.maximum(run.mean(axis=1), _LEAST_SPREAD)
