"""Ratings of areas: the asset ledger's nameplates hold, unless they are in another unit; who says otherwise is told."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from features.reconcile.ledgers import Ledgers
from features.reconcile.matching import Matched

__all__ = ["Rating", "RatingFault", "ratings", "written_kva"]

_VA_PER_KVA = 1000.0
_SAME = 0.01
_LARGEST_AREA_KVA = 10_000.0
"""No public transformer area is this large: a rating above it is in VA whatever others say."""


@dataclass(frozen=True)
class Rating:
    """The rating held for a record, kVA, and whether it was written in VA."""

    record: str
    kva: float
    in_va: bool


@dataclass(frozen=True)
class RatingFault:
    """A record whose rating differs from what is held (`capacity_disagrees`) or is in VA (`unit_suspected`)."""

    kind: str
    record: str
    node_id: str
    says: Mapping[str, float]
    held_kva: float


def written_kva(value: float, others: list[float], largest: float = _LARGEST_AREA_KVA) -> tuple[float, bool]:
    """A rating in kVA and whether it was written in VA: a thousand times what others say, or beyond any area's.

    `others` are ratings of the same thing by other systems, themselves in one unit or the other.
    """
    in_va = value / _VA_PER_KVA
    same = any(math.isclose(value, other, rel_tol=_SAME) for other in others if other <= largest)
    if same:
        return value, False
    thousandfold = any(math.isclose(in_va, other, rel_tol=_SAME) for other in others)
    return (in_va, True) if thousandfold or value > largest else (value, False)


def ratings(ledgers: Ledgers, matched: Matched) -> tuple[dict[str, Rating], list[RatingFault]]:
    """The rating of every record of an area or of an area's transformer, and what is wrong with ratings.

    An area's transformers add up before they are compared with what other systems say of the area.
    """
    rows = ledgers.records
    rows = rows[rows["kind"].isin(("area", "transformer")) & (rows["rating_kva"] > 0)]
    rows = rows.assign(node=rows.index.map(matched.node))
    areas = set(matched.nodes["area"])
    rows = rows[rows["node"].isin(areas)]
    held: dict[str, Rating] = {}
    faults: list[RatingFault] = []
    for node, part in rows.groupby("node", sort=True):
        mine, wrong = _of_node(str(node), part)
        held |= mine
        faults += wrong
    return held, faults


def _of_node(node: str, part: pd.DataFrame) -> tuple[dict[str, Rating], list[RatingFault]]:
    sums = _sums(part["system"], part["rating_kva"])
    held = {}
    for record, system, value in zip(part.index, part["system"], part["rating_kva"], strict=True):
        others = [other for name, other in sums.items() if name != system]
        # One of two transformers is compared with its twin, too: half of an area is no thousandth of it.
        twins = part.loc[(part["system"] == system) & (part.index != record), "rating_kva"].tolist()
        kva, in_va = written_kva(float(value), others + twins)
        held[str(record)] = Rating(str(record), kva, in_va)
    plain = pd.Series({record: rating.kva for record, rating in held.items()})
    mended = _sums(part["system"], plain.reindex(part.index))
    best = next(mended[name] for name in ("assets", "topology", "marketing", "collection") if name in mended)
    says = {system: float(value) for system, value in sums.items()}
    faults = [RatingFault("unit_suspected", r.record, node, says, best) for r in held.values() if r.in_va]
    for system, value in mended.items():
        if not math.isclose(value, best, rel_tol=_SAME):
            record = str(part.index[part["system"] == system][0])
            faults.append(RatingFault("capacity_disagrees", record, node, says, best))
    return held, faults


def _sums(system: pd.Series, kva: pd.Series) -> dict[str, float]:
    return {str(name): float(value) for name, value in kva.groupby(system.astype("str")).sum().items()}
