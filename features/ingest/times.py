"""From what a source wrote to instants in UTC."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

import numpy as np
import pandas as pd

from features.clock import time_zone
from features.ingest.clocks import Occurrences, localize
from features.ingest.convert import Converted, translated
from features.ingest.mapping import ColumnMapping, TimeParts

__all__ = ["TimeContext", "to_instant"]

_NOT_A_TIME = np.datetime64("NaT", "us")
_EPOCH = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
_STRICT, _MOST = "iso_offset", 1e9
# Anything outside is a slip of the pen (year 0024) or an overflow, never a reading of a grid.
_FIRST, _LAST = np.datetime64("1900-01-01", "us"), np.datetime64("2200-01-01", "us")


@dataclass
class TimeContext:
    """What a time needs beyond its own cell: the mapping's zone, and what it belongs to where hours repeat."""

    zone: str
    occurrences: dict[str, Occurrences] = field(default_factory=dict)

    def fresh(self) -> dict[str, list[tuple[list[object], int]]]:
        """The repeated hours of each column that were seen since this was asked last, as plain values."""
        seen = {name: occurrences.fresh() for name, occurrences in self.occurrences.items()}
        return {name: things for name, things in seen.items() if things}

    def recall(self, seen: Mapping[str, Iterable[tuple[list[object], int]]]) -> None:
        """Count the repeated hours that a run before has seen."""
        for name, things in seen.items():
            self.occurrences.setdefault(name, Occurrences()).recall(things)


def to_instant(
    name: str, raw: pd.Series, frame: pd.DataFrame, spec: ColumnMapping, context: TimeContext, things: pd.DataFrame
) -> Converted:
    """Instants of a column: codes translated, parsed, shifted by whole minutes, placed on the source's clock.

    `raw` is the cleaned source column (of the year when the time comes in parts), `frame` all source columns,
    `things` the texts that say what each row is about (used only to tell the first repeated hour from the second).
    """
    zone = time_zone(spec.zone or context.zone)
    raw = translated(raw, spec) if spec.codes else raw
    naive, utc, added = _parsed(raw, frame, spec)
    minutes = added + spec.shift_minutes
    given = raw.notna().to_numpy(dtype=bool)
    values, naive = _moved(utc, minutes), _moved(naive, minutes)
    twice = never = np.zeros(len(raw), dtype=bool)
    if not np.isnat(naive).all():
        local, twice, never = localize(naive, zone, spec.ambiguous, spec.nonexistent)
        values = np.where(np.isnat(utc), local, values)
    if spec.ambiguous == "in_order" and twice.any():
        counter = context.occurrences.setdefault(name, Occurrences())
        values = _in_order(values, naive, twice, zone, counter, things)
        twice = np.zeros(len(raw), bool)
    values = np.where((values >= _FIRST) & (values < _LAST), values, _NOT_A_TIME)
    bad = {"AMBIGUOUS_TIME": twice, "NONEXISTENT_TIME": never & ~twice}
    bad["BAD_TIME"] = np.isnat(values) & given & ~bad["AMBIGUOUS_TIME"] & ~bad["NONEXISTENT_TIME"]
    placed = pd.Series(pd.DatetimeIndex(values).tz_localize("UTC").as_unit("us"))
    return Converted(placed, {code: mask for code, mask in bad.items() if mask.any()})


def _moved(times: np.ndarray, minutes: np.ndarray) -> np.ndarray:
    """Times plus minutes; no time where the minutes are unknown."""
    if not np.any(minutes):
        return times
    unknown = np.isnan(minutes)
    whole = np.round(np.where(unknown, 0, minutes) * 60_000_000).astype(np.int64).astype("timedelta64[us]")
    return np.where(unknown, _NOT_A_TIME, times + whole)


def _in_order(
    values: np.ndarray, naive: np.ndarray, twice: np.ndarray, zone: tzinfo, counter: Occurrences, things: pd.DataFrame
) -> np.ndarray:
    rows = np.flatnonzero(twice)
    about = things.take(rows).astype("object").itertuples(index=False, name=None)
    first = counter.is_first([(*thing, int(t)) for thing, t in zip(about, naive[rows].astype("int64"), strict=True)])
    earlier, _, _ = localize(naive[rows], zone, "first")
    later, _, _ = localize(naive[rows], zone, "second")
    values = values.copy()
    values[rows] = np.where(first, earlier, later)
    return values


def _parsed(raw: pd.Series, frame: pd.DataFrame, spec: ColumnMapping) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Naive local times, times in UTC where the source says the offset (each row has one of them), minutes to add."""
    added = np.zeros(len(raw)) if spec.plus_minutes is None else _whole(frame[spec.plus_minutes])
    none = np.full(len(raw), _NOT_A_TIME)
    if spec.parts is not None:
        days, minutes = _from_parts(spec.parts, frame)
        return days, none, added + minutes
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        return none, _narrow(raw.dt.tz_convert("UTC").dt.tz_localize(None)), added
    if pd.api.types.is_datetime64_dtype(raw.dtype):
        return _narrow(raw), none, added
    if spec.format in _EPOCH:
        counts = _numbers(raw) * _EPOCH[spec.format]
        inside = np.abs(counts) < 1e16
        utc = np.where(inside, np.where(inside, counts, 0).astype("int64").astype("datetime64[us]"), _NOT_A_TIME)
        return none, utc, added
    return (*_from_text(raw, spec), added)


def _from_text(raw: pd.Series, spec: ColumnMapping) -> tuple[np.ndarray, np.ndarray]:
    """Local times, and times in UTC of texts that end with an offset; equal texts are read once."""
    codes, kinds = pd.factorize(raw)
    texts = pd.Series(kinds).astype("str").str.strip()
    # 24:00 is the end of the day; no parser takes it for the midnight it is.
    late = texts.str.contains(r"(?:^|[ T])24:00(?::00)?$").fillna(False).to_numpy(dtype=bool)
    texts = texts.str.replace(r"(^|[ T])24:00(:00)?$", r"\g<1>00:00\g<2>", regex=True)
    form = "ISO8601" if spec.format in ("iso", _STRICT) else spec.format
    stamped = pd.Series("%z" in form, index=texts.index)
    if form == "ISO8601":
        stamped = texts.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$").fillna(False).astype("bool")
    utc = pd.to_datetime(texts.where(stamped), format=form, utc=True, errors="coerce").dt.tz_localize(None)
    # A text that must say its offset, and does not, is no time.
    passed = stamped | (spec.format == _STRICT)
    naive = pd.to_datetime(texts.mask(passed), format=form, errors="coerce")
    day = np.where(late, np.timedelta64(1, "D"), np.timedelta64(0, "D"))
    return np.append(_narrow(naive) + day, _NOT_A_TIME)[codes], np.append(_narrow(utc), _NOT_A_TIME)[codes]


def _narrow(times: pd.Series) -> np.ndarray:
    return times.to_numpy(dtype="datetime64[us]")


def _from_parts(parts: TimeParts, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The local day and the minutes after its midnight; no time where the date does not exist."""
    year, month, day = (_whole(frame[name]) for name in (parts.year, parts.month, parts.day))
    minutes = np.zeros(len(year))
    if parts.hour is not None:
        hours = _whole(frame[parts.hour])
        minutes = minutes + np.where((hours >= 0) & (hours <= 25), hours, np.nan) * 60
    if parts.minute is not None:
        minutes = minutes + _whole(frame[parts.minute])
    stamp = np.where((year >= 1000) & (year < 10000), year * 10000 + month * 100 + day, np.nan)
    codes, kinds = pd.factorize(stamp)
    texts = pd.Series([f"{int(kind):08d}" for kind in kinds], dtype="str")
    days = _narrow(pd.to_datetime(texts, format="%Y%m%d", errors="coerce"))
    return np.append(days, _NOT_A_TIME)[codes], minutes


def _numbers(values: pd.Series) -> np.ndarray:
    plain = values if pd.api.types.is_numeric_dtype(values.dtype) else values.astype("str")
    return pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _whole(values: pd.Series) -> np.ndarray:
    numbers = _numbers(values)
    # No part of a date, and no shift of one, is as large; what is would overflow.
    return np.where((numbers == np.round(numbers)) & (np.abs(numbers) < _MOST), numbers, np.nan)
