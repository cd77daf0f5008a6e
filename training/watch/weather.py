"""Weather as a model's input: each station against the others, forecasts against what came, all against the season."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.load.history import History
from training.watch.arrival import arrival_series
from training.watch.days import DayGrid
from training.watch.policy import WatchPolicy
from training.watch.series import Outcome, Series, judge_series

__all__ = ["count_tests", "forecast_errors", "judge_weather", "sensor_faults"]

_WORDS = {"temperature_c": "temperature", "radiation_wm2": "radiation", "wind_speed_ms": "wind speed"}
_UNITS = {"temperature_c": "degC", "radiation_wm2": "W/m2", "wind_speed_ms": "m/s"}
_AHEAD = pd.Timedelta(hours=24)
_LEAST_SWING = 1e-3


def judge_weather(history: History, policy: WatchPolicy, now: pd.Timestamp, tests: int) -> list[Outcome]:
    """Every weather series that could be judged; `history` is as of `now`."""
    if not history.weather.observed:
        return []
    daily = _daily(history, policy, now)
    ahead = [judge_series(one, policy, tests) for one in _forecast_series(history, policy, now)]
    forecasts = [one for one in ahead if one is not None]
    outcomes: list[Outcome] = []
    for variable, means in daily.items():
        doubt = {one.series.subject: one.judged.excess for one in forecasts if _WORDS[variable] in one.series.words}
        outcomes += _against_others(variable, means, policy, tests, doubt)
    off = {(one.series.subject, one.series.unit) for one in outcomes if one.judged.severity == "alarm"}
    # A sensor that is off is off against its forecast, too; that is one fault, not two.
    outcomes += [one for one in forecasts if (one.series.subject, one.series.unit) not in off]
    others = [
        *_season_series(daily, policy),
        *_swing_series(history, policy, now),
        *_station_arrivals(history, policy, now),
    ]
    return outcomes + [found for one in others if (found := judge_series(one, policy, tests)) is not None]


def count_tests(history: History, policy: WatchPolicy) -> int:
    """How many windows judge_weather looks at, at most."""
    stations, variables = len(history.weather.station_ids), len(history.weather.variables)
    return len(policy.windows_days) * stations * (4 * variables + 2)


def sensor_faults(outcomes: list[Outcome]) -> dict[str, pd.Timestamp]:
    """Stations whose temperature is not to be trusted, and since which local day."""
    faults: dict[str, pd.Timestamp] = {}
    for one in outcomes:
        wrong = one.series.kind in ("STATION_OFF", "STATION_SWING") and one.series.words.startswith("temperature")
        if wrong and one.judged.severity == "alarm":
            faults[one.series.subject] = min(one.since, faults.get(one.series.subject, one.since))
    return faults


def _floor(variable: str, policy: WatchPolicy) -> float:
    return float(getattr(policy.floors, variable))


def _daily(history: History, policy: WatchPolicy, now: pd.Timestamp) -> dict[str, pd.DataFrame]:
    found = {}
    for name, grid in history.weather.actual().items():
        days = DayGrid.of(grid.start, grid.step_minutes, grid.values.shape[1], history.calendar, now)
        found[name] = days.means(grid.values, grid.ids, policy.least_share)
    return found


def _against_others(
    variable: str, means: pd.DataFrame, policy: WatchPolicy, tests: int, doubt: dict[str, float]
) -> list[Outcome]:
    """Stations beside the median of the others, the worst first: once named, it no longer speaks for the others.

    Of two stations each is as far from the other; the one whose forecasts (`doubt`) are further off is named.
    """
    outcomes: list[Outcome] = []
    left = list(means.columns)
    while len(left) > 1:
        judged = {}
        for station in left:
            beside = means[station] - means[[one for one in left if one != station]].median(axis=1)
            words = f"{_WORDS[variable]} against the other stations"
            series = Series("STATION_OFF", str(station), words, _UNITS[variable], beside, _floor(variable, policy))
            if (found := judge_series(series, policy, tests)) is not None:
                judged[station] = found
        alarms = [station for station, one in judged.items() if one.judged.severity == "alarm"]
        if not alarms:
            return outcomes + list(judged.values())
        worst = max(alarms, key=lambda one: (round(judged[one].judged.excess, 6), doubt.get(str(one), 0.0)))
        outcomes.append(judged[worst])
        left.remove(worst)
    return outcomes


def _season_series(daily: dict[str, pd.DataFrame], policy: WatchPolicy) -> Iterator[Series]:
    for variable, means in daily.items():
        for station in means.columns:
            words = f"{_WORDS[variable]}, daily mean"
            floor = _floor(variable, policy)
            yield Series("WEATHER_UNUSUAL", str(station), words, _UNITS[variable], means[station], floor, seasonal=True)


def _swing_series(history: History, policy: WatchPolicy, now: pd.Timestamp) -> Iterator[Series]:
    """How much a sensor moves within the day, as a log: one that is stuck does not move, a broken one flickers."""
    for variable, grid in history.weather.actual().items():
        days = DayGrid.of(grid.start, grid.step_minutes, grid.values.shape[1], history.calendar, now)
        mean = days.means(grid.values, grid.ids, policy.least_share)
        square = days.means(grid.values**2, grid.ids, policy.least_share)
        swing = (square - mean**2).clip(lower=0.0) ** 0.5
        least = _LEAST_SWING * swing.median().clip(lower=1e-9)
        for station in swing.columns:
            # Where the sun does not rise there is nothing to be stuck.
            moved = np.log(np.maximum(swing[station], least[station])).where(swing[station].notna())
            words, floor = f"{_WORDS[variable]}, log of the swing within days", policy.floors.spread_log
            yield Series("STATION_SWING", str(station), words, "", moved, floor, seasonal=True)


def _station_arrivals(history: History, policy: WatchPolicy, now: pd.Timestamp) -> Iterator[Series]:
    versions = history.weather.observed["temperature_c"]
    stations = np.array(versions.ids, dtype=object)
    yield from arrival_series(versions, stations, history.calendar, policy, now)


def forecast_errors(history: History, variable: str, now: pd.Timestamp) -> pd.DataFrame:
    """Forecast minus observed over the first day of every issue: mean by the local day in which that day ends."""
    observed = history.weather.actual()[variable]
    step = pd.Timedelta(minutes=observed.step_minutes)
    rows, ends = [], []
    for issue in history.weather.forecasts:
        if variable not in issue.values or issue.available_at + _AHEAD > now:
            continue
        per = pd.Timedelta(minutes=issue.step_minutes)
        low = max(-((issue.start - issue.available_at) // per), 0)
        high = low + int(_AHEAD / per)
        values = issue.values[variable][:, low:high]
        times = issue.start + pd.to_timedelta(np.arange(low, low + values.shape[1]) * issue.step_minutes, unit="min")
        column = np.asarray((times - observed.start) // step, dtype=int)
        inside = (column >= 0) & (column < observed.values.shape[1])
        error = values[:, inside] - observed.values[:, column[inside]]
        known = np.isfinite(error)
        total = np.where(known, error, 0.0).sum(axis=1)
        enough = known.sum(axis=1) >= max(1, values.shape[1] // 2)
        rows.append(np.where(enough, total / np.maximum(known.sum(axis=1), 1), np.nan))
        ends.append(issue.available_at + _AHEAD)
    if not rows:
        return pd.DataFrame(columns=list(observed.ids), dtype=float)
    local = history.calendar.local(pd.DatetimeIndex(ends)).normalize()
    frame = pd.DataFrame(np.stack(rows), index=local, columns=list(observed.ids)).groupby(level=0).mean()
    return frame.reindex(pd.date_range(frame.index[0], frame.index[-1], freq="D"))


def _forecast_series(history: History, policy: WatchPolicy, now: pd.Timestamp) -> Iterator[Series]:
    for variable in history.weather.variables:
        errors = forecast_errors(history, variable, now)
        for station in errors.columns:
            words = f"{_WORDS[variable]}, forecast minus observed"
            floor = _floor(variable, policy)
            yield Series("FORECAST_BIAS", str(station), words, _UNITS[variable], errors[station], floor)
