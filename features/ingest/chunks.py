"""Raw rows as every reader gives them: a frame, the line of each row, and the lines that are no rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import SourceError

__all__ = ["BadLine", "Place", "RawChunk", "cut", "header_names", "joined"]


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

    @property
    def begin(self) -> int | None:
        """The first line of it; None where it has none."""
        first = [*self.lines[:1].tolist(), *[line.line for line in self.bad]]
        return min(first) if first else None

    def split(self, rows: int) -> "tuple[RawChunk, RawChunk]":
        """The first `rows` rows, fewer than there are, with the bad lines above the next row; and the rest."""
        line = int(self.lines[rows])
        above = [bad for bad in self.bad if bad.line < line]
        below = [bad for bad in self.bad if bad.line > line]
        head, rest = self.frame.iloc[:rows], self.frame.iloc[rows:]
        return (
            RawChunk(head.reset_index(drop=True), self.lines[:rows], above),
            RawChunk(rest.reset_index(drop=True), self.lines[rows:], below),
        )


@dataclass(frozen=True)
class Place:
    """Where a part of a file ends: the rows of the file up to there, and the line with which the next part begins."""

    rows: int
    line: int


def cut(
    chunks: Iterator[RawChunk], rows: int, following: Callable[[int], int]
) -> Iterator[tuple[RawChunk, Place | None]]:
    """The chunks, cut where `following(rows)` says that the part which begins after so many rows ends.

    With the last chunk of a part stands where it ends; the file's last part has no end to go on from. `rows` rows of
    the file come before the chunks.
    """
    goal = following(rows)
    filled = (chunk for chunk in chunks if chunk.begin is not None)
    chunk = next(filled, None)
    while chunk is not None:
        while rows + len(chunk.frame) > goal:
            head, chunk = chunk.split(goal - rows)
            yield head, Place(goal, int(chunk.begin or 0))
            rows, goal = goal, following(goal)
        rows += len(chunk.frame)
        ahead = next(filled, None)
        if rows == goal and ahead is not None:
            yield chunk, Place(rows, int(ahead.begin or 0))
            goal = following(goal)
        else:
            yield chunk, None
        chunk = ahead


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
