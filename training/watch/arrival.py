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
    came in bulk long afterwards are history that was handed over, and say nothing of the feed. The delay is that of
    the middle row: one late meter is no late feed.
    """
    days = DayGrid.of(versions.start, versions.step_minutes, versions.width, calendar, now - pd.Timedelta(days=1))
    if not len(days.days):
        return
    absent, hours = _absent_and_delay(versions, days, calendar)
    recent = max(len(days.days) - policy.reference_days, 0)
    names = groups.astype(str)
    for group in np.unique(names):
        missing = pd.Series(absent[names == group].mean(axis=0), index=days.days).iloc[recent:]
        late = pd.Series(np.median(hours[names == group], axis=0), index=days.days).iloc[recent:]
        handed_over = (missing >= _BACKFILL) & (np.arange(len(missing)) < len(missing) - policy.gap_days)
        told = (
            ("READINGS_MISSING", "share of readings not in a day later", "", missing, policy.floors.missing_share),
            ("READINGS_LATE", "delay of readings", "h", late, policy.floors.delay_hours),
        )
        for kind, words, unit, daily, floor in told:
            # Most days nothing is late or missing; what bursts there were are part of the feed.
            kept = daily.where(~handed_over)
            yield Series(kind, str(group), words, unit, kept, floor, upward_only=True, tail=1.0)


def _absent_and_delay(versions: Versions, days: DayGrid, calendar: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """Share of readings not known a day after the day's end, and mean hours until they were [rows, days]."""
    first = _first_available(versions)[:, days.begin : days.columns]
    size = np.diff(np.append(days.first, first.shape[1]))
    limit = utc_of(days.days + pd.Timedelta(days=2), calendar).as_unit("us").asi8
    step = versions.step_minutes * 60_000_000
    end = versions.start.value // 1000 + (days.begin + 1 + np.arange(first.shape[1])) * step
    deadline = np.repeat(limit, size)
    delay = (np.minimum(first, deadline) - end) / _HOUR
    absent = 1.0 - np.add.reduceat((first <= deadline).astype(float), days.first, axis=1) / size
    return absent, np.add.reduceat(delay, days.first, axis=1) / size


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
