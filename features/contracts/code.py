"""What a code list is: a closed list of words, each with its meaning in English and in Chinese."""

from dataclasses import dataclass

__all__ = ["Code", "CodeList", "code_list"]


@dataclass(frozen=True)
class Code:
    """One code as it stands in the tables, and what it means."""

    code: str
    english: str
    chinese: str


@dataclass(frozen=True)
class CodeList:
    """A closed list of codes; a contract's column that refers to it may hold no other word."""

    name: str
    meaning: str
    codes: tuple[Code, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The codes themselves, in the declared order."""
        return tuple(one.code for one in self.codes)


def code_list(name: str, meaning: str, *codes: tuple[str, str, str]) -> CodeList:
    """A list of (code, English, Chinese)."""
    return CodeList(name, meaning, tuple(Code(*one) for one in codes))
