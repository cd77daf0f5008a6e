"""Weather beyond the weather forecast: the same season of past years, as scenarios."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.load.grid import Grid
from features.load.weather import WeatherWindow

__all__ = ["weather_scenarios"]

_SHIFT_DAYS = (0, -6, 6)
_YEARS = 5
_BLEND_HOURS = 36.0
"""The difference between now and the past year fades over this time, so that a scenario starts from today's weather."""


def weather_scenarios(window: WeatherWindow, observed: dict[str, Grid], issued_at: pd.Timestamp) -> list[WeatherWindow]:
    """Copies of `window` whose unknown future is filled from past years, each shifted by some days.

    At most 15; with under a year of weather, the last known day is repeated instead (one scenario). Only weather
    observed before `issued_at` is used.
    """
    known = {name: grid.until(issued_at) for name, grid in observed.items()}
    span = next(iter(known.values()))
    years = min(int((issued_at - span.start) / pd.Timedelta(days=365.2425)), _YEARS)
    if years < 1:
        return [_filled(window, known, 1)]
    shifts = [round(365.2425 * back) + days for back in range(1, years + 1) for days in _SHIFT_DAYS]
    # A shift beyond the first known day would find nothing.
    found = [_filled(window, known, shift) for shift in shifts if shift > 15]
    whole = [one for one in found if one.known.all()]
    return whole or [_filled(window, known, 1)]


def _filled(window: WeatherWindow, known: dict[str, Grid], days: int) -> WeatherWindow:
    step = pd.Timedelta(minutes=window.step_minutes)
    steps = window.values["temperature_c"].shape[1]
    times = pd.date_range(window.start, periods=steps, freq=step)
    values = {}
    for name, series in window.values.items():
        if name not in known:
            values[name] = series
            continue
        past = _at(known[name], window.station_ids, times - pd.Timedelta(days=days))
        values[name] = _blend(series, past, window.step_minutes, keep_sign=name != "temperature_c")
    return replace(window, values=values)


def _at(grid: Grid, station_ids: tuple[str, ...], times: pd.DatetimeIndex) -> np.ndarray:
    """Values at `times`; instants not yet known at the issue go back whole days until they are."""
    ahead = np.maximum(np.ceil((times - grid.end) / pd.Timedelta(days=1) + 1e-9), 0).astype(int)
    times = times - pd.to_timedelta(ahead, unit="D")
    points, wanted = grid.times.as_unit("us").asi8, times.as_unit("us").asi8
    out = np.full((len(station_ids), len(times)), np.nan)
    place = {station: row for row, station in enumerate(grid.ids)}
    for row, station in enumerate(station_ids):
        if station not in place:
            continue
        series = grid.values[place[station]]
        good = np.isfinite(series)
        if good.any():
            out[row] = np.interp(wanted, points[good], series[good], left=np.nan)
    return out


def _blend(series: np.ndarray, past: np.ndarray, step_minutes: int, keep_sign: bool) -> np.ndarray:
    out = series.copy()
    for row in range(len(series)):
        missing = ~np.isfinite(series[row])
        if not missing.any():
            continue
        last = int(np.flatnonzero(~missing)[-1]) if (~missing).any() else -1
        gap = series[row, last] - past[row, last] if last >= 0 and np.isfinite(past[row, last]) else 0.0
        hours = np.maximum(np.arange(series.shape[1]) - last, 0) * step_minutes / 60
        carried = past[row] + (0.0 if keep_sign else gap * np.exp(-hours / _BLEND_HOURS))
        out[row, missing] = carried[missing]
    return out
