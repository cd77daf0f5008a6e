"""Which customers are meant: an expression over tags, value and features, parsed, checked and judged over all."""

from serving.decisions.selection.check import check
from serving.decisions.selection.faults import SelectionError
from serving.decisions.selection.judge import Judged, judge
from serving.decisions.selection.order import best
from serving.decisions.selection.parse import MAX_DEPTH, MAX_LENGTH, parse
from serving.decisions.selection.tree import Expression, literals, names_of, tags_of
from serving.decisions.selection.wide import HELD, NOT_HELD, UNKNOWN, Texts, Wide

__all__ = [
    "HELD",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "NOT_HELD",
    "UNKNOWN",
    "Expression",
    "Judged",
    "SelectionError",
    "Texts",
    "Wide",
    "best",
    "check",
    "judge",
    "literals",
    "names_of",
    "parse",
    "tags_of",
]
