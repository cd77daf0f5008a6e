"""What an expression is once it is parsed: a tree of frozen nodes, each with the place it came from."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "And",
    "Compare",
    "Expression",
    "Known",
    "Literal",
    "Member",
    "Name",
    "Not",
    "Or",
    "Tag",
    "literals",
    "names_of",
    "tags_of",
]


@dataclass(frozen=True)
class Name:
    """A column of the wide frame."""

    position: int
    name: str


@dataclass(frozen=True)
class Literal:
    """A number or a text."""

    position: int
    value: float | str


@dataclass(frozen=True)
class Tag:
    """True of a customer who holds the tag, false of one who does not, unknown where the tag is."""

    position: int
    name: str


@dataclass(frozen=True)
class Known:
    """True where `of` has a value, false where it has none; never unknown. `wanted` False turns it round."""

    position: int
    of: Name | Tag
    wanted: bool


@dataclass(frozen=True)
class Compare:
    """`left` `sign` `right`, of two numbers or of two texts; the sign is one of < <= > >= == !=."""

    position: int
    left: Name | Literal
    sign: str
    right: Name | Literal


@dataclass(frozen=True)
class Member:
    """Whether a column's value is among some."""

    position: int
    name: Name
    among: tuple[Literal, ...]


@dataclass(frozen=True)
class Not:
    """The other way round; what is unknown stays so."""

    part: "Expression"


@dataclass(frozen=True)
class And:
    """True where all parts are, false where one is."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class Or:
    """True where one part is, false where none is."""

    parts: tuple["Expression", ...]


Expression = Tag | Known | Compare | Member | Not | And | Or


def _leaves(tree: Expression) -> Iterator[Tag | Known | Compare | Member]:
    waiting: list[Expression] = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Not):
            waiting.append(one.part)
        elif isinstance(one, And | Or):
            waiting.extend(one.parts)
        else:
            yield one


def names_of(tree: Expression) -> frozenset[str]:
    """The columns an expression looks at."""
    found: set[str] = set()
    for leaf in _leaves(tree):
        if isinstance(leaf, Compare):
            found.update(side.name for side in (leaf.left, leaf.right) if isinstance(side, Name))
        elif isinstance(leaf, Member):
            found.add(leaf.name.name)
        elif isinstance(leaf, Known) and isinstance(leaf.of, Name):
            found.add(leaf.of.name)
    return frozenset(found)


def tags_of(tree: Expression) -> frozenset[str]:
    """The tags an expression looks at."""
    leaves = [leaf.of if isinstance(leaf, Known) else leaf for leaf in _leaves(tree)]
    return frozenset(leaf.name for leaf in leaves if isinstance(leaf, Tag))


def literals(tree: Expression) -> tuple[float | str, ...]:
    """Every number and text that stands in an expression."""
    found: list[float | str] = []
    for leaf in _leaves(tree):
        if isinstance(leaf, Compare):
            found.extend(side.value for side in (leaf.left, leaf.right) if isinstance(side, Literal))
        elif isinstance(leaf, Member):
            found.extend(one.value for one in leaf.among)
    return tuple(found)
