"""What is true of the territory as the systems could know it, and the numbers each of them goes by."""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.demo.exports.config import ExportConfig
from features.demo.exports.naming import area_parts, stem
from features.demo.territory import Territory

__all__ = ["Facts", "Spell", "Unit", "facts_of", "known"]

_OFFICE = pd.Timedelta(hours=16)


@dataclass(frozen=True)
class Spell:
    """A stretch of an area's life: who looked after it, and what its transformers were rated for, kVA."""

    since: pd.Timestamp
    until: pd.Timestamp | None
    hall: str
    rating_kva: float


@dataclass(frozen=True)
class Unit:
    """A transformer of an area, with its number there (1, 2) and its nameplate."""

    transformer_id: str
    area: int
    number: int
    rating_kva: float
    since: pd.Timestamp
    until: pd.Timestamp | None


@dataclass(frozen=True)
class Facts:
    """Places by index, as in the territory's network; numbers of the systems by index, too.

    `units` are all transformers of areas there ever were; `unit_now` the indices of those that stand, by area.
    """

    territory: Territory
    config: ExportConfig
    nodes: pd.DataFrame
    spells: tuple[tuple[Spell, ...], ...]
    units: tuple[Unit, ...]
    unit_now: tuple[tuple[int, ...], ...]
    marketing: dict[str, tuple[str, ...]]
    assets: dict[str, tuple[str, ...]]
    topology: dict[str, tuple[str, ...]]

    @cached_property
    def place(self) -> dict[str, tuple[str, ...]]:
        """Place names of substations, feeders and areas."""
        network, name = self.territory.network, self.nodes["name"]
        return {
            "substation": tuple(stem(name[one]) for one in network.substation_ids),
            "feeder": tuple(stem(name[one]) for one in network.feeder_ids),
            "area": tuple(area_parts(name[one])[0] for one in network.area_ids),
        }

    @cached_property
    def number(self) -> tuple[int, ...]:
        """Running numbers of the areas within their place."""
        return tuple(area_parts(self.nodes["name"][one])[1] for one in self.territory.area_ids)

    def steady(self) -> list[int]:
        """Areas of which nothing ever changed."""
        return [a for a, spells in enumerate(self.spells) if len(spells) == 1]


def known(at: pd.Timestamp) -> pd.Timestamp:
    """When the change of a local day is entered: in the afternoon."""
    return at + _OFFICE


def facts_of(territory: Territory, config: ExportConfig) -> Facts:
    """Gather what the systems tell about, and draw the numbers under which they do."""
    rng = np.random.default_rng([config.territory.seed, 200])
    nodes = territory.frame("node").drop_duplicates("node_id").set_index("node_id")
    units = _units(territory)
    S, F, A = territory.config.network_size
    now: list[list[int]] = [[] for _ in range(A)]
    for i, unit in enumerate(units):
        if unit.until is None:
            now[unit.area].append(i)
    main = territory.frame("transformer")["node_id"].isin(territory.network.substation_ids).sum()
    objects = _numbers(rng, S + F + len(units), 7)
    return Facts(
        territory=territory,
        config=config,
        nodes=nodes,
        spells=tuple(_spells(territory, units)),
        units=tuple(units),
        unit_now=tuple(map(tuple, now)),
        marketing={
            "substation": tuple(f"02{n}" for n in _numbers(rng, S, 8)),
            "feeder": tuple(f"03{n}" for n in _numbers(rng, F, 8)),
            "area": tuple(f"01{n}" for n in _numbers(rng, A, 8)),
        },
        assets={
            "substation": tuple(f"10M{n}" for n in _numbers(rng, S, 8)),
            "feeder": tuple(f"11M{n}" for n in _numbers(rng, F, 8)),
            "transformer": tuple(f"16M{n}" for n in _numbers(rng, len(units), 8)),
            "main": tuple(f"15M{n}" for n in _numbers(rng, int(main), 8)),
        },
        topology={"substation": objects[:S], "feeder": objects[S : S + F], "transformer": objects[S + F :]},
    )


def _numbers(rng: np.random.Generator, count: int, digits: int) -> tuple[str, ...]:
    """Distinct numbers in no order, with leading zeros."""
    drawn = 1000 + rng.choice(900_000, count, replace=False)
    return tuple(f"{number:0{digits}d}" for number in drawn)


def _units(territory: Territory) -> list[Unit]:
    """Transformers of areas, in order of area and age; a replaced one has an end."""
    frame = territory.frame("transformer")
    last = frame.sort_values("available_at", kind="stable").drop_duplicates("transformer_id", keep="last")
    last = last.sort_values(["node_id", "valid_from", "transformer_id"])
    index = {node: a for a, node in enumerate(territory.area_ids)}
    units: list[Unit] = []
    for row in last[last["node_id"].isin(territory.area_ids)].to_dict("records"):
        identity, until = str(row["transformer_id"]), row["valid_to"]
        until, kva = None if pd.isna(until) else until, float(row["rating_kva"])
        units.append(Unit(identity, index[str(row["node_id"])], int(identity[-1]), kva, row["valid_from"], until))
    return units


def _spells(territory: Territory, units: list[Unit]) -> list[tuple[Spell, ...]]:
    halls = territory.frame("node").sort_values("available_at", kind="stable")
    halls = halls[halls["kind"] == "area"].drop_duplicates(["node_id", "valid_from"], keep="last")
    by_area = {node: rows.sort_values("valid_from") for node, rows in halls.groupby("node_id", observed=True)}
    lives, standing = [], {area: list(some) for area, some in itertools.groupby(units, key=lambda unit: unit.area)}
    for area, node in enumerate(territory.area_ids):
        own, rows = standing[area], by_area[node]
        ends = [*sorted({*rows["valid_from"], *(u.since for u in own)}), None]
        spells = []
        for since, until in itertools.pairwise(ends):
            hall = rows.loc[rows["valid_from"] <= since, "hall_id"].iloc[-1]
            kva = sum(u.rating_kva for u in own if u.since <= since and (u.until is None or u.until > since))
            spells.append(Spell(since, until, str(hall), float(kva)))
        lives.append(tuple(spells))
    return lives
