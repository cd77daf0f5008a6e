"""An expression cut into words, numbers, texts and signs, each with its place."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from serving.decisions.selection.faults import SelectionError, shown

__all__ = ["Token", "tokens_of"]

_TOKEN = re.compile(
    r"(?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"\x00-\x1f\x7f]*\"|'[^'\x00-\x1f\x7f]*')"
    r"|(?P<sign><=|>=|==|!=|<|>|\(|\)|\[|\]|,)",
    re.ASCII,
)
_SPACE = " \t\r\n"


@dataclass(frozen=True)
class Token:
    """One piece; `value` of a number is a float, of anything else its text. The last one is an `end`."""

    kind: Literal["number", "word", "text", "sign", "end"]
    value: float | str
    position: int


def tokens_of(text: str) -> list[Token]:
    """The pieces of `text`; SelectionError at the first character that begins none."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise SelectionError(at + 1, _reason(text, at))
        found.append(_token(match))
        at = match.end()
    found.append(Token("end", "", len(text) + 1))
    return found


def _token(match: re.Match[str]) -> Token:
    position, piece = match.start() + 1, match.group()
    if match.lastgroup == "number":
        value = float(piece)
        if not math.isfinite(value):
            raise SelectionError(position, f"{shown(piece)} is too large a number")
        return Token("number", value, position)
    if match.lastgroup == "text":
        return Token("text", piece[1:-1], position)
    return Token("word" if match.lastgroup == "word" else "sign", piece, position)


def _reason(text: str, at: int) -> str:
    if text[at] in "\"'":
        return "a text that does not end"
    if text[at] == "=":
        return "write == to compare"
    return f"{shown(text[at])} means nothing here"
