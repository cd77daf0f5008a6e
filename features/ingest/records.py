"""Readings become rows of a contract: every column made as the mapping says, every failure marked with its reason."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.contracts import Field
from features.errors import ConfigError
from features.ingest.convert import Converted, to_number, to_text, to_truth, without_junk
from features.ingest.mapping import ColumnMapping, TableMapping
from features.ingest.times import TimeContext, to_instant

__all__ = ["Marks", "Records", "check_constants", "make_records"]


class Marks:
    """The first reason for which each row is refused, with the column it was found in; 0 is no reason."""

    def __init__(self, count: int) -> None:
        self.number = np.zeros(count, dtype=np.int16)
        self.kinds: list[tuple[str, str]] = []

    def add(self, refused: np.ndarray, reason: str, column: str) -> None:
        """Mark the rows of a mask (or of positions) that have no mark yet."""
        rows = np.flatnonzero(refused) if refused.dtype == bool else refused
        rows = rows[self.number[rows] == 0]
        if len(rows):
            self.kinds.append((reason, column))
            self.number[rows] = len(self.kinds)

    @property
    def refused(self) -> np.ndarray:
        return self.number > 0

    def of(self, row: int) -> tuple[str, str]:
        """Reason and column of a refused row."""
        return self.kinds[self.number[row] - 1]


@dataclass(frozen=True)
class Records:
    """Rows of a contract, null where a value was blank or bad, and the marks of what was bad."""

    frame: pd.DataFrame
    marks: Marks


def make_records(
    source: pd.DataFrame, mapping: TableMapping, missing: tuple[str, ...], context: TimeContext
) -> Records:
    """The contract's frame of the source columns, row by row."""
    contract, count = mapping.contract, len(source)
    marks = Marks(count)
    made: dict[str, pd.Series] = {}
    texts = [name for name in contract.key if contract.field(name).kind == "text"]
    # Times last: of repeated hours the texts say which thing they belong to.
    for field in sorted(contract.fields, key=lambda field: field.kind == "utc"):
        spec = mapping.columns.get(field.name)
        if spec is None or spec.after:
            continue
        things = pd.DataFrame({name: made[name] for name in texts}) if field.kind == "utc" else pd.DataFrame()
        converted = _convert(field, spec, source, missing, context, things)
        made[field.name] = converted.values
        for reason, bad in converted.bad.items():
            marks.add(bad, reason, field.name)
    for field in contract.fields:
        if field.name not in made:
            spec = mapping.columns.get(field.name)
            made[field.name] = _latest(made, spec) if spec is not None else _nothing(field, count)
    frame = pd.DataFrame({name: made[name] for name in contract.columns}, index=pd.RangeIndex(count))
    return Records(frame, marks)


def _convert(
    field: Field,
    spec: ColumnMapping,
    source: pd.DataFrame,
    missing: tuple[str, ...],
    context: TimeContext,
    things: pd.DataFrame,
) -> Converted:
    if spec.constant is not None:
        return Converted(_constant(field, spec, context, len(source)))
    name = spec.parts.year if spec.parts is not None else spec.source
    raw, junk = without_junk(source[name], spec, (*missing, *spec.missing))
    converted = _by_kind(field, spec, raw, source, context, things)
    return Converted(converted.values, {**junk, **converted.bad})


def _by_kind(
    field: Field,
    spec: ColumnMapping,
    raw: pd.Series,
    source: pd.DataFrame,
    context: TimeContext,
    things: pd.DataFrame,
) -> Converted:
    if field.kind == "text":
        return to_text(raw, spec)
    if field.kind == "bool":
        return to_truth(raw, spec)
    if field.kind == "utc":
        return to_instant(field.name, raw, source, spec, context, things)
    return to_number(raw, field, spec)


def _constant(field: Field, spec: ColumnMapping, context: TimeContext, count: int) -> pd.Series:
    cell = pd.Series([str(spec.constant)], dtype="str")
    one = _by_kind(field, spec, cell, pd.DataFrame(index=[0]), context, pd.DataFrame(index=[0]))
    if one.bad:
        raise ConfigError(f"{field.name}: the constant {spec.constant!r} is no {field.kind} ({next(iter(one.bad))})")
    return one.values.take(np.zeros(count, dtype=np.intp)).reset_index(drop=True)


def check_constants(mapping: TableMapping, zone: str) -> None:
    """Raise ConfigError for a constant or a default that cannot be what its column holds."""
    for name, spec in mapping.columns.items():
        field, context = mapping.contract.field(name), TimeContext(zone)
        for value in (spec.constant, spec.default):
            if value is not None:
                origins = {"source", "parts", "after", "plus_minutes", "default"}
                notation = spec.model_dump(exclude_unset=True, exclude=origins)
                plain = ColumnMapping.model_validate({**notation, "constant": value})
                _constant(field, plain, context, 1)


def _latest(made: dict[str, pd.Series], spec: ColumnMapping) -> pd.Series:
    """The latest of the times it comes after, plus the delay."""
    times = np.array([made[name].dt.tz_localize(None).to_numpy(dtype="datetime64[us]") for name in spec.after])
    delay = np.timedelta64(round(spec.delay_minutes * 60_000_000), "us")
    # fmax passes over times that are not there.
    return pd.Series(pd.DatetimeIndex(np.fmax.reduce(times) + delay).tz_localize("UTC").as_unit("us"))


def _nothing(field: Field, count: int) -> pd.Series:
    return (
        pd.Series([None], dtype=pd.api.types.pandas_dtype(field.dtype))
        .take(np.zeros(count, dtype=np.intp))
        .reset_index(drop=True)
    )
