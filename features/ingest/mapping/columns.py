"""How one column of a contract is made from the columns of a source."""

from typing import Annotated, Literal

import pandas as pd
from pydantic import ConfigDict, Field, model_validator

from features.contracts import Contract
from features.errors import ConfigError
from features.ingest.mapping.texts import OneOrMany, Pattern, Text, Value, check_zone
from features.ingest.units import conversion
from features.settings import Settings

__all__ = ["MISSING", "ColumnMapping", "TimeParts", "check_column"]

MISSING = ("", "-", "--", "—", "NULL", "null", "NaN", "nan", "NA", "N/A", "None")
"""Texts that mean nothing in every column, unless a source says otherwise."""

# A century: enough for any clock, and no time overflows.
_MOST_MINUTES = 100 * 366 * 24 * 60
_NAMED_FORMATS = ("iso", "iso_offset", "epoch_s", "epoch_ms")

Minutes = Annotated[float, Field(ge=-_MOST_MINUTES, le=_MOST_MINUTES)]


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
    `plain` makes wide characters plain and takes every space out, for identifiers as people type them.
    `match` takes a part of each cell: the first group of a regular expression, or all it finds; a cell in which it
    finds nothing stays whole. `at_least` and `at_most` (in the contract's unit) say what this source can hold, where
    the contract allows more.
    """

    model_config = ConfigDict(populate_by_name=True)

    source: str | None = Field(None, alias="from")
    parts: TimeParts | None = None
    constant: Value | None = None
    after: OneOrMany = ()

    default: Value | None = None
    missing: tuple[Text, ...] = ()
    junk: tuple[Text, ...] = ()

    # Both are left out of what a batch is known by while they are off: files of mappings without them stay known.
    match: Pattern = Field("", exclude_if=lambda value: not value)
    plain: bool = Field(False, exclude_if=lambda value: not value)
    prefix: str = ""
    codes: dict[Text, Text] = Field(default_factory=dict)

    unit: str = ""
    factor: float = Field(1.0, allow_inf_nan=False)
    digits: int | None = Field(None, ge=0, le=12)
    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)
    thousands: Literal["", ",", ".", " ", "'"] = ""
    decimal: Literal[".", ","] = "."

    format: str = "iso"
    zone: str = ""
    shift_minutes: Minutes = 0.0
    plus_minutes: str | None = None
    delay_minutes: Minutes = 0.0
    ambiguous: Literal["quarantine", "first", "second", "in_order"] = "quarantine"
    nonexistent: Literal["quarantine", "shift_forward"] = "quarantine"

    @model_validator(mode="after")
    def _one_origin(self) -> "ColumnMapping":
        origins = [self.source is not None, self.parts is not None, self.constant is not None, bool(self.after)]
        if sum(origins) != 1:
            raise ValueError("give exactly one of from, parts, constant, after")
        if self.thousands and self.thousands == self.decimal:
            raise ValueError("thousands and decimal are the same sign")
        if self.match and self.source is None:
            raise ValueError("match takes a part of a source column: give from")
        if self.zone:
            check_zone(self.zone)
        if self.format not in _NAMED_FORMATS:
            # Says which directive is bad.
            pd.to_datetime(pd.Series(["now"]), format=self.format, errors="coerce")
        return self

    def sources(self) -> tuple[str, ...]:
        """The source columns it is made from."""
        parts = list(self.parts.model_dump().values()) if self.parts else []
        return tuple(name for name in (self.source, self.plus_minutes, *parts) if name is not None)


_COMMON = {"source", "constant", "default", "missing", "junk", "match"}
_ALLOWED: dict[str, set[str]] = {
    "text": _COMMON | {"prefix", "codes", "plain"},
    "bool": _COMMON | {"codes"},
    "int": _COMMON | {"factor", "thousands", "decimal", "at_least", "at_most"},
    "float": _COMMON | {"unit", "factor", "digits", "thousands", "decimal", "at_least", "at_most"},
    "utc": _COMMON
    | {
        "parts",
        "after",
        "codes",
        "format",
        "zone",
        "shift_minutes",
        "plus_minutes",
        "delay_minutes",
        "ambiguous",
        "nonexistent",
    },
}


def check_column(contract: Contract, name: str, column: ColumnMapping) -> None:
    """Raise ValueError unless the contract has the column and can have it made so."""
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
