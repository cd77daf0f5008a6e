"""Rolling origins: the local days a backtest forecasts from, and what was known at each of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar, time_zone
from features.errors import ConfigError
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.workspace import TerritorySettings

__all__ = ["Known", "OriginPlan", "Origins", "day_begins", "known_at", "rolling_origins"]

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class OriginPlan:
    """Origins every `step_days` from `first_day` to `last_day` (local days without zone, both included), each looking
    `horizon_days` ahead."""

    first_day: pd.Timestamp
    last_day: pd.Timestamp
    step_days: int = 91
    horizon_days: int = 365

    def days(self) -> pd.DatetimeIndex:
        """The local days asked for."""
        return pd.date_range(self.first_day, self.last_day, freq=f"{self.step_days}D")

    def name(self) -> str:
        """What a run of it is called."""
        return f"{self.first_day:%Y-%m-%d} to {self.last_day:%Y-%m-%d}"

    def params(self) -> dict[str, str]:
        """The plan as parameters of a run."""
        days = {"from": f"{self.first_day:%Y-%m-%d}", "to": f"{self.last_day:%Y-%m-%d}"}
        return days | {"step_days": str(self.step_days), "horizon_days": str(self.horizon_days)}


@dataclass(frozen=True)
class Origins:
    """`days` are judged; the horizon of those in `too_late` ends after the data do."""

    days: pd.DatetimeIndex
    too_late: pd.DatetimeIndex


@dataclass(frozen=True)
class Known:
    """What was known at `history.as_of`: loads, weather and nodes, and every version of every application."""

    history: History
    applications: pd.DataFrame


def known_at(lake: Lake, territory: TerritorySettings, day: pd.Timestamp) -> Known:
    """What the lake held at the start of a local day, read anew: nothing that became available later is in it."""
    moment = day_begins(day, Calendar(territory.time_zone))
    return Known(load_history(lake, territory, as_of=moment), lake.versions("application", as_of=moment))


def day_begins(day: pd.Timestamp, calendar: Calendar) -> pd.Timestamp:
    """The instant, UTC, at which a local day begins."""
    zoned = day.tz_localize(time_zone(calendar.time_zone), nonexistent="shift_forward", ambiguous=True)
    return zoned.tz_convert("UTC")


def rolling_origins(
    lake: Lake, history: History, plan: OriginPlan, min_history_days: int, who: str = "the peak model"
) -> Origins:
    """The days of `plan` whose horizon has passed by the end of `history` (everything known today).

    `who` needs `min_history_days` before each origin. Raises ConfigError, naming the first or the last day possible,
    where an origin lies before there was enough history or no horizon has passed.
    """
    if plan.last_day < plan.first_day:
        raise ConfigError(f"the last origin {plan.last_day:%Y-%m-%d} is before the first, {plan.first_day:%Y-%m-%d}")
    _check_start(_first_possible(lake, history, min_history_days), plan, min_history_days, who)
    days, end = plan.days(), history.loads.end
    past = np.array([day_begins(day + pd.Timedelta(days=plan.horizon_days), history.calendar) <= end for day in days])
    if not past.any():
        last = history.calendar.local(pd.DatetimeIndex([end]))[0].normalize() - pd.Timedelta(days=plan.horizon_days)
        raise ConfigError(
            f"no origin has its {plan.horizon_days} days behind it: loads end {end:%Y-%m-%d %H:%M} UTC, so the last "
            f"origin possible is {last:%Y-%m-%d}"
        )
    return Origins(days[past], days[~past])


def _check_start(first: pd.Timestamp | None, plan: OriginPlan, min_history_days: int, who: str) -> None:
    if first is None:
        raise ConfigError(f"the loads cover less than the {min_history_days} days {who} needs")
    if plan.first_day < first:
        raise ConfigError(
            f"the first origin {plan.first_day:%Y-%m-%d} is too early: {who} needs {min_history_days} days of "
            f"loads and a ledger of nodes that were available by then; the first day possible is {first:%Y-%m-%d}"
        )


def _first_possible(lake: Lake, history: History, min_history_days: int) -> pd.Timestamp | None:
    """The first local day by which loads over enough days, and some node, had become available; None: never."""
    versions = history.versions
    span = (np.maximum.accumulate(versions.column.astype(np.int64)) + 1) * versions.step_minutes * 60_000_000
    enough = span >= min_history_days * _DAY_US
    nodes = lake.versions("node", columns=["valid_from", "available_at"])
    if not enough.any() or nodes.empty:
        return None
    loads_since = pd.Timestamp(int(versions.available[int(np.argmax(enough))]), unit="us", tz="UTC")
    nodes_since = nodes[["valid_from", "available_at"]].max(axis=1).min()
    local = history.calendar.local(pd.DatetimeIndex([max(loads_since, nodes_since)]))[0]
    return local.ceil("D")
