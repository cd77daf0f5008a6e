"""An expression's grammar, by descent: or, and, not, comparisons, membership, tags, and what is known.

either     both ("or" both)*
both       one ("and" one)*
one        "not" one | "(" either ")" | claim
claim      ("tag" | "known") "(" text-or-word ")" ["is" ["not"] ("known" | "unknown")]
         | side (sign side)+ | word ["not"] "in" "(" value ("," value)* ")" | word "is" ["not"] ("known" | "unknown")
"""

from serving.decisions.selection.faults import SelectionError, shown
from serving.decisions.selection.tokens import Token, tokens_of
from serving.decisions.selection.tree import And, Compare, Expression, Known, Literal, Member, Name, Not, Or, Tag

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "parse"]

MAX_LENGTH = 2_000
"""Characters an expression may have."""

MAX_DEPTH = 40
"""How deep parentheses and `not` may be nested."""

_SIGNS = ("<", "<=", ">", ">=", "==", "!=")
_RESERVED = ("and", "or", "not", "in", "is", "tag", "known", "unknown")
_CLOSING = {"(": ")", "[": "]"}


def parse(text: str) -> Expression:
    """The tree of an expression; SelectionError, and nothing else, names the place and what is wrong there."""
    if len(text) > MAX_LENGTH:
        raise SelectionError(MAX_LENGTH + 1, f"the expression is longer than {MAX_LENGTH} characters")
    parser = _Parser(tokens_of(text))
    found = parser.either(0)
    parser.expect_end()
    return found


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at = tokens, 0

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.now
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def word(self) -> str | None:
        """The present token in lower case, where it is a word of the language or a name."""
        return str(self.now.value).lower() if self.now.kind == "word" else None

    def took(self, *words: str) -> bool:
        """Whether the present token is one of some words; it is passed then."""
        if self.word() not in words:
            return False
        self.take()
        return True

    def sign(self, *signs: str) -> str | None:
        if self.now.kind == "sign" and self.now.value in signs:
            return str(self.take().value)
        return None

    def expect_end(self) -> None:
        if self.now.kind != "end":
            raise SelectionError(self.now.position, f"{_told(self.now)}, where `and`, `or` or the end was expected")

    def either(self, depth: int) -> Expression:
        parts = [self.both(depth)]
        while self.took("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Expression:
        parts = [self.one(depth)]
        while self.took("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise SelectionError(self.now.position, f"nested deeper than {MAX_DEPTH}")
        if self.took("not"):
            return Not(self.one(depth + 1))
        if self.sign("("):
            found = self.either(depth + 1)
            self.closed(")")
            return found
        return self.claim()

    def claim(self) -> Expression:
        position = self.now.position
        if self.word() == "tag":
            tag = self.tag()
            wanted = self.wanted()
            return tag if wanted is None else Known(position, tag, wanted)
        if self.took("known"):
            return Known(position, Name(*self.called("known")), True)
        left = self.side()
        if isinstance(left, Name):
            wanted = self.wanted()
            if wanted is not None:
                return Known(position, left, wanted)
            among = self.among(left)
            if among is not None:
                return among
        return self.compared(left)

    def tag(self) -> Tag:
        self.take()
        return Tag(*self.called("tag"))

    def called(self, what: str) -> tuple[int, str]:
        """Place and text of what stands in the parentheses of `tag(...)` or `known(...)`."""
        if not self.sign("("):
            raise SelectionError(self.now.position, f"write {what}(NAME)")
        token = self.take()
        if token.kind not in ("text", "word"):
            raise SelectionError(token.position, f"{_told(token)}, where a name was expected")
        self.closed(")")
        return token.position, str(token.value)

    def wanted(self) -> bool | None:
        """True after `is known`, False after `is unknown`, the other way round after `is not`; None without `is`."""
        if not self.took("is"):
            return None
        turned = self.took("not")
        position, word = self.now.position, self.word()
        if not self.took("known", "unknown"):
            raise SelectionError(position, "write `is known` or `is unknown`")
        return (word == "known") != turned

    def among(self, name: Name) -> Expression | None:
        """`in (…)` after a name, or `not in (…)`."""
        position = self.now.position
        turned = self.took("not")
        if not self.took("in"):
            if turned:
                raise SelectionError(self.now.position, f"{_told(self.now)}, where `in` was expected")
            return None
        opened = self.sign("(", "[")
        if opened is None:
            raise SelectionError(self.now.position, "write the values of `in` in parentheses")
        values = [self.literal()]
        while self.sign(","):
            values.append(self.literal())
        self.closed(_CLOSING[opened])
        found = Member(position, name, tuple(values))
        return Not(found) if turned else found

    def literal(self) -> Literal:
        token = self.take()
        if token.kind not in ("number", "text"):
            raise SelectionError(token.position, f"{_told(token)}, where a number or a text was expected")
        return Literal(token.position, token.value)

    def side(self) -> Name | Literal:
        """One side of a comparison."""
        if self.now.kind in ("number", "text"):
            return self.literal()
        word = self.word()
        if word is None or word in _RESERVED:
            raise SelectionError(self.now.position, f"{_told(self.now)}, where a condition was expected")
        token = self.take()
        return Name(token.position, str(token.value))

    def compared(self, left: Name | Literal) -> Expression:
        """Comparisons one after the other: `1 < a < 2` says both."""
        parts: list[Expression] = []
        while True:
            position = self.now.position
            sign = self.sign(*_SIGNS)
            if sign is None:
                break
            right = self.side()
            parts.append(Compare(position, left, sign, right))
            left = right
        if not parts:
            raise SelectionError(self.now.position, f"{_told(self.now)}, where a comparison was expected")
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def closed(self, sign: str) -> None:
        if not self.sign(sign):
            raise SelectionError(self.now.position, f"{_told(self.now)}, where {sign} was expected")


def _told(token: Token) -> str:
    """A token, as it is named in a message."""
    return (
        "the end"
        if token.kind == "end"
        else shown(f"{token.value:g}" if isinstance(token.value, float) else token.value)
    )
