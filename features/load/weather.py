"""Weather as it was known at a moment: observed up to it, forecast beyond it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.load.grid import Grid, Replay, Versions

__all__ = ["OVERLAID_ISSUES", "WEATHER_VARIABLES", "ForecastIssue", "Weather", "WeatherReplay", "WeatherWindow"]

WEATHER_VARIABLES = ("temperature_c", "radiation_wm2", "wind_speed_ms")
"""What the demand features use; a variable the territory does not have is left out."""

OVERLAID_ISSUES = 3
"""Older issues fill what the latest one does not cover; beyond this many they are stale."""


@dataclass(frozen=True)
class ForecastIssue:
    """One weather forecast: variable → [stations, times], from `start` in steps of `step_minutes`."""

    available_at: pd.Timestamp
    start: pd.Timestamp
    step_minutes: int
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class WeatherWindow:
    """Weather of every station over a run of intervals around an issue time.

    `values`: variable → float64 [stations, times], NaN where nothing is known; `known` bool [times]: a temperature
    is known at some station, be it observed or forecast.
    """

    station_ids: tuple[str, ...]
    start: pd.Timestamp
    step_minutes: int
    values: Mapping[str, np.ndarray]

    @property
    def known(self) -> np.ndarray:
        return np.isfinite(self.values["temperature_c"]).any(axis=0)


@dataclass(frozen=True)
class Weather:
    """Observed weather with all its versions, and the forecasts that were issued. Stations share one order."""

    observed: Mapping[str, Versions]
    forecasts: tuple[ForecastIssue, ...] = ()

    @property
    def station_ids(self) -> tuple[str, ...]:
        return self.observed["temperature_c"].ids if self.observed else ()

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(self.observed)

    def actual(self) -> dict[str, Grid]:
        """The current observed values of every variable."""
        return {name: versions.grid() for name, versions in self.observed.items()}


class WeatherReplay:
    """Windows of weather as known at rising issue times.

    `actual` (the current observed grids) stands in for a forecast where none was issued: the stated protocol of
    backtests with true temperature, and of training on years from which no forecasts were kept. Without it the
    future is NaN where no forecast covers it.
    """

    def __init__(self, weather: Weather, actual: Mapping[str, Grid] | None = None) -> None:
        self._weather = weather
        self._actual = actual
        self._replays = {name: Replay(versions) for name, versions in weather.observed.items()}

    def window(self, as_of: pd.Timestamp, start: pd.Timestamp, step_minutes: int, steps: int) -> WeatherWindow:
        """Weather of `steps` intervals from `start`, as known at `as_of`."""
        times = _micros(start) + np.arange(steps, dtype=np.int64) * step_minutes * 60_000_000
        values = {}
        for name, versions in self._weather.observed.items():
            known = self._replays[name].at(as_of)
            out = _sample(known, versions.start, versions.step_minutes, times)
            # Observations arrive late: the last hours before the issue are as unknown as those after it.
            future = times >= min(_micros(as_of), _known_until(known, versions, as_of))
            out[:, future] = self._ahead(name, as_of, times[future])
            values[name] = out
        return WeatherWindow(self._weather.station_ids, start, step_minutes, values)

    def _ahead(self, name: str, as_of: pd.Timestamp, times: np.ndarray) -> np.ndarray:
        out = np.full((len(self._weather.station_ids), len(times)), np.nan)
        if self._actual is not None:
            grid = self._actual[name]
            out = _sample(grid.values, grid.start, grid.step_minutes, times)
        usable = [issue for issue in self._weather.forecasts if issue.available_at <= as_of and name in issue.values]
        for issue in usable[-OVERLAID_ISSUES:]:
            fresh = _sample(issue.values[name], issue.start, issue.step_minutes, times)
            out = np.where(np.isfinite(fresh), fresh, out)
        return out


def _known_until(known: np.ndarray, versions: Versions, as_of: pd.Timestamp) -> int:
    """End of the last interval before `as_of` that some station has observed, in microseconds; only the last two
    days are looked at, an outage longer than that stays one.
    """
    step = versions.step_minutes * 60_000_000
    last = min(int((_micros(as_of) - _micros(versions.start)) // step), known.shape[1])
    first = max(last - 48 * 60 // versions.step_minutes, 0)
    seen = np.flatnonzero(np.isfinite(known[:, first:last]).any(axis=0)) if last > first else np.empty(0)
    return _micros(versions.start) + (first + int(seen[-1]) + 1) * step if len(seen) else _micros(as_of)


def _micros(when: pd.Timestamp) -> int:
    return when.value // 1000


def _sample(values: np.ndarray, start: pd.Timestamp, step_minutes: int, times: np.ndarray) -> np.ndarray:
    """Linear interpolation of each row at `times`; NaN outside the known span, gaps of a row are bridged."""
    # Only the stretch around the wanted times is looked at: the series can be years long.
    step = step_minutes * 60_000_000
    out = np.full((values.shape[0], len(times)), np.nan)
    if not len(times) or not values.shape[1]:
        return out
    margin = 48 * 60 // step_minutes
    low = max(int((times[0] - _micros(start)) // step) - margin, 0)
    high = min(int((times[-1] - _micros(start)) // step) + margin, values.shape[1])
    if high <= low:
        return out
    points = _micros(start) + np.arange(low, high, dtype=np.int64) * step
    for row, series in enumerate(values[:, low:high]):
        good = np.isfinite(series)
        if good.any():
            span = points[good]
            out[row] = np.interp(times, span, series[good])
            # A value holds for its whole interval, so the last one reaches to the interval's end.
            out[row, (times < span[0]) | (times >= span[-1] + step)] = np.nan
    return out
