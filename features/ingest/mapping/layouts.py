"""Layouts: how the rows and columns of a file hold its records."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from features.ingest.mapping.texts import Pattern
from features.settings import Settings

__all__ = ["HoursLayout", "Layout", "LongLayout", "WideLayout"]


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
