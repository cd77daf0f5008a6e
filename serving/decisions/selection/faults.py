"""The one error an expression can have: where it is, what is wrong, and which known names are near."""

from collections.abc import Iterable
from difflib import get_close_matches

from features.errors import HeadroomError

__all__ = ["SelectionError", "shown", "unknown_name"]

_SHOWN = 40


class SelectionError(HeadroomError):
    """An expression that cannot be used; `position` is that of the first bad character, from 1."""

    def __init__(self, position: int, reason: str, nearest: Iterable[str] = ()) -> None:
        self.position, self.reason, self.nearest = position, reason, tuple(nearest)
        near = f"; near it: {', '.join(self.nearest)}" if self.nearest else ""
        super().__init__(f"at {position}: {reason}{near}")


def unknown_name(position: int, what: str, name: str, known: Iterable[str]) -> SelectionError:
    """The error of a name nobody knows, with the known ones that look most like it."""
    near = get_close_matches(name.lower(), sorted(known), n=3, cutoff=0.5)
    return SelectionError(position, f"there is no {what} {shown(name)}", near)


def shown(text: str) -> str:
    """A text of the sender's as it may be repeated to him: short, and nothing in it that is not printable."""
    short = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return repr(short)
