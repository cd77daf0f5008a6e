"""What is said of a customer in both languages: sentences from figures, and figures as people write them."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Row", "Said", "amount", "change", "days", "known", "percent"]

Row = Mapping[str, float | str | None]
"""A customer's columns; None where a figure is not known."""


@dataclass(frozen=True)
class Said:
    """One sentence, the same in English and Chinese, and the figures it stands on."""

    code: str
    english: str
    chinese: str
    figures: Mapping[str, float | str | None]

    @classmethod
    def of(cls, code: str, row: Row, names: tuple[str, ...], english: str, chinese: str) -> "Said":
        """A sentence that stands on some columns of a row."""
        return cls(code, english, chinese, {name: row.get(name) for name in names})


def known(row: Row, name: str) -> float | None:
    """A number of the row; None where it is not known."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) < float("inf") else None


def amount(value: float) -> str:
    """A quantity: as exact as it matters (8.37, 12.3, 1,240)."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"


def percent(share: float) -> str:
    """A share: 8 %, 120 %."""
    return f"{abs(share) * 100:.0f} %"


def change(share: float, noticeable: float) -> tuple[str, str]:
    """A change of use against an earlier time in words, such as `8 % more than`, and in Chinese `多 8%`."""
    if abs(share) < noticeable:
        return "as much as", "基本持平"
    much = f"{abs(share) * 100:.0f}"
    return (f"{much} % more than", f"增长 {much}%") if share > 0 else (f"{much} % less than", f"下降 {much}%")


def days(value: float) -> str:
    """A number of days: `1 day`, `40 days`."""
    whole = round(value)
    return "1 day" if whole == 1 else f"{whole:,} days"
