"""From a history to the inputs of issue after issue, each as known then."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.errors import ModelError
from features.load.grid import Replay
from features.load.history import History
from features.load.issue import LINEAR_DAYS, PAST_DAYS, IssueInputs
from features.load.level import relevel
from features.load.terms import PAD_HOURS
from features.load.weather import WeatherReplay, WeatherWindow
from training.demand.linear import LinearStage
from training.demand.parts import linear_parts

__all__ = ["Assembler", "Issue", "issue_times"]


@dataclass(frozen=True)
class Issue:
    """One issue time, the whole steps from it to each target's start, and the nodes asked for (None: all)."""

    at: pd.Timestamp
    offsets: np.ndarray
    rows: np.ndarray | None = None


class Assembler:
    """Builds IssueInputs at rising issue times from what was available at each.

    `actual_weather` lets observed weather stand in where no forecast was issued (training, and backtests that say
    so); without it such targets have no temperature.
    """

    def __init__(
        self,
        history: History,
        stage: LinearStage,
        *,
        actual_weather: bool,
        variables: tuple[str, ...] | None = None,
    ) -> None:
        self._history = history
        self._stage = stage
        self._loads = Replay(history.versions)
        self._rows = np.arange(len(history.versions.ids))
        place = {node: row for row, node in enumerate(stage.node_ids)}
        self._stage_rows = np.array([place[node] for node in history.versions.ids], dtype=int)
        self._variables = history.weather.variables if variables is None else variables
        if self._variables and not history.weather.observed:
            raise ModelError("the model was trained with weather, but no weather is known: ingest weather_observed")
        self._weather: WeatherReplay | None = None
        if self._variables:
            actual = history.weather.actual() if actual_weather else None
            self._weather = WeatherReplay(history.weather, actual)

    def inputs(self, issue: Issue) -> IssueInputs:
        """What is known at `issue`; issues must come in rising order."""
        window = self.weather(issue)
        return self.inputs_under(issue, window)

    def weather(self, issue: Issue) -> WeatherWindow | None:
        """The weather window that serves this issue: from 21 days before it to its last target."""
        if self._weather is None:
            return None
        step = self._history.versions.step_minutes
        start = issue.at - pd.Timedelta(days=LINEAR_DAYS, hours=PAD_HOURS)
        steps = (LINEAR_DAYS * 24 + PAD_HOURS) * 60 // step + int(issue.offsets.max()) + 1
        return _aligned(self._weather.window(issue.at, start, step, steps), self._stage.station_ids, self._variables)

    def inputs_under(self, issue: Issue, window: WeatherWindow | None) -> IssueInputs:
        """As `inputs`, under a given weather (a scenario, say)."""
        step = self._history.versions.step_minutes
        per_day = 24 * 60 // step
        rows = self._rows if issue.rows is None else issue.rows
        past = self._past(issue.at, PAST_DAYS * per_day, rows)
        linear = self._linear(issue, window, step, rows)
        calendar = self._history.calendar
        times = issue.at + pd.to_timedelta(issue.offsets * step, unit="min")
        local = calendar.local(pd.DatetimeIndex(times))
        local_issue = calendar.local(pd.DatetimeIndex([issue.at]))[0]
        span = pd.date_range(local_issue.normalize() - pd.Timedelta(days=9), local[-1].normalize(), freq="D")
        origin = LINEAR_DAYS * per_day
        factor = relevel(past, linear[:, :origin], per_day)
        linear = linear * factor[:, None]
        return IssueInputs(
            past_kw=past,
            past_linear_kw=np.ascontiguousarray(linear[:, :origin]),
            future_linear_kw=linear[:, origin + issue.offsets],
            offsets=issue.offsets,
            steps_per_day=per_day,
            weather=None if window is None else _cut(window, PAD_HOURS * 60 // step),
            group_weights=self._stage.group_weights,
            node_group=self._stage.node_group[self._stage_rows[rows]],
            recentring=factor,
            local_targets=local,
            days=calendar.days(span),
        )

    def linear_parts(self, issue: Issue, window: WeatherWindow | None, rows: np.ndarray) -> np.ndarray:
        """The linear stage at the targets by groups [rows, H, G] in kW, before re-centring; see linear_parts.

        What moves it counts from the last week's average, the days over which the scale of a node is taken, too.
        """
        step = self._history.versions.step_minutes
        week = 7 * 24 * 60 // step
        temperature = None
        if window is not None:
            temperature = window.values["temperature_c"][:, LINEAR_DAYS * 24 * 60 // step - week :]
        first = issue.at - pd.Timedelta(days=7)
        times = pd.date_range(first, periods=week + int(issue.offsets.max()) + 1, freq=f"{step}min")
        local = self._history.calendar.local(times)
        days = self._history.calendar.days(local)
        mine = self._stage_rows[rows]
        return linear_parts(self._stage, mine, local, days, temperature, 60 // step, week)[:, week + issue.offsets]

    def degree_kw(self, issue: Issue, window: WeatherWindow, rows: np.ndarray) -> np.ndarray:
        """What the linear stage makes of one degree more or less from the issue on [rows, H], in kW per °C, before
        re-centring; never negative."""
        step = self._history.versions.step_minutes
        past = LINEAR_DAYS * 24 * 60 // step
        begin = past + PAD_HOURS * 60 // step
        start = window.start + pd.Timedelta(days=LINEAR_DAYS)
        said = []
        for degrees in (-1.0, 1.0):
            temperature = window.values["temperature_c"].copy()
            temperature[:, begin:] += degrees
            calendar, mine = self._history.calendar, self._stage_rows[rows]
            said.append(self._stage.predict_kw(mine, start, step, temperature[:, past:], calendar))
        return np.abs(said[1] - said[0])[:, issue.offsets] / 2

    def _past(self, at: pd.Timestamp, steps: int, rows: np.ndarray) -> np.ndarray:
        known = self._loads.at(at)
        versions = self._history.versions
        last = int((at - versions.start) // pd.Timedelta(minutes=versions.step_minutes))
        out = np.full((len(rows), steps), np.nan)
        low, high = max(last - steps, 0), min(max(last, 0), versions.width)
        if high > low:
            out[:, low - (last - steps) : high - (last - steps)] = known[rows, low:high]
        return out

    def _linear(self, issue: Issue, window: WeatherWindow | None, step: int, rows: np.ndarray) -> np.ndarray:
        calendar, mine = self._history.calendar, self._stage_rows[rows]
        if window is not None:
            return self._stage.predict_kw(mine, window.start, step, window.values["temperature_c"], calendar)
        first = issue.at - pd.Timedelta(days=LINEAR_DAYS)
        steps = LINEAR_DAYS * 24 * 60 // step + int(issue.offsets.max()) + 1
        return self._stage.predict_without_weather(mine, first, step, steps, calendar)


def _aligned(window: WeatherWindow, station_ids: tuple[str, ...], variables: tuple[str, ...]) -> WeatherWindow:
    """The window with the stations and variables a model was trained on; what is missing now is unknown."""
    if window.station_ids == station_ids and tuple(window.values) == variables:
        return window
    place = {station: row for row, station in enumerate(window.station_ids)}
    steps = window.values["temperature_c"].shape[1]
    values = {}
    for name in variables:
        values[name] = np.full((len(station_ids), steps), np.nan)
        for row, station in enumerate(station_ids):
            if station in place and name in window.values:
                values[name][row] = window.values[name][place[station]]
    return replace(window, station_ids=station_ids, values=values)


def _cut(window: WeatherWindow, steps: int) -> WeatherWindow:
    values = {name: series[:, steps:] for name, series in window.values.items()}
    start = window.start + pd.Timedelta(minutes=window.step_minutes * steps)
    return replace(window, start=start, values=values)


def issue_times(
    history: History, first: pd.Timestamp, last: pd.Timestamp, hours: tuple[int, ...], every_days: int = 1
) -> Iterator[pd.Timestamp]:
    """Issue times within [first, last): one a local day (or every few), the hours taken in turn."""
    local = history.calendar.local(pd.DatetimeIndex([first, last]))
    shift = local[0] - first.tz_localize(None)
    step = pd.Timedelta(minutes=history.versions.step_minutes)
    for number, day in enumerate(pd.date_range(local[0].normalize(), local[1], freq=f"{every_days}D")):
        at = (day + pd.Timedelta(hours=hours[number % len(hours)]) - shift).tz_localize("UTC")
        # Zones off the grid of the data, and clock changes, move an issue by less than one interval.
        at = history.versions.start + ((at - history.versions.start) // step) * step
        if first <= at < last:
            yield at
