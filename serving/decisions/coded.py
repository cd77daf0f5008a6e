"""Words of code lists in configurations: another word is refused, and the message names those there are."""

from typing import Annotated

from pydantic import AfterValidator

from features.contracts import CODE_LISTS, CUSTOMER_CLASSES

__all__ = ["Classes", "Purpose"]

_PURPOSES = tuple(one.code for one in CODE_LISTS["consent_purpose"].codes)


def _known_purpose(value: str) -> str:
    if value not in _PURPOSES:
        raise ValueError(f"no purpose of consent is called {value}; they are {', '.join(_PURPOSES)}")
    return value


def _known_classes(value: tuple[str, ...]) -> tuple[str, ...]:
    unknown = sorted(set(value) - set(CUSTOMER_CLASSES))
    if unknown:
        raise ValueError(f"no customer class is called {unknown[0]}; they are {', '.join(CUSTOMER_CLASSES)}")
    return value


Purpose = Annotated[str, AfterValidator(_known_purpose)]
"""A purpose of consent."""

Classes = Annotated[tuple[str, ...], AfterValidator(_known_classes)]
"""Customer classes."""
