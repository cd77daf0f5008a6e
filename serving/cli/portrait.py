"""A portrait as lines of text, for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["lines_of"]

_PARTS = (("behaviour", "Behaviour", "用电行为"), ("needs", "Needs", "需求"), ("risks", "Risks", "风险"))


def lines_of(told: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a portrait as `serving.customers.telling` gives it, in the languages it has words of."""
    where = " · ".join(str(told[name]) for name in ("customer_class", "hall_id", "area_id") if told[name])
    kva = "" if told["contract_kva"] is None else f" · {told['contract_kva']:g} kVA"
    yield f"{told['customer_id']}  {where}{kva}  (as of {told['snapshot']['as_of']})"
    if told["identity"]:
        yield "  " + " · ".join(value for value in told["identity"].values() if value)
    value = told["value"]
    margin = "" if value["p50_cny"] is None else f": {value['p50_cny']:,.0f} CNY expected in 12 months"
    band = "" if value["p10_cny"] is None else f" ({value['p10_cny']:,.0f} to {value['p90_cny']:,.0f})"
    yield f"{_both(value)}{margin}{band}"
    for name, english, chinese in _PARTS:
        yield from _part(f"{english} · {chinese}", [_both(one) for one in told[name]])
    yield from _part("Tags · 标签", [_tag(one) for one in told["tags"] if one["status"] == "held"])
    unknown = [one["english"] or one["chinese"] for one in told["tags"] if one["status"] == "unknown"]
    if unknown:
        yield f"  not known: {', '.join(unknown)}"
    yield from _part(
        "Applications · 业扩申请", [f"{one['application_id']}  {_both(one)}" for one in told["applications"]]
    )
    if told["headroom"] is not None:
        yield from _part("Area · 台区", [f"{told['headroom']['node_id']}  {_both(told['headroom'])}"])
    yield from _part(
        "Offers · 推荐", [f"{one['push_id']}  {_both(one)}: {_both(one['says'])}" for one in told["offers"]]
    )


def _part(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"  {line}" for line in lines)


def _both(words: Mapping[str, Any]) -> str:
    return "  ".join(one for one in (words["english"], words["chinese"]) if one)


def _tag(one: Mapping[str, Any]) -> str:
    since = "" if one["since"] is None else f" since {one['since'][:10]}"
    return f"{_both(one)}{since}: {', '.join(map(_evidence, one['evidence']))}"


def _evidence(one: Mapping[str, Any]) -> str:
    value = "?" if one["value"] is None else f"{one['value']:.3g}"
    return f"{one['input']} {value} ({one['direction']} {one['enter']:g})"
