"""A portrait for the counter: everything said of one customer, from his columns, tags, applications and his area."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from features.contracts import CODE_LISTS
from serving.customers.behaviour import behaviour
from serving.customers.needs import needs, risks
from serving.customers.policy import PortraitPolicy
from serving.customers.words import Row, Said, amount, known, percent

__all__ = ["Band", "Portrait", "portrait"]

_BANDS = {
    "high": ("High value", "高价值"),
    "medium": ("Medium value", "中等价值"),
    "low": ("Low value", "低价值"),
    "unknown": ("Value not known", "价值未知"),
}
_STAGES = {one.code: (one.english, one.chinese) for one in CODE_LISTS["application_stage"].codes}


@dataclass(frozen=True)
class Band:
    """The value band, its words, and the share of the customer's class whose expected margin is less."""

    band: Literal["high", "medium", "low", "unknown"]
    english: str
    chinese: str
    rank_in_class: float | None


@dataclass(frozen=True)
class Portrait:
    """What is told of a customer; `applications` and `headroom` carry their words beside what they were."""

    behaviour: tuple[Said, ...]
    value: Band
    tags: tuple[Mapping[str, Any], ...]
    needs: tuple[Said, ...]
    risks: tuple[Said, ...]
    applications: tuple[Mapping[str, Any], ...]
    headroom: Mapping[str, Any] | None


def portrait(
    row: Row,
    tags: Sequence[Mapping[str, Any]],
    applications: Sequence[Mapping[str, Any]],
    headroom: Mapping[str, Any] | None,
    policy: PortraitPolicy,
    rank_in_class: float | None = None,
) -> Portrait:
    """The portrait of a customer. Pure: what is not in `row`, `tags`, `applications` (under way) and `headroom` (his
    area's row of the newest publication, less promises; None: nothing is published) is not said, so that who may not
    see something is never told of it.
    """
    return Portrait(
        behaviour=tuple(behaviour(row, policy)),
        value=_band(row, rank_in_class, tags, policy),
        tags=tuple(tags),
        needs=tuple(needs(row, policy)),
        risks=tuple(risks(row, policy)),
        applications=tuple(_application(one) for one in applications),
        headroom=None if headroom is None else _headroom(headroom),
    )


def _band(row: Row, rank: float | None, tags: Sequence[Mapping[str, Any]], policy: PortraitPolicy) -> Band:
    """By the value tag he holds, so that nobody is told two things; where he holds none, by his rank."""
    held = [policy.band_tags[one["tag"]] for one in tags if one["status"] == "held" and one["tag"] in policy.band_tags]
    band: Literal["high", "medium", "low", "unknown"] = "unknown"
    if known(row, "value_p50_cny") is None:
        rank = None
    if held:
        band = held[0]
    elif rank is not None:
        band = "high" if rank >= policy.high_rank else "medium" if rank >= policy.medium_rank else "low"
    english, chinese = _BANDS[band]
    if rank is not None:
        # Nobody is above all of his class.
        above = min(rank, 0.99)
        english = f"{english}, above {percent(above)} of the class"
        chinese = f"{chinese}，高于 {above * 100:.0f}% 的同类用户"
    return Band(band, english, chinese, rank)


def _application(one: Mapping[str, Any]) -> dict[str, Any]:
    english, chinese = _STAGES.get(str(one["status"]), (str(one["status"]), str(one["status"])))
    kva = amount(float(one["requested_kva"]))
    return {**one, "english": f"{kva} kVA: {english}.", "chinese": f"{kva} 千伏安：{chinese}。"}


def _headroom(row: Mapping[str, Any]) -> dict[str, Any]:
    open_kva, blocks = row["open_kva"], [kva or 0.0 for kva in row["block_kva"]]
    if open_kva is None:
        english, chinese = "What is open at the area is not known.", "台区可开放容量未知。"
    elif open_kva > 0:
        english = f"{amount(open_kva)} kVA are open at the area at any hour."
        chinese = f"台区全时段可开放容量 {amount(open_kva)} 千伏安。"
    elif max(blocks, default=0.0) > 0:
        best = max(range(len(blocks)), key=lambda block: blocks[block])
        first, last, kva = 4 * best, 4 * best + 4, amount(blocks[best])
        english = f"Nothing is open at every hour; up to {kva} kVA from {first} to {last} o'clock."
        chinese = f"台区暂无全时段可开放容量；{first} 时至 {last} 时最多可开放 {kva} 千伏安。"
    else:
        english, chinese = "Nothing is open at the area.", "台区暂无可开放容量。"
    return {**row, "english": english, "chinese": chinese}
