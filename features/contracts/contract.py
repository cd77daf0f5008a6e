"""What a contract is: a declared table, from which the pandera schema and the reference page are made."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from features.contracts.code import CodeList

__all__ = ["AVAILABLE_AT", "Contract", "Field"]

AVAILABLE_AT = "available_at"
Kind = Literal["text", "float", "int", "bool", "utc"]

_DTYPES: dict[str, str] = {
    "text": "str",
    "float": "float64",
    "int": "Int64",
    "bool": "boolean",
    "utc": "datetime64[us, UTC]",
}


@dataclass(frozen=True)
class Field:
    """One column: its kind, unit, bounds, code list and meaning. `utc` is an instant, timezone-aware, in UTC.

    `personal` marks what says who somebody is.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    nullable: bool = False
    ge: float | None = None
    le: float | None = None
    codes: CodeList | None = None
    personal: bool = False

    @property
    def dtype(self) -> str:
        """The pandas dtype of the column inside Headroom."""
        return _DTYPES[self.kind]


@dataclass(frozen=True)
class Contract:
    """One table of the lake.

    Invariants: `key` columns are never null; every table has `available_at`, when the row became known; a table
    whose rows describe something that can change has `valid_from` (in the key) and a nullable `valid_to`. `meaning`
    is what a row says, `purpose` what the table is for.
    """

    name: str
    meaning: str
    purpose: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    event_time: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order, `available_at` last."""
        return tuple(field.name for field in self.fields)

    @property
    def personal(self) -> bool:
        """Whether rows of the table say who somebody is; such a table can be erased from, and nothing is made of it."""
        return any(field.personal for field in self.fields)

    def field(self, name: str) -> Field:
        """The declared column `name`; KeyError when the contract has none."""
        return {field.name: field for field in self.fields}[name]

    @cached_property
    def schema(self) -> Any:
        """The pandera schema that judges a frame of this table (made once: pandera is slow to import)."""
        import pandera.pandas as pa

        columns = {}
        for field in self.fields:
            checks = []
            if field.ge is not None:
                checks.append(pa.Check.ge(field.ge, name="BELOW_BOUND"))
            if field.le is not None:
                checks.append(pa.Check.le(field.le, name="ABOVE_BOUND"))
            if field.codes is not None:
                checks.append(pa.Check.isin(field.codes.values, name="UNKNOWN_CODE"))
            if field.kind == "text" and field.name in self.key:
                checks.append(pa.Check.str_length(min_value=1, name="EMPTY_KEY"))
            columns[field.name] = pa.Column(field.dtype, checks=checks, nullable=field.nullable)
        return pa.DataFrameSchema(columns, strict=True, name=self.name)


def available() -> Field:
    """The column every contract ends with."""
    return Field(AVAILABLE_AT, "utc", "when the row became known to the utility; nothing may use it before")


def validity() -> tuple[Field, Field]:
    """The validity period of a link or attribute that can change."""
    return (
        Field("valid_from", "utc", "the first instant at which the row holds"),
        Field("valid_to", "utc", "the instant from which it no longer holds; empty while it does", nullable=True),
    )
