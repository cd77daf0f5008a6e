"""What the collection system measured, as it writes it: loads, daily use and voltages, by its own clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.exports.clock import last_skipped, on_clock, paired, repeated
from features.demo.exports.facts import Facts
from features.demo.exports.rows import Book, Chances, Fault
from features.demo.readings import EXTRACT_HOURS
from features.demo.tables import labels
from features.demo.voltages import meter_voltages, no_voltages

__all__ = ["measured_files"]

_SENTINEL = 9999.99
_UPPER = ("col_load_upper", "node_load", "测点", "有功(MW)", "X99")
_AREAS = ("col_load_areas", "node_load", "测点", "有功(kW)", "A9999X")
_USE = ("col_use", "consumption", "表号", "日用电量(kWh)", "M9999999X")
_VOLTAGE = ("col_voltages", "meter_voltage", "表号", "电压(V)", "M9999999X")
Kind = tuple[str, str, str, str, str]
"""Stem of the file, contract, columns of the thing and of its value, and a thing that nobody knows."""


@dataclass(frozen=True)
class _Context:
    facts: Facts
    book: Book
    chances: Chances
    rng: np.random.Generator

    @property
    def zone(self) -> str:
        return self.facts.config.clock


def measured_files(facts: Facts, chances: Chances, book: Book) -> Iterator[tuple[str, pd.DataFrame]]:
    """Parquet files, one at a time; their faults are noted in the book as they come.

    A file that has nothing to tell is written all the same: the mapping asks for it.
    """
    rng = np.random.default_rng([facts.territory.config.seed, 208])
    context = _Context(facts, book, chances, rng)
    yield from _loads(context)
    yield _use(context)
    yield _voltages(context)


def _first_hour(facts: Facts) -> int:
    hours = facts.territory.load_kw.shape[1]
    return max(0, hours - 24 * facts.config.load_days)


def _loads(context: _Context) -> Iterator[tuple[str, pd.DataFrame]]:
    """First values in order of node and hour, then in files of their own what was put right later.

    A correction of an hour that the clock shows twice could not be placed; there the right value came at once.
    """
    territory, first = context.facts.territory, _first_hour(context.facts)
    readings, hours = territory.readings, territory.days.hours[first:]
    value, right = readings.first_kw[:, first:].copy(), readings.current_kw[:, first:]
    twice = repeated(hours, context.zone) > 0
    value[:, twice] = right[:, twice]
    corrected = (readings.corrected_h[:, first:] > 0) & ~np.isnan(value) & ~twice
    there = paired(~np.isnan(value), hours, context.zone)
    nodes, areas = len(territory.node_ids), len(territory.area_ids)
    upper = np.arange(nodes) < nodes - areas
    for kind, chosen in ((_UPPER, upper), (_AREAS, ~upper)):
        plain = _load_rows(context, kind, there & chosen[:, None], value, readings.delay_h[:, first:])
        yield _finished(context, kind, plain, "", ("dst", "sentinel", "orphan", "malformed"))
        later = _load_rows(context, kind, corrected & chosen[:, None], right, readings.corrected_h[:, first:])
        yield _finished(context, kind, later, "_corrected", ("ambiguous",))


def _load_rows(
    context: _Context, kind: Kind, there: np.ndarray, value: np.ndarray, delay_h: np.ndarray
) -> pd.DataFrame:
    territory, first = context.facts.territory, _first_hour(context.facts)
    node, hour = np.nonzero(there)
    start = territory.days.hours[first + hour]
    frame = pd.DataFrame({"测点": labels(territory.node_ids, node), "数据时间": on_clock(start, context.zone)})
    if kind is _UPPER:
        frame["有功(MW)"] = np.round(value[node, hour] / 1000, 6)
    else:
        frame["有功(kW)"] = value[node, hour]
        low, high = _area_voltages(context, node, first + hour)
        frame["最低电压(V)"], frame["最高电压(V)"] = low, high
    frame["入库时刻_utc"] = start + pd.to_timedelta(delay_h[node, hour], unit="h")
    return frame


def _area_voltages(context: _Context, node: np.ndarray, hour: np.ndarray) -> np.ndarray:
    territory = context.facts.territory
    volts = territory.readings.voltage_v
    first = territory.load_kw.shape[1] - volts.shape[2]
    measured = hour >= first
    columns = np.full((2, len(node)), np.nan)
    area = node[measured] - (len(territory.node_ids) - len(territory.area_ids))
    columns[:, measured] = volts[:, area, hour[measured] - first]
    return columns


def _use(context: _Context) -> tuple[str, pd.DataFrame]:
    territory = context.facts.territory
    kwh, days = territory.metering.kwh, territory.days
    skip = max(0, kwh.shape[1] - context.facts.config.load_days)
    meter, day = np.nonzero(~np.isnan(kwh[:, skip:]))
    start = days.utc(territory.customers.first_day + skip + day)
    frame = pd.DataFrame({"表号": labels(territory.customers.meter_ids, meter)})
    frame["冻结时刻"] = on_clock(start, context.zone)
    frame["日用电量(kWh)"] = kwh[meter, skip + day]
    frame["入库时刻_utc"] = start + pd.Timedelta(hours=30)
    frame = frame[frame["入库时刻_utc"] <= territory.end + pd.Timedelta(hours=EXTRACT_HOURS)]
    return _finished(context, _USE, frame, "", ("sentinel", "orphan", "malformed"))


def _voltages(context: _Context) -> tuple[str, pd.DataFrame]:
    territory = context.facts.territory
    made = meter_voltages(territory) if context.facts.config.voltage else no_voltages(territory)
    hours = territory.days.hours[made.first_hour :]
    missed = context.rng.random(made.voltage_v.shape, dtype=np.float32) < 0.002
    there = paired(~np.isnan(made.voltage_v) & ~missed, hours, context.zone)
    meter, hour = np.nonzero(there)
    frame = pd.DataFrame({"表号": labels(territory.customers.meter_ids, meter)})
    frame["数据时间"] = on_clock(hours, context.zone)[hour]
    frame["电压(V)"] = made.voltage_v[meter, hour].astype(np.float64).round(1)
    return _finished(context, _VOLTAGE, frame, "", ("dst", "sentinel", "orphan", "malformed"))


def _finished(
    context: _Context, kind: Kind, frame: pd.DataFrame, part: str, faults: Sequence[str]
) -> tuple[str, pd.DataFrame]:
    """The file's name, and its rows with the broken ones behind them."""
    name = f"{kind[0]}{part}.parquet"
    broken = [one for fault in faults for one in _broken(context, kind, frame, fault)] if len(frame) else []
    extra = pd.DataFrame([row for _, _, row in broken], columns=frame.columns)
    for number, (fault, reason, row) in enumerate(broken, start=len(frame) + 1):
        subject = f"collection:{row[kind[2]]}" if kind[1] == "node_load" else str(row[kind[2]])
        expected = f"quarantine:{reason}"
        context.book.faults.append(Fault(fault, "collection", kind[1], subject, expected, file=name, line=number))
    return name, _joined(frame, extra, kind[2]) if broken else frame


def _joined(frame: pd.DataFrame, extra: pd.DataFrame, thing: str) -> pd.DataFrame:
    """Both, the repeated identifiers still without repeating their text."""
    known = frame[thing].cat.categories
    every = known.append(pd.Index([one for one in extra[thing].unique() if one not in known], dtype=known.dtype))
    frame = frame.assign(**{thing: frame[thing].cat.set_categories(every)})
    extra = extra.assign(**{thing: pd.Categorical(extra[thing], categories=every)})
    return pd.concat([frame, extra.astype(frame.dtypes.to_dict())], ignore_index=True)


def _broken(context: _Context, kind: Kind, frame: pd.DataFrame, fault: str) -> Iterator[tuple[str, str, dict]]:
    """Broken copies of rows: the fault's kind, why the gate must refuse it, and the row."""
    _, _, thing, value, stranger = kind
    named = "dst" if fault == "ambiguous" else fault
    skipped = last_skipped(context.facts.territory.end, context.zone)
    hours = context.facts.territory.days.hours[_first_hour(context.facts) :]
    doubtful = on_clock(hours, context.zone)[repeated(hours, context.zone) == 1]
    ways: dict[str, tuple[tuple[str, object, str], ...]] = {
        "dst": () if skipped is None else (("数据时间", skipped, "NONEXISTENT_TIME"),),
        "ambiguous": (("数据时间", doubtful[-1], "AMBIGUOUS_TIME"),) if len(doubtful) else (),
        "sentinel": ((value, _SENTINEL, "JUNK_VALUE"),),
        "orphan": ((thing, stranger, "ORPHAN_LINK"),),
        "malformed": ((value, np.nan, "MISSING_VALUE"), (value, *_beyond(kind))),
    }
    count = context.chances.count(named, frame[thing].nunique()) if ways[fault] else 0
    for turn in range(count):
        column, put, reason = ways[fault][turn % len(ways[fault])]
        row = frame.iloc[int(context.rng.integers(0, len(frame)))].to_dict() | {column: put}
        if column == "数据时间" and "入库时刻_utc" in row:
            # Late enough for any hour of that day.
            row["入库时刻_utc"] = context.facts.territory.end
        yield named, reason, row


def _beyond(kind: Kind) -> tuple[object, str]:
    """A value that no thing of the kind can have, and the reason of its refusal."""
    return (-5.0, "BELOW_BOUND") if kind is _VOLTAGE else (9.9e9, "ABOVE_BOUND")
