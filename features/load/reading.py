"""Reading a history from the lake: the edge between storage and the pure functions of loads."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.clock import Calendar, time_zone
from features.errors import DataError, NotFoundError
from features.lake import Lake
from features.load.grid import Versions
from features.load.history import History
from features.load.mix import CUSTOMER_COLUMNS, customer_changes
from features.load.resolution import step_of
from features.load.weather import WEATHER_VARIABLES, ForecastIssue, Weather
from features.workspace import TerritorySettings

__all__ = ["keep_customer_sums", "load_history", "nodes_known_at"]

_log = logging.getLogger("headroom.load")

_DAY_MINUTES = 1440
_SUMS = "customer_sums.parquet"


def load_history(
    lake: Lake,
    territory: TerritorySettings,
    as_of: pd.Timestamp | None = None,
    node_ids: list[str] | None = None,
    weather_variables: tuple[str, ...] = WEATHER_VARIABLES,
) -> History:
    """Read what was available at `as_of` (default: everything) from the lake.

    Of the weather, those of `weather_variables` (columns of the contract, the temperature always among them) that are
    known at more than half of all times.

    Raises NotFoundError when the lake has no loads, or an asked node has neither a reading nor a ledger row; DataError
    when the loads come at a resolution the models cannot use, such as daily.
    """
    frame = lake.versions("node_load", columns=["node_id", "start_utc", "load_kw", "available_at"], as_of=as_of)
    if frame.empty:
        raise NotFoundError("the lake holds no node_load rows: ingest a source first")
    frame = _on_grid(frame, "node_load", "node_id")
    frame["load_kw"] = frame["load_kw"].astype("float64")
    versions = Versions.from_frame(frame, "node_id", "load_kw")
    if 60 % versions.step_minutes:
        reason = f"readings every {versions.step_minutes} minutes; the models need whole parts of an hour"
        raise DataError("node_load", "start_utc", reason, len(frame), (frame["node_id"].iloc[0], versions.start))
    last = versions.start + pd.Timedelta(minutes=versions.step_minutes * versions.width)
    moment = as_of or max(last, pd.Timestamp(versions.available[-1], unit="us", tz="UTC"))
    nodes = _rated(lake, moment, as_of)
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    weather, events = _weather(lake, as_of, calendar, weather_variables), lake.read("event", as_of=as_of)
    history = History(versions, weather, nodes, calendar, moment, events, _customers(lake, as_of))
    if node_ids is None:
        return history
    unknown = sorted(set(node_ids) - set(versions.ids) - set(nodes.index))
    if unknown:
        raise NotFoundError(f"node {unknown[0]} is unknown ({len(unknown)} unknown in all)")
    return history.with_nodes(node_ids)


def _on_grid(frame: pd.DataFrame, table: str, id_column: str) -> pd.DataFrame:
    """The rows whose interval begins where nearly all begin; stray ones are left out, and the log says so.

    The lake forgets nothing: if one stray stamp stopped a territory, nobody could set it going again.
    """
    stamp = pd.DatetimeIndex(frame["start_utc"]).as_unit("us").asi8
    step = step_of(stamp, frame[id_column].astype("category").cat.codes.to_numpy())
    phase = stamp % (step * 60_000_000)
    if (phase == phase[0]).all():
        return frame
    phases, counts = np.unique(phase, return_counts=True)
    stray = phase != phases[np.argmax(counts)]
    first = frame.loc[stray, [id_column, "start_utc"]].iloc[0]
    _log.warning(
        "%s.start_utc: %d row(s) not on the %d-minute grid are left out, first at %s %s",
        table,
        stray.sum(),
        step,
        first[id_column],
        first["start_utc"],
    )
    return frame[~stray].reset_index(drop=True)


def nodes_known_at(lake: Lake, moment: pd.Timestamp, as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """The nodes valid at `moment` as the ledgers told of them then (or at `as_of`), as `load_history` gives them."""
    return _rated(lake, moment, as_of or moment)


def keep_customer_sums(lake: Lake, folder: Path) -> None:
    """Write the sums of customers' agreed capacity beside a copy of the lake in `folder` that holds no customers.

    A history read from that copy is then the same as one read from `lake`.
    """
    _customers(lake, None).to_parquet(folder / _SUMS, index=False)


def _customers(lake: Lake, as_of: pd.Timestamp | None) -> pd.DataFrame:
    """Changes of agreed capacity; from the sums kept beside the lake where single customers were left out."""
    if not (lake.root / _SUMS).is_file():
        return customer_changes(lake.versions("customer", columns=CUSTOMER_COLUMNS, as_of=as_of))
    changes = pd.read_parquet(lake.root / _SUMS)
    return changes if as_of is None else changes[changes["since_utc"] <= as_of]


def _rated(lake: Lake, moment: pd.Timestamp, as_of: pd.Timestamp | None) -> pd.DataFrame:
    """Valid nodes by node_id; where no rating of its own is given, `rating_kva` is the sum of its transformers'."""
    nodes = lake.valid("node", at=moment, as_of=as_of).set_index("node_id")
    transformers = lake.valid("transformer", at=moment, as_of=as_of)
    total = transformers.groupby("node_id")["rating_kva"].sum()
    nodes["rating_kva"] = nodes["rating_kva"].astype(float).fillna(total.reindex(nodes.index).astype(float))
    return nodes


def _weather(lake: Lake, as_of: pd.Timestamp | None, calendar: Calendar, variables: tuple[str, ...]) -> Weather:
    """Observed weather and issued forecasts available at `as_of`; empty where the territory has neither.

    Where nothing was observed, the latest forecast of each hour stands in for it, and the log says so: its error at
    the shortest lead is small beside what no weather at all would cost.
    """
    wanted = tuple(dict.fromkeys(("temperature_c", *variables)))
    columns = ["station_id", "start_utc", *wanted, "available_at"]
    table = "weather_observed"
    frame = _hourly(lake.versions(table, columns=columns, as_of=as_of), calendar)
    issued = _hourly(lake.versions("weather_forecast", columns=["issued_at", *columns], as_of=as_of), calendar)
    if frame.empty and not issued.empty:
        _log.warning("weather_observed holds no rows: the latest forecast of each hour stands in for what was observed")
        table, frame = "weather_forecast", issued.sort_values(["available_at", "issued_at"], kind="stable")
    if frame.empty:
        return Weather({})
    frame = _on_grid(frame, table, "station_id")
    base = Versions.from_frame(frame, "station_id", "temperature_c")
    used = [name for name in wanted if frame[name].notna().mean() > 0.5]
    observed = {name: replace(base, value=frame[name].to_numpy(dtype=float, na_value=np.nan)) for name in used}
    return Weather(observed, _issues(issued, base.ids, used))


def _hourly(frame: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """Rows of daily figures as one row an hour, each holding until the same local time of the next day.

    A day's mean is no reading at its midnight to be interpolated from, and where clocks change days are not all of
    one length. Anything finer than a day stays as it is.
    """
    stamps = pd.DatetimeIndex(frame["start_utc"])
    stations = frame["station_id"].astype("category").cat.codes.to_numpy()
    if frame.empty or step_of(stamps.as_unit("us").asi8, stations) < _DAY_MINUTES:
        return frame
    local = calendar.local(stamps)
    zone = time_zone(calendar.time_zone)
    end = (local + pd.Timedelta(days=1)).tz_localize(zone, nonexistent="shift_forward", ambiguous="NaT")
    hours = ((end - stamps) / pd.Timedelta(hours=1)).to_numpy()
    count = np.where(np.isfinite(hours), hours, 24).astype(int)
    row = np.repeat(np.arange(len(frame)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    start = stamps[row] + pd.to_timedelta(within, unit="h")
    return frame.take(row).reset_index(drop=True).assign(start_utc=start)


def _issues(frame: pd.DataFrame, station_ids: tuple[str, ...], variables: list[str]) -> tuple[ForecastIssue, ...]:
    if frame.empty:
        return ()
    issues = []
    for _, issue in frame.groupby("issued_at", sort=True):
        part = _on_grid(issue, "weather_forecast", "station_id")
        one = Versions.from_frame(part, "station_id", "temperature_c")
        values = {}
        for name in variables:
            grid = np.full((len(station_ids), one.width), np.nan)
            known = replace(one, value=part[name].to_numpy(dtype=float, na_value=np.nan)).grid()
            place = {station: row for row, station in enumerate(station_ids)}
            for row, station in enumerate(one.ids):
                if station in place:
                    grid[place[station]] = known.values[row]
            values[name] = grid
        available = pd.Timestamp(part["available_at"].max())
        issues.append(ForecastIssue(available, one.start, one.step_minutes, values))
    return tuple(sorted(issues, key=lambda issue: issue.available_at))
