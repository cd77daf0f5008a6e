"""Quotes of a CSV text: a quoted cell may hold line breaks, but one that never closes must not swallow what follows.

A parser that allows line breaks in cells takes everything up to the next quote, or the end of the file, for one cell.
Here every cell that spans lines is looked at first. It is taken for what it says when its quote closes at the end of
the cell, its record has as many cells as the header, and none of the lines in it looks like a row of its own.
Otherwise the line in which it opens is set aside, and the next line begins anew.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import TextIO

import numpy as np

from features.ingest.chunks import BadLine

__all__ = ["SoundRecords", "hides_a_row"]

# What a cell of a workbook can hold at the most; whatever is longer is no cell but a lost quote.
_LONGEST_CELL = 1 << 15
# Of a record whose quote opens within so many signs of the end of a block the end could lie beyond it.
_ROOM = 2 * _LONGEST_CELL
_NEWLINE = re.compile(r"\r\n|\r|\n")


def hides_a_row(lines: list[str], width: int, delimiter: str) -> bool:
    """Whether lines that were taken for one record look like rows of so many cells, their quotes being plain signs.

    One in the middle does, or the first and the last: a quote that was lost in the first closed by one lost in the
    last. The first alone says nothing, it looks so whenever its last cell holds a line break.
    """
    first, *inner, last = (line.count(delimiter) + 1 for line in lines)
    return width in inner or first == last == width


class SoundRecords:
    """The records of `text` from where it stands, as blocks of whole lines, without the lines set aside.

    `width` is the number of cells of the header, `line` the line of the file at which `text` stands.
    """

    def __init__(self, text: TextIO, delimiter: str, width: int, line: int, block: int) -> None:
        self._aside: deque[BadLine] = deque()
        self._text, self._delimiter, self._width, self._block = text, delimiter, width, block
        self._first, self._records = line, 0
        # From this record on, so many lines more than records have gone by.
        self._at, self._surplus = [0], [0]
        sign = re.escape(delimiter)
        self._open = re.compile(rf'(?<![^\r\n{sign}])"(?:[^"\r\n]|"")*+(?=[\r\n]|\Z)')
        self._cell = re.compile(rf'(?:(")(?:[^"]++|"")*+("?)([^{sign}\r\n]*+)|[^{sign}\r\n]*+)({sign}|\r\n|\r|\n|\Z)')

    def __iter__(self) -> Iterator[str]:
        rest = ""
        while (more := self._text.read(self._block) + self._text.readline()) or rest:
            text, rest = self._checked(rest + more, last=not more)
            if text:
                yield text

    def lines_of(self, records: np.ndarray) -> np.ndarray:
        """The line of the file in which each record begins; records count from 0 and must have been read."""
        after = np.searchsorted(np.array(self._at), records, side="right") - 1
        return self._first + records + np.array(self._surplus)[after]

    def set_aside(self, below: int | None) -> list[BadLine]:
        """Take the lines set aside above the line `below` of the file, or all so far; each is given once."""
        taken = []
        while self._aside and (below is None or self._aside[0].line < below):
            taken.append(self._aside.popleft())
        return taken

    def _checked(self, block: str, last: bool) -> tuple[str, str]:
        """What is sound of a block, and the rest of it whose end could lie in the next one; none of the last."""
        kept: list[str] = []
        passed = done = 0
        if '"' not in block:
            self._records += _breaks(block)
            return block, ""
        while (suspect := self._open.search(block, done)) is not None:
            start = _line_start(block, done, suspect.start())
            self._records += _breaks(block[done:start])
            if not last and len(block) - start < _ROOM:
                return "".join([*kept, block[passed:start]]), block[start:]
            end = self._end_of(block, start)
            if end is None:
                kept.append(block[passed:start])
                passed = done = self._leave_out(block, start)
            else:
                self._records += 1
                self._skip(_breaks(block[start:end].rstrip("\r\n")))
                done = end
        self._records += _breaks(block[done:])
        return "".join([*kept, block[passed:]]), ""

    def _end_of(self, block: str, start: int) -> int | None:
        """Where the record that begins at `start` ends; None when a quote in it does not close as it should."""
        position, cells = start, 0
        while True:
            cell = self._cell.match(block, position)
            assert cell is not None, "the pattern also matches nothing at all"
            opened, closed, trailing, stop = cell.groups()
            spans = _NEWLINE.search(cell[0], 0, len(cell[0]) - len(stop)) is not None
            if opened and (not closed or (spans and (trailing or len(cell[0]) > _LONGEST_CELL))):
                return None
            position, cells = cell.end(), cells + 1
            if stop != self._delimiter:
                break
        lines = _NEWLINE.split(block[start:position].rstrip("\r\n"))
        whole = len(lines) == 1 or (cells == self._width and not hides_a_row(lines, cells, self._delimiter))
        return position if whole else None

    def _leave_out(self, block: str, start: int) -> int:
        """Leave the line at `start` out; return where the next one begins."""
        found = _NEWLINE.search(block, start)
        stop, following = (found.start(), found.end()) if found else (len(block), len(block))
        line = self._first + self._records + self._surplus[-1]
        self._aside.append(BadLine(line, block[start:stop], "UNCLOSED_QUOTE"))
        self._skip(1)
        return following

    def _skip(self, lines: int) -> None:
        """The records from here on stand so many lines further down than their number says."""
        if lines:
            # In this order: another thread may look the lines of earlier records up meanwhile.
            self._surplus.append(self._surplus[-1] + lines)
            self._at.append(self._records)


def _line_start(block: str, low: int, position: int) -> int:
    return max(block.rfind("\n", low, position), block.rfind("\r", low, position), low - 1) + 1


def _breaks(text: str) -> int:
    lines = text.count("\n")
    return lines + text.count("\r") - text.count("\r\n") if "\r" in text else lines
