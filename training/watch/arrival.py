"""Whether readings come, and when: missing shares, delays, and silences longer than usual."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Versions
from training.watch.days import DayGrid, utc_of
from training.watch.policy import StalePolicy, WatchPolicy
from training.watch.series import Series

__all__ = ["Silence", "arrival_series", "silences"]

_HOUR = 3_600_000_000
_BACKFILL = 0.9


def arrival_series(
    versions: Versions, groups: np.ndarray, calendar: Calendar, policy: WatchPolicy, now: pd.Timestamp
) -> Iterator[Series]:
    """Missing share and delay by day for each group of rows (`groups` [rows]).

    A day is judged one day after its end, whatever came later: so every day is seen as it was seen then. Days that
    came in bulk long afterwards are history that was handed over, and say nothing of the feed.
    """
    days = DayGrid.of(versions.start, versions.step_minutes, versions.width, calendar, now - pd.Timedelta(days=1))
    if not len(days.days):
        return
    recent = max(len(days.days) - policy.reference_days, 0)
    first = _first_available(versions)[:, days.begin : days.columns]
    size = np.diff(np.append(days.first, first.shape[1]))
    limit = utc_of(days.days + pd.Timedelta(days=2), calendar).as_unit("us").asi8
    step = versions.step_minutes * 60_000_000
    end = versions.start.value // 1000 + (days.begin + 1 + np.arange(first.shape[1])) * step
    deadline = np.repeat(limit, size)
    came = first <= deadline
    delay = (np.minimum(first, deadline) - end) / _HOUR
    absent = 1.0 - np.add.reduceat(came.astype(float), days.first, axis=1) / size
    hours = np.add.reduceat(delay, days.first, axis=1) / size
    for group in np.unique(groups.astype(str)):
        mine = groups.astype(str) == group
        missing = pd.Series(absent[mine].mean(axis=0), index=days.days).iloc[recent:]
        late = pd.Series(hours[mine].mean(axis=0), index=days.days).iloc[recent:]
        operated = missing.where((missing < _BACKFILL) | (np.arange(len(missing)) >= len(missing) - policy.gap_days))
        subject, floors = str(group), policy.floors
        yield Series(
            "READINGS_MISSING",
            subject,
            "share of readings not in a day later",
            "",
            operated,
            floors.missing_share,
            upward_only=True,
        )
        yield Series(
            "READINGS_LATE",
            subject,
            "mean delay of readings",
            "h",
            late.where(operated.notna()),
            floors.delay_hours,
            upward_only=True,
        )


def _first_available(versions: Versions) -> np.ndarray:
    """When each cell was first known, microseconds [rows, width]; the largest integer where it never was."""
    first = np.full((len(versions.ids), versions.width), np.iinfo(np.int64).max)
    # Backwards, so that the earliest version is assigned last.
    first[versions.row[::-1], versions.column[::-1]] = versions.available[::-1]
    return first


@dataclass(frozen=True)
class Silence:
    """A row that has not been heard of: hours since the end of its last reading, what is allowed, and that end."""

    row_id: str
    hours: float
    usual_hours: float
    allowed_hours: float
    last_end: pd.Timestamp

    @property
    def stale(self) -> bool:
        return self.hours > self.allowed_hours


def silences(versions: Versions, policy: StalePolicy, reference_days: int, now: pd.Timestamp) -> list[Silence]:
    """How long each row has been silent at `now`, beside the longest silence of its own and its neighbours' past."""
    moment = now.value // 1000
    known = (versions.available <= moment) & np.isfinite(versions.value)
    row, available = versions.row[known], versions.available[known]
    step = versions.step_minutes * 60_000_000
    end = versions.start.value // 1000 + (versions.column[known].astype(np.int64) + 1) * step
    frame = pd.DataFrame({"row": row, "available": available, "end": end})
    last = frame.groupby("row")["end"].max()
    past = frame[available >= moment - reference_days * 24 * _HOUR]
    # What arrives at one instant is one delivery: a history handed over in bulk is no silence.
    deliveries = past.groupby(["row", "available"], sort=True)["end"].max().reset_index()
    heard = deliveries.groupby("row")["end"].cummax().groupby(deliveries["row"]).shift()
    longest = ((deliveries["available"] - heard) / _HOUR).groupby(deliveries["row"]).max()
    typical = float(longest.quantile(0.9)) if longest.notna().any() else 0.0
    found = []
    for place, stop in zip(last.index.to_numpy(dtype=int), last.to_numpy(), strict=True):
        own = float(longest.get(place, np.nan))
        usual = float(np.nanmax([own, typical]))
        allowed = float(np.clip(policy.margin * usual, policy.floor_hours, policy.cap_hours))
        when = pd.Timestamp(int(stop), unit="us", tz="UTC")
        found.append(Silence(versions.ids[place], (moment - int(stop)) / _HOUR, usual, allowed, when))
    return found
