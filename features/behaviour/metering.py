"""From meters to customers: energy of every interval known becomes whole local days, and short intervals where any."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.behaviour.known import IntervalUse
from features.behaviour.use import DailyUse
from features.clock import Calendar, time_zone
from features.lake import Lake
from features.lake.held import current_rows

__all__ = ["INTERVAL_DAYS", "midnights", "read_use"]

INTERVAL_DAYS = 91
"""Days of short intervals that are kept: thirteen whole weeks."""

_AT_ONCE = 20_000
_SLACK_S = 60
_HOUR_S = 3600


@dataclass(frozen=True)
class _Periods:
    """Whose each meter was, in seconds from the first midnight: sorted by meter, then begin; customer -1: nobody's."""

    meter_ids: pd.Index
    meter: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    customer: np.ndarray

    def owner(self, meter: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Row of the customer each meter belonged to then, -1 where to none."""
        if not len(self.meter):
            return np.full(len(meter), -1)
        at = np.searchsorted(self.meter * 2**32 + self.begin, meter * 2**32 + second, side="right") - 1
        fits = (at >= 0) & (self.meter[at] == meter) & (second < self.end[at])
        return np.where(fits, self.customer[at], -1)


def midnights(calendar: Calendar, first_day: pd.Timestamp, count: int) -> pd.DatetimeIndex:
    """UTC instants at which `count` local days begin; where midnight is skipped, the first instant after it."""
    local = pd.date_range(first_day, periods=count, freq="D")
    zone = time_zone(calendar.time_zone)
    twice = np.ones(count, dtype=bool)
    return local.tz_localize(zone, nonexistent="shift_forward", ambiguous=twice).tz_convert("UTC").as_unit("us")


def read_use(
    lake: Lake,
    calendar: Calendar,
    customer_ids: pd.Index,
    today: pd.Timestamp,
    days: int,
    as_of: pd.Timestamp,
) -> tuple[DailyUse, IntervalUse | None]:
    """Use of `customer_ids` (sorted) over the `days` local days before `today`, from readings available at `as_of`.

    A day, or an interval, is known where the readings of all meters the customer had then cover it; meters that came
    or went within a day must have readings up to that moment.
    """
    first = today - pd.Timedelta(days=days)
    edge = midnights(calendar, first, days + 1)
    ledger = lake.read("meter", as_of=as_of)
    kwh = np.full((len(customer_ids), days), np.nan, dtype=np.float32)
    fine: list[tuple[slice, pd.Timestamp, int, np.ndarray]] = []
    for begin in range(0, len(customer_ids), _AT_ONCE):
        rows = slice(begin, min(begin + _AT_ONCE, len(customer_ids)))
        periods = _periods(ledger, customer_ids[rows], edge)
        readings = _readings(lake, periods, edge, as_of, whole=len(customer_ids) <= _AT_ONCE)
        daily, short = _dense(readings, periods, edge, rows.stop - rows.start)
        kwh[rows] = daily
        if short is not None:
            fine.append((rows, edge[max(days - INTERVAL_DAYS, 0)], *short))
    return DailyUse(tuple(customer_ids), first, kwh), _together(fine, len(customer_ids))


def _periods(ledger: pd.DataFrame, ids: pd.Index, edge: pd.DatetimeIndex) -> _Periods:
    """Where a source opened a new period without closing the old one, the one that began last holds."""
    mine = ledger[ledger["meter_id"].isin(ledger.loc[ledger["customer_id"].isin(ids), "meter_id"])]
    mine = mine.sort_values(["meter_id", "valid_from"], kind="stable")
    code, names = pd.factorize(mine["meter_id"], sort=True)
    span = float((edge[-1] - edge[0]).total_seconds())
    begin = np.clip(_seconds(mine["valid_from"], edge[0]), 0, span)
    end = np.clip(_seconds(mine["valid_to"].fillna(edge[-1]), edge[0]), 0, span)
    following = np.append(begin[1:], span)
    last = np.append(code[1:] != code[:-1], True) if len(code) else np.zeros(0, dtype=bool)
    end = np.where(last, end, np.minimum(end, following))
    kept = end > begin
    customer = ids.get_indexer(pd.Index(mine["customer_id"]))
    parts = (code, begin, end, customer)
    return _Periods(pd.Index(names), *(one[kept].astype(np.int64) for one in parts))


def _seconds(times: pd.Series, start: pd.Timestamp) -> np.ndarray:
    return np.asarray((times - start).dt.total_seconds(), dtype=float)


@dataclass(frozen=True)
class _Readings:
    """One entry per reading that belongs to a customer: row, first second, length in seconds, kWh."""

    customer: np.ndarray
    second: np.ndarray
    length: np.ndarray
    kwh: np.ndarray


def _readings(lake: Lake, periods: _Periods, edge: pd.DatetimeIndex, as_of: pd.Timestamp, whole: bool) -> _Readings:
    columns = ["meter_id", "start_utc", "end_utc", "kwh"]
    where = None if whole else {"meter_id": list(periods.meter_ids)}
    frame = current_rows(lake, "consumption", columns, as_of=as_of, since=edge[0], where=where)
    frame = frame[(frame["start_utc"] < edge[-1]).to_numpy(dtype=bool)]
    meters = frame["meter_id"].astype("category").cat
    meter = periods.meter_ids.get_indexer(pd.Index(meters.categories))[meters.codes.to_numpy()]
    start = pd.DatetimeIndex(frame["start_utc"]).as_unit("us").asi8
    second = (start - edge[0].value // 1000) // 1_000_000
    length = (pd.DatetimeIndex(frame["end_utc"]).as_unit("us").asi8 - start) // 1_000_000
    customer = np.where(meter >= 0, periods.owner(meter, second), -1)
    mine = customer >= 0
    return _Readings(customer[mine], second[mine], length[mine], frame["kwh"].to_numpy(dtype=float)[mine])


def _dense(
    readings: _Readings, periods: _Periods, edge: pd.DatetimeIndex, count: int
) -> tuple[np.ndarray, tuple[int, np.ndarray] | None]:
    """Days [customers × days]; and step in minutes with the short intervals of the last days, where there are any."""
    days = len(edge) - 1
    border = _seconds(edge.to_series(), edge[0]).astype(np.int64)
    day = np.searchsorted(border, readings.second, side="right") - 1
    cell = readings.customer * days + day
    energy = np.bincount(cell, weights=readings.kwh, minlength=count * days).reshape(count, days)
    covered = np.bincount(cell, weights=readings.length, minlength=count * days).reshape(count, days)
    asked = _asked(periods, border, count)
    # Readings that cover more than the day are of two kinds at once; their sum would be twice the use.
    known = (asked > 0) & (np.abs(covered - asked) <= _SLACK_S)
    daily = np.where(known, energy, np.nan)
    recent = readings.second >= border[max(days - INTERVAL_DAYS, 0)]
    lengths = readings.length[recent & (readings.length <= _HOUR_S)]
    if not len(lengths):
        return daily, None
    step = int(np.bincount(lengths).argmax())
    chosen = recent & (readings.length == step)
    meters = np.round(asked / np.diff(border))[:, -INTERVAL_DAYS:]
    return daily, (step // 60, _short(readings, chosen, step, border[-INTERVAL_DAYS - 1 :], meters))


def _asked(periods: _Periods, border: np.ndarray, count: int) -> np.ndarray:
    """Seconds of each day for which each customer's meters must have readings, all meters together."""
    out = np.zeros((count, len(border) - 1))
    length = np.diff(border).astype(float)
    own = periods.customer >= 0
    always = own & (periods.begin <= border[0]) & (periods.end >= border[-1])
    out += np.bincount(periods.customer[always], minlength=count)[:, None] * length
    for place in np.flatnonzero(own & ~always):
        inside = np.minimum(border[1:], periods.end[place]) - np.maximum(border[:-1], periods.begin[place])
        out[periods.customer[place]] += np.maximum(inside, 0)
    return out


def _short(readings: _Readings, chosen: np.ndarray, step: int, border: np.ndarray, meters: np.ndarray) -> np.ndarray:
    count, width = len(meters), int((border[-1] - border[0]) // step)
    place, rest = np.divmod(readings.second[chosen] - border[0], step)
    good = (rest == 0) & (place < width)
    cell = readings.customer[chosen][good] * width + place[good]
    energy = np.bincount(cell, weights=readings.kwh[chosen][good], minlength=count * width).reshape(count, width)
    heard = np.bincount(cell, minlength=count * width).reshape(count, width)
    day = np.searchsorted(border, border[0] + step * np.arange(width), side="right") - 1
    wanted = meters[:, day]
    return np.where((wanted > 0) & (heard == wanted), energy, np.nan).astype(np.float32)


def _together(parts: list[tuple[slice, pd.Timestamp, int, np.ndarray]], count: int) -> IntervalUse | None:
    """One array of all; where customers are read at different steps, those of the commonest step."""
    if not parts:
        return None
    steps = [step for _, _, step, _ in parts]
    step = max(set(steps), key=lambda one: (steps.count(one), -one))
    chosen = [part for part in parts if part[2] == step]
    kwh = np.full((count, chosen[0][3].shape[1]), np.nan, dtype=np.float32)
    for rows, _, _, values in chosen:
        kwh[rows] = values
    return IntervalUse(chosen[0][1], step, kwh)
