"""What the systems hold that is not so: the faults of substance, drawn before any row is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from features.demo.exports.facts import Facts
from features.demo.exports.rows import Chances, Fault
from features.demo.network import CATALOGUE

__all__ = ["Beliefs", "draw_beliefs"]

MISSING = ""


@dataclass
class Beliefs:
    """Where a system differs from the facts, by (system and) index of the area; and the faults that say so.

    `reference` holds the number kept instead, empty where none is. `strangers` are transformers that only the asset
    ledger has: feeder and rating.
    """

    feeder: dict[tuple[str, int], int] = field(default_factory=dict)
    rating_kva: dict[int, float] = field(default_factory=dict)
    older_name: set[tuple[str, int]] = field(default_factory=set)
    reference: dict[tuple[str, int], str] = field(default_factory=dict)
    strangers: list[tuple[int, float]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def draw_beliefs(facts: Facts) -> tuple[Beliefs, Chances]:
    """Strike areas, each at most once; the same chances go on to strike customers and applications."""
    chances = Chances(facts.config.rates, np.random.default_rng([facts.config.territory.seed, 202]))
    beliefs = Beliefs()
    steady = [facts.territory.area_ids[a] for a in facts.steady()]
    index = {node: a for a, node in enumerate(facts.territory.area_ids)}
    _rewired(facts, beliefs, chances, steady, index)
    _ratings(facts, beliefs, chances, steady, index)
    _references(facts, beliefs, chances, steady, index)
    _names(facts, beliefs, chances, steady, index)
    for _ in range(chances.count("orphan", len(index))):
        feeder = int(chances.rng.integers(0, len(facts.territory.network.feeder_ids)))
        beliefs.strangers.append((feeder, float(chances.rng.choice(CATALOGUE["area"][1:8]))))
    return beliefs, chances


def _rewired(facts: Facts, beliefs: Beliefs, chances: Chances, steady: Sequence[str], index: dict[str, int]) -> None:
    """Areas on a wrong feeder in one system, every third of them in two, which then agree on the same wrong one."""
    feeders = range(len(facts.territory.network.feeder_ids))
    if len(feeders) < 2:
        return
    wrong = (["marketing"], ["assets", "topology"], ["topology"], ["assets"], ["marketing", "assets"], ["topology"])
    for turn, node in enumerate(chances.some("rewired", steady)):
        area = index[node]
        other = chances.other(feeders, int(facts.territory.network.feeder_of_area[area]))
        for system in wrong[turn % len(wrong)]:
            beliefs.feeder[system, area] = other
            place = _record_place(facts, system, area)
            beliefs.faults.append(
                Fault("rewired", system, "ledger_link", node, "work_item:parent_disagrees", place=place)
            )


def _record_place(facts: Facts, system: str, area: int) -> tuple[str, str]:
    """The sheet in which a system tells of an area, and the number under which it does."""
    if system == "marketing":
        return "sg186_areas", facts.marketing["area"][area]
    if system == "collection":
        return "col_areas", facts.territory.area_ids[area]
    unit = facts.unit_now[area][0]
    if system == "assets":
        return "配变", facts.assets["transformer"][unit]
    return "gis_transformers", facts.topology["transformer"][unit]


def _ratings(facts: Facts, beliefs: Beliefs, chances: Chances, steady: Sequence[str], index: dict[str, int]) -> None:
    sizes = [float(kva) for kva in CATALOGUE["area"]]
    for kind, expected in (("capacity", "work_item:capacity_disagrees"), ("va_for_kva", "work_item:unit_suspected")):
        for node in chances.some(kind, steady):
            area = index[node]
            kva = facts.spells[area][-1].rating_kva
            beliefs.rating_kva[area] = 1000 * kva if kind == "va_for_kva" else chances.other(sizes, kva)
            place = _record_place(facts, "marketing", area)
            subject = f"marketing:{place[1]}"
            beliefs.faults.append(Fault(kind, "marketing", "ledger_node", subject, expected, place=place))


def _references(facts: Facts, beliefs: Beliefs, chances: Chances, steady: Sequence[str], index: dict[str, int]) -> None:
    """Collection keeps marketing's number, GIS the asset ledger's: mistyped to another's, or gone."""
    ways = [(system, typo) for typo in (True, False) for system in ("topology", "collection")]
    for turn, node in enumerate(chances.some("different_id", steady, least=len(ways))):
        area, (system, typo) = index[node], ways[turn % len(ways)]
        place = _record_place(facts, system, area)
        expected = "work_item:reference_disagrees" if typo else "mended"
        # The other one is left alone from now on: two records that claim it are confusion enough.
        rest = chances.free(steady)
        if typo and not rest:
            continue
        beliefs.reference[system, area] = _number(facts, system, index[_reserved(chances, rest)]) if typo else MISSING
        subject = f"{system}:{place[1]}"
        beliefs.faults.append(Fault("different_id", system, "ledger_node", subject, expected, place=place))


def _reserved(chances: Chances, rest: Sequence[str]) -> str:
    other = str(chances.other(rest, None))
    chances.taken.add(other)
    return other


def _number(facts: Facts, system: str, area: int) -> str:
    """The number of another system that a sound record of the area keeps."""
    if system == "collection":
        return facts.marketing["area"][area]
    return facts.assets["transformer"][facts.unit_now[area][0]]


def _names(facts: Facts, beliefs: Beliefs, chances: Chances, steady: Sequence[str], index: dict[str, int]) -> None:
    """Records under an older name; and others, otherwise sound, that keep no number of another system."""
    systems = ("assets", "topology", "collection")
    for turn, node in enumerate(chances.some("different_name", steady)):
        system = systems[turn % len(systems)]
        place = _record_place(facts, system, index[node])
        beliefs.older_name.add((system, index[node]))
        beliefs.faults.append(
            Fault("different_name", system, "ledger_node", f"{system}:{place[1]}", "mended", place=place)
        )
    for system in ("topology", "collection"):
        for node in chances.free(list(facts.territory.area_ids)):
            if chances.rng.random() < facts.config.unreferenced:
                beliefs.reference[system, index[node]] = MISSING
