"""What the columns of a snapshot are: features as they are declared, scores as their families say them."""

from collections.abc import Collection
from functools import cache
from typing import Any

from serving.decisions.selection import Wide

__all__ = ["describe_columns"]

_TEXTS = {
    "hall_id": ("the org unit the area belongs to", "营业厅"),
    "area_id": ("the transformer area", "台区"),
    "customer_class": ("class of use", "用电类别"),
}
_ENDINGS = (
    ("_cny", "CNY"),
    ("_kva", "kVA"),
    ("_kwh", "kWh"),
    ("_days", "day"),
    ("_share", "1"),
)


def describe_columns(wide: Wide, columns: Collection[str]) -> list[dict[str, Any]]:
    """Every column among `columns`, texts first, with its unit and meaning as far as they are known."""
    told = []
    for name in [*wide.texts, *wide.numbers]:
        if name not in columns:
            continue
        unit, meaning, chinese = _known().get(name, (_unit(name), None, None))
        kind = "text" if name in wide.texts else "number"
        told.append({"column": name, "kind": kind, "unit": unit, "meaning": meaning, "chinese": chinese})
    return told


@cache
def _known() -> dict[str, tuple[str | None, str | None, str | None]]:
    from features.behaviour.catalogue import FEATURES

    features = {one.name: (one.unit, f"{one.meaning} ({one.window})", one.chinese) for one in FEATURES}
    texts = {name: (None, meaning, chinese) for name, (meaning, chinese) in _TEXTS.items()}
    return {**features, **texts, **_scores()}


def _scores() -> dict[str, tuple[str | None, str | None, str | None]]:
    from features.errors import ModelError
    from training.customers.families import NAMES, family

    found: dict[str, tuple[str | None, str | None, str | None]] = {}
    for name in NAMES:
        try:
            says = family(name).says
        except ModelError:
            continue
        found |= {column: (_unit(column), meaning, None) for column, meaning in says.items()}
    return found


def _unit(name: str) -> str | None:
    return next((unit for ending, unit in _ENDINGS if name.endswith(ending)), None)
