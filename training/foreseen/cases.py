"""Cases to learn from: past forecasts by day beside the worst run that came, with all that was known at each issue."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.errors import ConfigError
from features.load.grid import Grid, Replay
from features.load.history import History
from training.foreseen.config import ForeseenConfig
from training.foreseen.days import DayForecasts
from training.foreseen.reference import reference_levels
from training.foreseen.runs import day_levels, run_width
from training.watch.days import utc_of

__all__ = ["DayAhead", "Forecaster", "ahead", "collect_cases", "day_rows", "horizon_hours", "issue_times"]

_NO_WEATHER = "NO_WEATHER_FORECAST"
Progress = Callable[[Iterable[pd.Timestamp]], Iterable[pd.Timestamp]]


class Forecaster(Protocol):
    """What is asked of a demand model."""

    @property
    def trained_until(self) -> pd.Timestamp: ...

    def forecast(
        self,
        history: History,
        issued_at: pd.Timestamp,
        horizon_hours: int,
        *,
        node_ids: list[str],
        quantiles: tuple[float, ...],
    ) -> pd.DataFrame: ...


@dataclass(frozen=True)
class DayAhead:
    """One issue: the forecast by days, its references [N, L] in kW, and `weather` [N, L]: a forecast of the weather
    covers the day."""

    days: DayForecasts
    recent_kw: np.ndarray
    usual_kw: np.ndarray
    weather: np.ndarray


def ahead(
    model: Forecaster,
    history: History,
    issued_at: pd.Timestamp,
    levels: tuple[float, ...],
    config: ForeseenConfig,
    known: Grid,
) -> DayAhead:
    """The days ahead of `issued_at`; `known` are the loads as they were known then."""
    step, calendar = history.versions.step_minutes, history.calendar
    hours = horizon_hours(issued_at, calendar, config.longest_lead_days)
    ids = list(history.versions.ids)
    frame = model.forecast(history, issued_at, hours, node_ids=ids, quantiles=levels)
    width = run_width(config.run_minutes, step)
    days = DayForecasts.of(frame, levels, calendar, issued_at, step, width)
    today = calendar.local(pd.DatetimeIndex([issued_at]))[0].normalize()
    recent, usual = reference_levels(known, calendar, today, days.lead_days, width)
    return DayAhead(days, recent, usual, _weather(frame, days))


def _weather(frame: pd.DataFrame, days: DayForecasts) -> np.ndarray:
    """Whether [N, L] no hour of the day says that it is without a weather forecast."""
    lacks = frame["reason"].astype(str).str.contains(_NO_WEATHER).to_numpy().reshape(len(days.node_ids), -1)
    times = pd.DatetimeIndex(frame["start_utc"].iloc[: lacks.shape[1]])
    first = times.searchsorted(days.begins)
    ends = [at + part.shape[1] for at, part in zip(first, days.medians, strict=True)]
    parts = [~lacks[:, at:end].any(axis=1) for at, end in zip(first, ends, strict=True)]
    return np.stack(parts, axis=1) if parts else np.empty((len(lacks), 0), dtype=bool)


def horizon_hours(issued_at: pd.Timestamp, calendar: Calendar, longest_lead_days: int) -> int:
    """Hours from `issued_at` to the end of the local day `longest_lead_days` after its own."""
    today = calendar.local(pd.DatetimeIndex([issued_at]))[0].normalize()
    end = utc_of(pd.DatetimeIndex([today + pd.Timedelta(days=longest_lead_days + 1)]), calendar)[0]
    return int(np.ceil((end - issued_at) / pd.Timedelta(hours=1)))


def issue_times(
    calendar: Calendar, first: pd.Timestamp, last: pd.Timestamp, every_days: int, hours: tuple[int, ...]
) -> list[pd.Timestamp]:
    """An issue every so many local days whose moment lies in [first, last), at `hours` of the local day in turn."""
    span = calendar.local(pd.DatetimeIndex([first, last])).normalize()
    days = pd.date_range(span[0], span[1], freq=f"{every_days}D")
    midnights = utc_of(days, calendar)
    found = [at + pd.Timedelta(hours=hours[place % len(hours)]) for place, at in enumerate(midnights)]
    return [at for at in found if first <= at < last]


def collect_cases(
    history: History,
    model: Forecaster,
    issues: Iterable[pd.Timestamp],
    levels: tuple[float, ...],
    config: ForeseenConfig,
    progress: Progress = iter,
) -> pd.DataFrame:
    """One row an issue, node and day: issued_at, node_id, node_kind, day, known_from, lead_days, level_kw, spread_kw,
    recent_kw, usual_kw, weather, run_kw.

    `run_kw` is the worst run that came by the loads of `history`, NaN where the day is not wholly known; `known_from`
    the end of the day, before which nobody could have learnt from the row. Each forecast sees what was available at
    its issue. Raises ConfigError for an issue before the end of what `model` was trained on.
    """
    replay, versions, truth = Replay(history.versions), history.versions, history.loads
    kinds = history.nodes["kind"].reindex(list(versions.ids)).astype(str).to_numpy()
    width = run_width(config.run_minutes, versions.step_minutes)
    parts = []
    for issued_at in progress(sorted(issues)):
        if issued_at < model.trained_until:
            seen = model.trained_until
            raise ConfigError(f"the model has seen loads until {seen}: nothing is learnt from an issue at {issued_at}")
        known = Grid(versions.ids, versions.start, versions.step_minutes, replay.at(issued_at))
        found = ahead(model, history, issued_at, levels, config, known)
        came = day_levels(truth, history.calendar, found.days.days, width)
        ends = utc_of(found.days.days + pd.Timedelta(days=1), history.calendar)
        known_from = pd.DatetimeIndex(np.tile(ends.tz_localize(None), len(kinds))).tz_localize("UTC")
        rows = day_rows(found, kinds).assign(issued_at=issued_at, known_from=known_from, run_kw=came.ravel())
        parts.append(rows)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"issued_at": [], "node_id": []})


def day_rows(found: DayAhead, kinds: np.ndarray) -> pd.DataFrame:
    """One row a node and day ahead, day after day within a node: node_id, node_kind, day, lead_days, level_kw,
    spread_kw, recent_kw, usual_kw, weather. `kinds` [N] are the kinds of the nodes."""
    days = found.days
    nodes, count = days.level_kw.shape
    return pd.DataFrame(
        {
            "node_id": np.repeat(np.array(days.node_ids, dtype=object), count),
            "node_kind": np.repeat(kinds, count),
            "day": np.tile(days.days, nodes),
            "lead_days": np.tile(days.lead_days, nodes),
            "level_kw": days.level_kw.ravel(),
            "spread_kw": days.spread_kw.ravel(),
            "recent_kw": found.recent_kw.ravel(),
            "usual_kw": found.usual_kw.ravel(),
            "weather": found.weather.ravel(),
        }
    )
