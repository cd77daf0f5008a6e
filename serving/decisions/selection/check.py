"""Whether an expression can be judged: every name is known, and what is compared is of one kind."""

from collections.abc import Collection

from serving.decisions.selection.faults import SelectionError, shown, unknown_name
from serving.decisions.selection.tree import And, Compare, Expression, Known, Literal, Member, Name, Not, Or, Tag
from serving.decisions.selection.wide import Texts, Wide

__all__ = ["check"]


def check(
    tree: Expression, wide: Wide, columns: Collection[str] | None = None, tags: Collection[str] | None = None
) -> None:
    """Raise SelectionError at the first name that is unknown, or not among those that may be asked about (`columns`,
    `tags`; None: all), and at the first comparison of things that cannot be compared.
    """
    seen = set(wide.numbers) | set(wide.texts)
    _Checker(wide, seen if columns is None else seen & set(columns), set(wide.tags if tags is None else tags)).look(
        tree
    )


class _Checker:
    def __init__(self, wide: Wide, columns: set[str], tags: set[str]) -> None:
        self.wide, self.columns, self.tags = wide, columns, tags

    def look(self, tree: Expression) -> None:
        waiting: list[Expression] = [tree]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Not):
                waiting.append(one.part)
            elif isinstance(one, And | Or):
                waiting.extend(reversed(one.parts))
            elif isinstance(one, Tag):
                self.tag(one)
            elif isinstance(one, Known):
                self.tag(one.of) if isinstance(one.of, Tag) else self.column(one.of)
            elif isinstance(one, Member):
                self.member(one)
            else:
                self.compare(one)

    def tag(self, tag: Tag) -> None:
        if tag.name not in self.tags:
            raise unknown_name(tag.position, "tag", tag.name, self.tags)

    def column(self, name: Name) -> Texts | None:
        """The texts of a column; None where it has numbers."""
        if name.name not in self.columns:
            error = unknown_name(name.position, "column", name.name, self.columns)
            if name.name in self.tags:
                raise SelectionError(name.position, f'{name.name} is a tag: write tag("{name.name}")')
            raise error
        return self.wide.texts.get(name.name)

    def member(self, member: Member) -> None:
        texts = self.column(member.name)
        for value in member.among:
            self.fits(member.name, texts, value)

    def compare(self, one: Compare) -> None:
        sides = (one.left, one.right)
        names = [side for side in sides if isinstance(side, Name)]
        if not names:
            raise SelectionError(one.position, "neither side is a column")
        kinds = [self.column(name) for name in names]
        texts = kinds[0]
        if len(names) == 2 and (kinds[0] is not None or kinds[1] is not None):
            raise SelectionError(one.position, "only columns of numbers can be compared with each other")
        if texts is not None and one.sign not in ("==", "!="):
            raise SelectionError(one.position, f"{names[0].name} is a text: compare it by == or !=")
        for value in sides:
            if isinstance(value, Literal):
                self.fits(names[0], texts, value)

    def fits(self, name: Name, texts: Texts | None, value: Literal) -> None:
        """A value must be of the column's kind, and of a closed list one that is in it."""
        if texts is None and isinstance(value.value, str):
            raise SelectionError(value.position, f"{name.name} is a number; {shown(value.value)} is none")
        if texts is not None and not isinstance(value.value, str):
            raise SelectionError(value.position, f"{name.name} is a text: write its value in quotes")
        if texts is not None and texts.closed and value.value not in texts.values:
            raise unknown_name(value.position, name.name, str(value.value), texts.values)
