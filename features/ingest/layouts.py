"""Layouts: raw rows become candidate readings, one per record to be, each knowing the raw row it came from."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import SourceError
from features.ingest.chunks import RawChunk
from features.ingest.mapping import HoursLayout, TableMapping, WideLayout

__all__ = [
    "COLUMN",
    "FILE",
    "MINUTES",
    "VALUE",
    "Readings",
    "blank",
    "check_columns",
    "file_identifier",
    "melted_columns",
    "needed_columns",
    "spread",
]

# Names that no source column has: what the layout and the file's name add.
FILE, COLUMN, VALUE, MINUTES = "$file", "$column", "$value", "$minutes"


@dataclass(frozen=True)
class Readings:
    """Candidate records of one chunk.

    `frame` holds source columns and pseudo-columns; `raw_row` the position of each reading in the chunk. `blank`
    counts readings that hold nothing, `excluded` those the mapping leaves out; neither is in `frame`.
    """

    frame: pd.DataFrame
    raw_row: np.ndarray
    blank: int
    excluded: int


def file_identifier(path: Path, mapping: TableMapping) -> str:
    """What `$file` is: the first group of `file_id` in the file's name, or the name without its endings."""
    if mapping.file_id is None:
        return path.name.split(".")[0]
    match = re.search(mapping.file_id, path.name)
    if match is None:
        raise SourceError(f"{path}: file_id {mapping.file_id!r} finds nothing in the file's name")
    return match[1] if match.re.groups else match[0]


def melted_columns(mapping: TableMapping, names: list[str]) -> dict[str, str | int]:
    """The columns that a layout melts, with the label (wide) or the minutes since midnight (hours) of each."""
    layout = mapping.layout
    if isinstance(layout, HoursLayout):
        numbers = range(layout.first, layout.first + layout.count)
        return {layout.columns.replace("{}", str(n)): (n - layout.first) * layout.minutes for n in numbers}
    if isinstance(layout, WideLayout):
        matches = {name: re.fullmatch(layout.columns, name) for name in names}
        return {name: (m[1] if m.re.groups else name) for name, m in matches.items() if m}
    return {}


def needed_columns(mapping: TableMapping, names: list[str]) -> list[str]:
    """The source columns to read, given those a file has."""
    plain = [name for name in mapping.sources() if not name.startswith("$")]
    return list(dict.fromkeys([*plain, *melted_columns(mapping, names)]))


def check_columns(path: Path, mapping: TableMapping, names: list[str]) -> None:
    """Raise SourceError naming the columns that the mapping needs and the file has not."""
    if isinstance(mapping.layout, WideLayout) and not melted_columns(mapping, names):
        raise SourceError(f"{path}: no column matches {mapping.layout.columns!r}; it has: {_listed(names)}")
    absent = [name for name in needed_columns(mapping, names) if name not in names]
    if absent:
        raise SourceError(f"{path}: no column {_listed(absent)} (for {mapping.table}); it has: {_listed(names)}")


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:30]))
    return shown if len(names) <= 30 else f"{shown} and {len(names) - 30} more"


def spread(chunk: RawChunk, mapping: TableMapping, file_id: str, missing: tuple[str, ...]) -> Readings:
    """Melt the chunk as the layout says, leave out what the mapping excludes, and count what is blank."""
    frame, rows = chunk.frame, np.arange(len(chunk.frame))
    kept = np.ones(len(frame), dtype=bool)
    for name, values in mapping.exclude.items():
        kept &= ~frame[name].astype("str").str.strip().isin(values).to_numpy(dtype=bool)
    frame, rows = frame[kept].reset_index(drop=True), rows[kept]
    excluded = int((~kept).sum())
    melted = melted_columns(mapping, list(chunk.frame.columns))
    if melted:
        excluded *= len(melted)
        frame, rows = _melt(frame, rows, mapping, melted)
    frame[FILE] = pd.Categorical.from_codes(np.zeros(len(frame), dtype=np.int8), pd.Index([file_id]))
    asked = [*mapping.skip_blank, *([VALUE] if melted else [])]
    empty = np.zeros(len(frame), dtype=bool)
    for name in asked:
        empty |= blank(frame[name], missing)
    return Readings(frame[~empty].reset_index(drop=True), rows[~empty], int(empty.sum()), excluded)


def _melt(
    frame: pd.DataFrame, rows: np.ndarray, mapping: TableMapping, melted: dict[str, str | int]
) -> tuple[pd.DataFrame, np.ndarray]:
    width, count = len(melted), len(frame)
    plain = [name for name in mapping.sources() if not name.startswith("$")]
    taken = np.repeat(np.arange(count), width)
    out = frame[plain].take(taken).reset_index(drop=True)
    # Row by row, so that a later line stays later.
    block = pd.concat([frame[name] for name in melted], ignore_index=True)
    out[VALUE] = block.take(np.arange(count * width).reshape(width, count).T.ravel()).reset_index(drop=True)
    places = np.tile(np.arange(width), count)
    if isinstance(mapping.layout, HoursLayout):
        out[MINUTES] = np.array(list(melted.values()), dtype=np.int64)[places]
    labels = [str(label) for label in (melted if isinstance(mapping.layout, HoursLayout) else melted.values())]
    out[COLUMN] = pd.Series(np.array(labels, dtype=object), dtype="str").take(places).reset_index(drop=True)
    return out, rows[taken]


def blank(values: pd.Series, missing: tuple[str, ...]) -> np.ndarray:
    """Where a source column holds nothing: null, or one of the texts that stand for nothing."""
    empty = values.isna().to_numpy(dtype=bool)
    if isinstance(values.dtype, pd.CategoricalDtype):
        kinds = pd.Series(values.cat.categories)
        return empty | np.append(blank(kinds, missing), True)[values.cat.codes]
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = pd.to_numeric(pd.Series(list(missing), dtype="str"), errors="coerce").dropna()
        return empty | values.isin(numbers).to_numpy(dtype=bool)
    if isinstance(values.dtype, pd.StringDtype) or values.dtype == object:
        return empty | values.astype("str").str.strip().isin(missing).to_numpy(dtype=bool)
    return empty
