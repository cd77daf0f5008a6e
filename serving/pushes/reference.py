"""The tables of docs/pushes.md, from what is in force: services, and codes in the order of judgement."""

from collections.abc import Sequence

from serving.decisions.pushes.catalogue import Blocks, Catalogue, Load, Service
from serving.decisions.pushes.codes import MEANINGS
from serving.pushes.secrecy import NOT_NOW, VEILED, meaning

__all__ = ["codes_table", "load_text", "markdown", "services_table"]


def markdown(catalogue: Catalogue) -> str:
    """Both tables, as the page holds them."""
    return f"{codes_table()}\n{services_table(catalogue)}"


def codes_table() -> str:
    """One row a code."""
    rows = [
        [f"`{code}`", english, chinese, f"`{NOT_NOW}`" if code in VEILED else ""]
        for code, (english, chinese) in MEANINGS.items()
    ]
    rows.append([f"`{NOT_NOW}`", *meaning(NOT_NOW), "only they are told so"])
    return _table(["code", "what it says", "说明", "told to `marketing` and `counter` as"], rows)


def services_table(catalogue: Catalogue) -> str:
    """One row a service."""
    columns = ["service", "name", "for", "load of one who accepts", "purpose", "by", "days", "success"]
    return _table(columns, [_row(one) for one in catalogue.services])


def load_text(load: Load) -> str:
    """What an acceptance does to the load by four-hour block, in words; empty where it does nothing."""
    parts = []
    if any(load.kw):
        parts.append(f"{_blocks(load.kw)} kW")
    if any(load.own_share):
        parts.append(f"{_blocks(tuple(round(100 * share, 1) for share in load.own_share))} % of his own")
    return " and ".join(parts)


def _row(one: Service) -> list[str]:
    load = load_text(one.load)
    if one.flexible is not None:
        load += f"; flexible {load_text(one.flexible)}"
    channels = ", ".join(f"{name} {cost:g} CNY" for name, cost in one.cost_cny.items())
    who = f"`{one.eligible}`" + (f" ({', '.join(one.classes)})" if one.classes else "")
    name = f"{one.name.english} {one.name.chinese}"
    return [f"`{one.code}`", name, who, load or "none", one.purpose, channels, str(one.valid_days), one.outcome]


def _blocks(values: Sequence[float] | Blocks) -> str:
    return " ".join(f"{value:g}" for value in values)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
