"""Which days two versions may be judged on, and which artifact stands for a champion that has seen them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from features.clock import Calendar, time_zone
from features.errors import ModelError
from training.registry import ModelVersion

__all__ = [
    "Opponents",
    "Window",
    "fresher_days",
    "judged_root",
    "lineage",
    "opponents",
    "seen_until",
    "trained_until",
    "tuned_until",
]


@dataclass(frozen=True)
class Window:
    """Local target days from `first` to `last`, both included; no day when `days` is 0."""

    first: pd.Timestamp
    last: pd.Timestamp
    days: int


@dataclass(frozen=True)
class Opponents:
    """The artifacts that are compared, and the days that neither has trained or tuned on."""

    challenger: ModelVersion
    champion: ModelVersion
    window: Window


def trained_until(version: ModelVersion) -> pd.Timestamp:
    """End of the data the version was fitted on; where it does not say, it has seen nothing after it was made."""
    return _moment(version.tags.get("trained_until", "")) or version.created_at


def seen_until(version: ModelVersion) -> pd.Timestamp:
    """End of all data that fitting or tuning has seen."""
    tuned = tuned_until(version)
    return trained_until(version) if tuned is None else max(trained_until(version), tuned)


def tuned_until(version: ModelVersion) -> pd.Timestamp | None:
    """End of the data by which its parameters were chosen; None where they were not chosen by data."""
    return _moment(version.tags.get("tuned_until", ""))


def lineage(versions: Sequence[ModelVersion], version: ModelVersion) -> list[ModelVersion]:
    """The version, the one it is a refit of, and so on; the last one was trained in its own right."""
    known = {one.version: one for one in versions}
    line = [version]
    while origin := line[-1].tags.get("refit_of"):
        older = known.get(int(origin))
        if older is None or older in line:
            raise ModelError(
                f"model {version.name} version {line[-1].version} is a refit of {origin}, which is not kept"
            )
        line.append(older)
    return line


def judged_root(versions: Sequence[ModelVersion], version: ModelVersion) -> ModelVersion:
    """The version whose parameters `version` has, as it was trained first."""
    return lineage(versions, version)[-1]


def fresher_days(challenger: ModelVersion, champion: Sequence[ModelVersion], data_until: pd.Timestamp) -> float:
    """How many more days of data the challenger stands for than the champion (its lineage, the serving one first).

    The lesser of two: how much later it was trained than the champion was at first, and how much more its refit on
    all data would know than the serving version does. A hold-out cut shorter makes nothing fresher.
    """
    later = trained_until(challenger) - trained_until(champion[-1])
    more = data_until - trained_until(champion[0])
    return float(min(later, more) / pd.Timedelta(days=1))


def opponents(
    challenger: ModelVersion,
    champion: Sequence[ModelVersion],
    data_until: pd.Timestamp,
    calendar: Calendar,
    window_days: int,
    issue_hour: int,
) -> Opponents:
    """The newest artifact of the champion's lineage that leaves the longest window for both."""
    found = []
    for one in champion:
        seen = max(seen_until(challenger), seen_until(one))
        found.append(Opponents(challenger, one, _window(seen, data_until, calendar, window_days, issue_hour)))
    return max(found, key=lambda each: each.window.days)


def _window(
    seen: pd.Timestamp, data_until: pd.Timestamp, calendar: Calendar, window_days: int, issue_hour: int
) -> Window:
    """The last whole local days before `data_until` whose day-ahead forecast is issued at `seen` or after."""
    zone = time_zone(calendar.time_zone)
    end = calendar.local(pd.DatetimeIndex([data_until]))[0].normalize()
    day = last = end - pd.Timedelta(days=1)
    days = 0
    while days < window_days:
        midnight = day.tz_localize(zone, nonexistent="shift_forward", ambiguous=True)
        if midnight - pd.Timedelta(hours=24 - issue_hour) < seen:
            break
        days, day = days + 1, day - pd.Timedelta(days=1)
    return Window(day + pd.Timedelta(days=1), last, days)


def _moment(text: str) -> pd.Timestamp | None:
    return pd.Timestamp(text) if text else None
