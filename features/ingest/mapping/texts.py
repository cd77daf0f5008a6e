"""What people write into the YAML of a mapping, before it means anything: texts, patterns, time zones."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from features.clock import time_zone
from features.errors import ConfigError

__all__ = ["OneOrMany", "Pattern", "Text", "Value", "check_zone"]


def _as_text(value: Any) -> Any:
    """YAML reads 9999.99, 7 and 2004-01-01 as numbers and dates; a mapping means the text of the source."""
    return str(value) if isinstance(value, int | float | date) and not isinstance(value, bool) else value


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression ({error})") from error
    return value


def _one_or_many(value: Any) -> Any:
    """A single text is short for a list of one."""
    return (value,) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_as_text)]
Value = Annotated[str | bool, BeforeValidator(_as_text)]
Pattern = Annotated[str, AfterValidator(_check_pattern)]
OneOrMany = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


def check_zone(name: str) -> None:
    """Raise ValueError, as a validator must, unless there is such a time zone."""
    try:
        time_zone(name)
    except ConfigError as error:
        raise ValueError(str(error)) from error
