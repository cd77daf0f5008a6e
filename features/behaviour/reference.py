"""The feature reference: every feature with its unit, window, source and meaning, told from the declarations."""

from collections.abc import Iterable, Sequence

from features.behaviour.catalogue import FEATURES
from features.behaviour.declare import Feature

__all__ = ["COLUMNS", "feature_row", "groups", "markdown"]

COLUMNS = ("feature", "中文", "unit", "window", "source", "meaning")
_HEAD = """\
# Features of customers

What is known of every customer at a moment, one column each. This page is made from the code:
`headroom features --markdown` writes it, and a test holds it to that. The tables they are made from are told in
[contracts.md](contracts.md).

A feature is made only from rows that were available at its moment, by one function for training and for serving. What
is not known is empty, never zero: a territory without bills has no features of money, while with bills a customer
without arrears owes 0. A count over a window is known where the territory's records reach back over half of it. Days
are local days; working days, holidays and the Spring Festival are those of the territory's calendar.
"""


def groups() -> dict[str, list[Feature]]:
    """Features by group, in the order of the frame's columns."""
    found: dict[str, list[Feature]] = {}
    for one in FEATURES:
        found.setdefault(one.group, []).append(one)
    return found


def feature_row(feature: Feature) -> tuple[str, ...]:
    """One feature as texts, under `COLUMNS`."""
    # A count or a share has the unit 1, which says nothing to a reader.
    unit = "" if feature.unit == "1" else feature.unit
    return (feature.name, feature.chinese, unit, feature.window, ", ".join(feature.source), feature.meaning)


def markdown() -> str:
    """The whole reference as one Markdown page, ending with a line break."""
    parts = []
    for name, features in groups().items():
        rows = [_linked(feature_row(one)) for one in features]
        parts.append(f"## {name[0].upper()}{name[1:]}\n\n{_grid(COLUMNS, rows)}")
    return _HEAD + "\n" + "\n".join(parts)


def _linked(row: tuple[str, ...]) -> tuple[str, ...]:
    name, chinese, unit, window, source, meaning = row
    tables = ", ".join(f"[{one}](contracts.md#{one})" for one in source.split(", "))
    return (f"`{name}`", chinese, unit, window, tables, meaning)


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar within a cell would end it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
