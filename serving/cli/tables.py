"""Tables on the terminal: Chinese names take two columns each, and stay aligned."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["number", "plain_row", "show_table"]

_PIPE_WIDTH = 200


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands separators; a dash where it is not known."""
    # What rounds to zero has no sign.
    return "–" if value is None else f"{value:z,.{digits}f}"


def plain_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of a frame as JSON takes it: nothing where nothing is known, times in ISO 8601."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        empty = value is None or value != value
        plain[str(name)] = None if empty else value.isoformat() if hasattr(value, "isoformat") else value
    return plain


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Iterable[str] = ()) -> None:
    """Print rows under `columns`; those named in `right` are aligned to the right."""
    # A pipe has no width; without one, lines would be cut at eighty columns.
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
    numeric = set(right)
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left", no_wrap=column in numeric)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)
