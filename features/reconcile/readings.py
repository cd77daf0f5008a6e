"""Dense arrays of what meters and areas measured, read from the lake for those that are asked for."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT
from features.lake import Lake

__all__ = ["Readings", "dense"]


class Readings:
    """Readings known at `now`; every array is [rows asked for × times], nan where nothing was read, latest time last.

    `known_at` is when the last of the rows read so far became known: what is concluded from them was not known before.
    """

    def __init__(self, lake: Lake, now: pd.Timestamp) -> None:
        self.lake, self.now = lake, now
        self.known_at: pd.Timestamp | None = None

    def voltages(self, meters: Sequence[str], nodes: Sequence[str], days: int) -> tuple[np.ndarray, np.ndarray]:
        """Hourly volts of meters, and the middle of areas' lowest and highest, over the last `days` with any."""
        mine = self._rows("meter_voltage", "meter_id", meters, ["voltage_v"])
        if mine.empty:
            return np.zeros((len(meters), 0)), np.zeros((len(nodes), 0))
        hours = _hours(mine["start_utc"].max(), days)
        areas = self._rows("node_load", "node_id", nodes, ["voltage_v_min", "voltage_v_max"], hours[0])
        middle = areas.assign(voltage_v=(areas["voltage_v_min"] + areas["voltage_v_max"]) / 2)
        volts = dense(_hourly(mine), "meter_id", meters, "start_utc", hours, "voltage_v")
        return volts, dense(_hourly(middle), "node_id", nodes, "start_utc", hours, "voltage_v")

    def use(self, meters: Sequence[str], nodes: Sequence[str], days: int) -> tuple[np.ndarray, np.ndarray]:
        """Daily kWh of meters and mean kW of areas over the same local days, the last `days` with any."""
        mine = self._rows("consumption", "meter_id", meters, ["kwh"])
        if mine.empty:
            return np.zeros((len(meters), 0)), np.zeros((len(nodes), 0))
        # Days begin where the meters' do: at local midnight, whatever the clock did in between.
        starts = pd.DatetimeIndex(np.sort(mine["start_utc"].unique()))[-days:]
        areas = self._rows("node_load", "node_id", nodes, ["load_kw"], starts[0])
        edge = starts.append(pd.DatetimeIndex([starts[-1] + pd.Timedelta(days=1)]))
        place = edge.searchsorted(areas["start_utc"], side="right") - 1
        inside = (place >= 0) & (place < len(starts))
        areas = areas.assign(day=place).loc[inside]
        daily = pd.DataFrame(areas.groupby(["node_id", "day"], observed=True)["load_kw"].mean()).reset_index()
        kwh = dense(mine, "meter_id", meters, "start_utc", starts, "kwh")
        return kwh, dense(daily, "node_id", nodes, "day", pd.RangeIndex(len(starts)), "load_kw")

    def loads(self, nodes: Sequence[str], days: int) -> np.ndarray:
        """Mean kW of nodes by hour over the last `days` with any."""
        rows = self._rows("node_load", "node_id", nodes, ["load_kw"])
        if rows.empty:
            return np.zeros((len(nodes), 0))
        hours = _hours(rows["start_utc"].max(), days)
        return dense(_hourly(rows), "node_id", nodes, "start_utc", hours, "load_kw")

    def _rows(
        self, table: str, key: str, wanted: Sequence[str], columns: list[str], since: pd.Timestamp | None = None
    ) -> pd.DataFrame:
        if not wanted:
            return self.lake.read(table, as_of=self.now, columns=[key, "start_utc", *columns], where={key: [""]})
        names = [key, "start_utc", *columns, AVAILABLE_AT]
        rows = self.lake.read(table, as_of=self.now, columns=names, where={key: list(wanted)}, since=since)
        if len(rows):
            latest = rows[AVAILABLE_AT].max()
            self.known_at = latest if self.known_at is None else max(self.known_at, latest)
        return rows


def _hourly(rows: pd.DataFrame) -> pd.DataFrame:
    """Readings within an hour belong to it."""
    return rows.assign(start_utc=rows["start_utc"].dt.floor("h"))


def _hours(last: pd.Timestamp, days: int) -> pd.DatetimeIndex:
    return pd.date_range(end=last.floor("h"), periods=24 * days, freq="h", unit="us")


def dense(frame: pd.DataFrame, key: str, rows: Sequence[str], time: str, times: pd.Index, value: str) -> np.ndarray:
    """Values of long rows as an array [rows × times]; the mean where a time has several, nan where it has none."""
    row = pd.Index(rows).get_indexer(pd.Index(frame[key].astype("str")))
    column = times.get_indexer(pd.Index(frame[time]))
    inside = (row >= 0) & (column >= 0) & frame[value].notna().to_numpy()
    place = row[inside] * len(times) + column[inside]
    size = len(rows) * len(times)
    count = np.bincount(place, minlength=size)
    total = np.bincount(place, weights=frame[value].to_numpy(dtype=float)[inside], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(len(rows), len(times))
