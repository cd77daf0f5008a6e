"""An expression judged for all customers at once, in three values: what is unknown is neither true nor false.

Each part is two masks, where it is true and where it is false; in neither it is unknown. (Kleene's strong logic.)
"""

from dataclasses import dataclass

import numpy as np

from serving.decisions.selection.tree import And, Compare, Expression, Known, Literal, Member, Name, Not, Or, Tag
from serving.decisions.selection.wide import HELD, NOT_HELD, UNKNOWN, Wide

__all__ = ["Judged", "judge"]

_SIGNS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Judged:
    """Where an expression is `true` and where it is `false`, masks over the customers; elsewhere it is unknown."""

    true: np.ndarray
    false: np.ndarray

    @property
    def unknown(self) -> np.ndarray:
        """Customers of whom the expression cannot be told."""
        return ~(self.true | self.false)


def judge(tree: Expression, wide: Wide) -> Judged:
    """Judge a checked expression (see `check`) for every customer."""
    if isinstance(tree, Not):
        part = judge(tree.part, wide)
        return Judged(part.false, part.true)
    if isinstance(tree, And | Or):
        parts = [judge(part, wide) for part in tree.parts]
        true, false = parts[0].true.copy(), parts[0].false.copy()
        for part in parts[1:]:
            if isinstance(tree, And):
                true &= part.true
                false |= part.false
            else:
                true |= part.true
                false &= part.false
        return Judged(true, false)
    if isinstance(tree, Tag):
        held = wide.tags[tree.name]
        return Judged(held == HELD, held == NOT_HELD)
    if isinstance(tree, Known):
        known = _known(tree.of, wide)
        return Judged(known, ~known) if tree.wanted else Judged(~known, known)
    return _member(tree, wide) if isinstance(tree, Member) else _compare(tree, wide)


def _known(of: Name | Tag, wide: Wide) -> np.ndarray:
    if isinstance(of, Tag):
        return wide.tags[of.name] != UNKNOWN
    if of.name in wide.texts:
        return wide.texts[of.name].codes >= 0
    return ~np.isnan(wide.numbers[of.name])


def _member(tree: Member, wide: Wide) -> Judged:
    name = tree.name.name
    if name in wide.texts:
        texts = wide.texts[name]
        # One place more, for the code -1 of what is unknown.
        wanted = np.zeros(len(texts.values) + 1, dtype=bool)
        for one in tree.among:
            code = texts.code(str(one.value))
            if code is not None:
                wanted[code] = True
        true, known = wanted[texts.codes], texts.codes >= 0
    else:
        column = wide.numbers[name]
        true, known = np.zeros(len(column), dtype=bool), ~np.isnan(column)
        for one in tree.among:
            true |= column == one.value
    return Judged(true, known & ~true)


def _compare(tree: Compare, wide: Wide) -> Judged:
    left, sign, right = tree.left, tree.sign, tree.right
    if isinstance(left, Literal):
        left, sign, right = right, _TURNED[sign], left
    assert isinstance(left, Name)
    if left.name in wide.texts and isinstance(right, Literal):
        member = _member(Member(tree.position, left, (right,)), wide)
        return member if sign == "==" else Judged(member.false, member.true)
    column = wide.numbers[left.name]
    other = wide.numbers[right.name] if isinstance(right, Name) else right.value
    known = ~np.isnan(column)
    if isinstance(right, Name):
        known &= ~np.isnan(wide.numbers[right.name])
    true = _SIGNS[sign](column, other) & known
    return Judged(true, known & ~true)
