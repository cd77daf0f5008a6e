"""Raw rows as every reader gives them: a frame, the line of each row, and the lines that are no rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import SourceError

__all__ = ["BadLine", "RawChunk", "header_names", "joined"]


@dataclass(frozen=True)
class BadLine:
    """A line that is no row of its file, and the code of why."""

    line: int
    text: str
    reason: str = "MALFORMED_LINE"


@dataclass(frozen=True)
class RawChunk:
    """Raw rows, their line in the file (the header is line 1; in Parquet the first row is 1), and the bad lines."""

    frame: pd.DataFrame
    lines: np.ndarray
    bad: list[BadLine] = field(default_factory=list)


def joined(chunks: Iterator[RawChunk]) -> Iterator[RawChunk]:
    """All chunks as one, for small tables whose rows point to each other."""
    every = list(chunks)
    if not every:
        return
    frame = pd.concat([chunk.frame for chunk in every], ignore_index=True)
    lines = np.concatenate([chunk.lines for chunk in every])
    yield RawChunk(frame, lines, [line for chunk in every for line in chunk.bad])


def header_names(path: Path, cells: Sequence[Any]) -> list[str]:
    """Header cells as distinct texts; one that says nothing is named by its position."""
    texts = ["" if name is None else str(name).strip() for name in cells]
    twice = sorted({name for name in texts if name and texts.count(name) > 1})
    if twice:
        raise SourceError(f"{path}: the header names {', '.join(map(repr, twice))} more than once")
    return [text or f"(column {position})" for position, text in enumerate(texts, start=1)]
