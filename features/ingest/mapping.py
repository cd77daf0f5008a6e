"""The mapping of a source: which files feed which tables, and how each column is made. YAML only, no code."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from features.clock import Calendar, time_zone
from features.contracts import CONTRACTS, Contract
from features.errors import ConfigError
from features.ingest.units import conversion
from features.settings import Settings, load_settings
from features.workspace import TerritorySettings

__all__ = [
    "ColumnMapping",
    "DeriveMapping",
    "HoursLayout",
    "LongLayout",
    "SourceMapping",
    "TableMapping",
    "TimeParts",
    "WideLayout",
    "load_mapping",
]


# A century: enough for any clock, and no time overflows.
_MOST_MINUTES = 100 * 366 * 24 * 60
_NAMED_FORMATS = ("iso", "epoch_s", "epoch_ms")


def _as_text(value: Any) -> Any:
    """YAML reads 9999.99, 7 and 2004-01-01 as numbers and dates; a mapping means the text of the source."""
    return str(value) if isinstance(value, int | float | date) and not isinstance(value, bool) else value


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression ({error})") from error
    return value


Text = Annotated[str, BeforeValidator(_as_text)]
Pattern = Annotated[str, AfterValidator(_check_pattern)]
Minutes = Annotated[float, Field(ge=-_MOST_MINUTES, le=_MOST_MINUTES)]
Value = Annotated[str | bool, BeforeValidator(_as_text)]
MISSING = ("", "-", "--", "—", "NULL", "null", "NaN", "nan", "NA", "N/A", "None")


class TimeParts(Settings):
    """A local time given as whole numbers in several columns; hour 24 and minute 1440 reach into the next day."""

    year: str
    month: str
    day: str
    hour: str | None = None
    minute: str | None = None


class ColumnMapping(Settings):
    """How one column of a contract is made. A plain text in the YAML is short for `from: text`.

    The value comes `from` a source column, from `parts` (times only), is a `constant`, or comes `after` other times of
    the same row (the latest of them, plus `delay_minutes`). Source columns may also be `$file` (the identifier taken
    from the file's name), `$column` and `$value` (layouts that melt columns), `$minutes` (the hours layout).
    """

    model_config = ConfigDict(populate_by_name=True)

    source: str | None = Field(None, alias="from")
    parts: TimeParts | None = None
    constant: Value | None = None
    after: tuple[str, ...] = ()

    default: Value | None = None
    missing: tuple[Text, ...] = ()
    junk: tuple[Text, ...] = ()

    prefix: str = ""
    codes: dict[Text, Text] = Field(default_factory=dict)

    unit: str = ""
    factor: float = Field(1.0, allow_inf_nan=False)
    digits: int | None = Field(None, ge=0, le=12)
    thousands: Literal["", ",", ".", " ", "'"] = ""
    decimal: Literal[".", ","] = "."

    format: str = "iso"
    zone: str = ""
    shift_minutes: Minutes = 0.0
    plus_minutes: str | None = None
    delay_minutes: Minutes = 0.0
    ambiguous: Literal["quarantine", "first", "second", "in_order"] = "quarantine"
    nonexistent: Literal["quarantine", "shift_forward"] = "quarantine"

    @field_validator("after", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> "ColumnMapping":
        origins = [self.source is not None, self.parts is not None, self.constant is not None, bool(self.after)]
        if sum(origins) != 1:
            raise ValueError("give exactly one of from, parts, constant, after")
        if self.thousands and self.thousands == self.decimal:
            raise ValueError("thousands and decimal are the same sign")
        if self.zone:
            _check_zone(self.zone)
        if self.format not in _NAMED_FORMATS:
            # Says which directive is bad.
            pd.to_datetime(pd.Series(["now"]), format=self.format, errors="coerce")
        return self

    def sources(self) -> tuple[str, ...]:
        """The source columns it is made from."""
        parts = list(self.parts.model_dump().values()) if self.parts else []
        return tuple(name for name in (self.source, self.plus_minutes, *parts) if name is not None)


_COMMON = {"source", "constant", "default", "missing", "junk"}
_ALLOWED: dict[str, set[str]] = {
    "text": _COMMON | {"prefix", "codes"},
    "bool": _COMMON | {"codes"},
    "int": _COMMON | {"factor", "thousands", "decimal"},
    "float": _COMMON | {"unit", "factor", "digits", "thousands", "decimal"},
    "utc": _COMMON
    | {
        "parts",
        "after",
        "format",
        "zone",
        "shift_minutes",
        "plus_minutes",
        "delay_minutes",
        "ambiguous",
        "nonexistent",
    },
}


class LongLayout(Settings):
    """One row is one record."""

    kind: Literal["long"] = "long"


class WideLayout(Settings):
    """One column per thing: `columns` is a regular expression; its first group, if any, is `$column`."""

    kind: Literal["wide"]
    columns: Pattern


class HoursLayout(Settings):
    """One column per interval of a day, named by `columns` with `{}` for the number; `$minutes` since midnight."""

    kind: Literal["hours"]
    columns: str = "h{}"
    first: int = Field(1, ge=0)
    count: int = Field(24, ge=1, le=288)
    minutes: int = Field(60, ge=5, le=60)

    @field_validator("columns")
    @classmethod
    def _has_place(cls, value: str) -> str:
        if value.count("{}") != 1:
            raise ValueError("needs one {} where the number stands")
        return value


Layout = Annotated[LongLayout | WideLayout | HoursLayout, Field(discriminator="kind")]


class DeriveMapping(Settings):
    """Rows made from another table of the same source: one for each distinct `id`.

    Source columns are then: the `id` column, `first` (its earliest event time) and `quantile` (the `level` quantile
    of the column `of` over its rows).
    """

    table: str
    id: str
    of: str
    level: float = Field(0.999, gt=0, lt=1)


class TableMapping(Settings):
    """How files (or another table) become rows of one contract.

    `skip_blank` names source columns of which each must hold something for the row to be a record at all; `exclude`
    drops rows by the exact text of a source column. Both are counted, and are no rows "in".
    """

    table: str
    files: tuple[str, ...] = ()
    derive: DeriveMapping | None = None
    format: Literal["auto", "csv", "excel", "parquet"] = "auto"
    encoding: str = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    skip_lines: int = Field(0, ge=0)
    sheet: str | None = None
    file_id: Pattern | None = None
    layout: Layout = LongLayout()
    skip_blank: tuple[str, ...] = ()
    exclude: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    columns: dict[str, ColumnMapping]

    @field_validator("files", "skip_blank", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"from": column} if isinstance(column, str) else column for name, column in value.items()}

    @model_validator(mode="after")
    def _fits_its_contract(self) -> "TableMapping":
        if self.table not in CONTRACTS:
            raise ValueError(f"there is no table {self.table!r}; known: {', '.join(CONTRACTS)}")
        if bool(self.files) == (self.derive is not None):
            raise ValueError("give either files or derive")
        for name, column in self.columns.items():
            _check_column(self.contract, name, column)
            loose = [other for other in column.after if other not in self.columns or self.columns[other].after]
            if loose:
                raise ValueError(f"{name} comes after {', '.join(loose)}, which this mapping must itself give")
        missing = [f.name for f in self.contract.fields if not f.nullable and f.name not in self.columns]
        if missing:
            raise ValueError(f"no mapping for {', '.join(missing)}, which {self.table} requires")
        return self

    @property
    def contract(self) -> Contract:
        return CONTRACTS[self.table]

    def sources(self) -> list[str]:
        """Every source column the mapping needs, once, pseudo-columns (with $) included."""
        needed = [name for column in self.columns.values() for name in column.sources()]
        return list(dict.fromkeys([*needed, *self.skip_blank, *self.exclude]))


class SourceMapping(Settings):
    """One source: a name, the territory it describes, the clock of its stamps, and its tables."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    description: str = ""
    territory: TerritorySettings | None = None
    time_zone: str = "UTC"
    missing: tuple[Text, ...] = MISSING
    tables: tuple[TableMapping, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "SourceMapping":
        _check_zone(self.time_zone)
        if self.territory is not None:
            _check_zone(self.territory.time_zone)
            _check_holidays(self.territory)
        fed = {table.table for table in self.tables if table.derive is None}
        for table in self.tables:
            if table.derive is not None and table.derive.table not in fed:
                raise ValueError(f"{table.table} is derived from {table.derive.table}, which no files feed")
        return self


def load_mapping(path: Path) -> SourceMapping:
    """Read a mapping; ConfigError names every key that is unknown, missing or wrong."""
    return load_settings(SourceMapping, path)


def _check_zone(name: str) -> None:
    try:
        time_zone(name)
    except ConfigError as error:
        raise ValueError(str(error)) from error


def _check_holidays(territory: TerritorySettings) -> None:
    """A country without holidays would only be found out when a model is trained, long after the ingest."""
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    try:
        calendar.days(pd.DatetimeIndex(["2024-01-01"]))
    except ConfigError as error:
        raise ValueError(str(error)) from error


def _check_column(contract: Contract, name: str, column: ColumnMapping) -> None:
    if name not in contract.columns:
        raise ValueError(f"{contract.name} has no column {name!r}; it has: {', '.join(contract.columns)}")
    field = contract.field(name)
    odd = sorted(column.model_fields_set - _ALLOWED[field.kind])
    if odd:
        raise ValueError(f"{name} is {field.kind}; {', '.join(odd)} cannot be used there")
    for other in column.after:
        if other not in contract.columns or contract.field(other).kind != "utc":
            raise ValueError(f"{name} comes after {other!r}, which is no time of {contract.name}")
    if column.unit:
        try:
            conversion(column.unit, field.unit, name)
        except ConfigError as error:
            raise ValueError(str(error)) from error
