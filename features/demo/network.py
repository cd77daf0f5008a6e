"""The supply network and who owns it, drawn before any load is known, so that no rating can leak the future."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.demo.config import DemoConfig

__all__ = ["ARCHETYPES", "Network", "draw_network"]

ARCHETYPES: dict[str, tuple[float, ...]] = {
    # weights of features.demo.shapes.COMPONENTS, as shares of the area's peak
    "urban": (0.42, 0.44, 0.26, 0.10, 0.10, 0.04, 0.02, 0.00, 0.04, 0.03, 0.02),
    "centre": (0.16, 0.18, 0.10, 0.40, 0.36, 0.14, 0.02, 0.00, 0.08, 0.07, 0.02),
    "industrial": (0.10, 0.10, 0.06, 0.10, 0.08, 0.04, 0.70, 0.00, 0.03, 0.02, 0.02),
    "rural": (0.36, 0.26, 0.36, 0.06, 0.05, 0.03, 0.06, 0.26, 0.03, 0.02, 0.01),
}
"""Kinds of feeder by what hangs on them."""
_TURNS = (0, 1, 3, 0, 2, 0, 3, 1)
_RATINGS = np.array([100, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250], dtype=float)
_FEEDER_LIMITS = np.array(
    [200, 400, 600, 800, 1000, 1200, 1600, 2000, 2500, 3000, 3500, 4000, 5000, 6000, 7000, 8000, 10_000, 12_500.0]
)
_BANK = np.array([400, 800, 1250, 2000, 3150, 4000, 5000, 6300, 8000, 10_000, 12_500, 16_000, 20_000, 31_500, 40_000.0])
CATALOGUE = {"area": _RATINGS, "feeder": _FEEDER_LIMITS, "substation": _BANK}


@dataclass(frozen=True)
class Network:
    """Arrays of the hierarchy: index of the node above, nameplates (kVA), and what was expected when it was planned.

    `mix` [areas × components] are kW of weight; `expected_kw` the peak they were planned for. `upgrades` are
    (area, day, new kVA); `moves` are areas handed to another hall: (area, day, hall).
    """

    substation_ids: tuple[str, ...]
    feeder_ids: tuple[str, ...]
    area_ids: tuple[str, ...]
    feeder_of_area: np.ndarray
    substation_of_feeder: np.ndarray
    hall_of_feeder: np.ndarray
    department_of_hall: np.ndarray
    station_of_feeder: np.ndarray
    archetype: tuple[str, ...]
    mix: np.ndarray
    expected_kw: np.ndarray
    power_factor: np.ndarray
    rating_kva: np.ndarray
    feeder_power_factor: np.ndarray
    feeder_limit_kva: np.ndarray
    bank_kva: tuple[tuple[float, ...], ...]
    no_load_loss: np.ndarray
    load_loss: np.ndarray
    line_loss: np.ndarray
    pv_kw: np.ndarray
    upgrades: tuple[tuple[int, int, float], ...]
    moves: tuple[tuple[int, int, int], ...]

    def capacity_kw(self, days: int) -> np.ndarray:
        """What the areas' transformers may carry, kW, [areas × hours], upgrades counted from their day on."""
        kva = np.repeat(self.rating_kva[:, None], 24 * days, axis=1)
        for area, day, rating in self.upgrades:
            kva[area, 24 * day :] = rating
        return kva * self.power_factor[:, None]

    @property
    def node_ids(self) -> tuple[str, ...]:
        """Substations, then feeders, then areas: the order of the rows of every dense array."""
        return self.substation_ids + self.feeder_ids + self.area_ids


def draw_network(config: DemoConfig, rng: np.random.Generator) -> Network:
    """Draw hierarchy, nameplates and mixes; utilisation varies from plenty of room to a few overloaded areas."""
    S, F, A = config.network_size
    tree = _tree(config, rng)
    rating = rng.choice(_RATINGS[1:9], A, p=_rating_odds())
    power_factor = np.round(rng.uniform(0.90, 0.97, A), 3)
    expected = rating * power_factor * _planned_utilisation(A, rng)
    feeder_kw = np.bincount(tree["feeder_of_area"], expected, F) * 0.92
    feeder_pf = np.round(rng.uniform(0.92, 0.97, F), 3)
    limit = _snap_up(_FEEDER_LIMITS, feeder_kw / feeder_pf / _spread_out(F, 0.35, 0.75, rng))
    kinds = [list(ARCHETYPES).index(kind) for kind in tree["archetype"]]
    return Network(
        **tree,
        mix=_mixes(np.array(kinds)[tree["feeder_of_area"]], expected, rng),
        expected_kw=expected,
        power_factor=power_factor,
        rating_kva=rating,
        feeder_power_factor=feeder_pf,
        feeder_limit_kva=limit,
        bank_kva=_banks(np.bincount(tree["substation_of_feeder"], feeder_kw / feeder_pf, S) * 0.95, rng),
        no_load_loss=0.0018 * rating,
        load_loss=rng.uniform(0.02, 0.045, A) / (rating * power_factor),
        line_loss=rng.uniform(0.01, 0.03, F) / (limit * feeder_pf),
        pv_kw=np.where(rng.random(A) < 0.08, expected * rng.uniform(0.1, 0.5, A), 0.0),
        upgrades=_upgrades(expected / rating / power_factor, rating, 365 * config.years, rng),
        moves=_moves(A, int(tree["hall_of_feeder"].max()) + 1, 365 * config.years, rng),
    )


def _tree(config: DemoConfig, rng: np.random.Generator) -> dict[str, Any]:
    """Who hangs on whom, who owns what, and which kind each feeder is; fields of Network by name."""
    S, F, A = config.network_size
    substation_of_feeder = np.sort(np.arange(F) % S)
    halls = max(1, round(F / 2))
    departments = max(1, min(S, round(halls / 2)))
    # Every kind by turns, so that no territory is all farms or all factories.
    kinds = rng.permutation(np.resize(_TURNS, F))
    return {
        "substation_ids": tuple(f"S{i + 1}" for i in range(S)),
        "feeder_ids": tuple(f"F{i + 1:02d}" for i in range(F)),
        "area_ids": tuple(f"A{i + 1:04d}" for i in range(A)),
        "feeder_of_area": np.sort(np.arange(A) % F),
        "substation_of_feeder": substation_of_feeder,
        "hall_of_feeder": np.sort(np.arange(F) % halls),
        "department_of_hall": np.sort(np.arange(halls) % departments),
        "station_of_feeder": substation_of_feeder % config.weather_stations,
        "archetype": tuple(list(ARCHETYPES)[kind] for kind in kinds),
    }


def _rating_odds() -> np.ndarray:
    odds = np.array([0.10, 0.14, 0.16, 0.20, 0.20, 0.11, 0.07, 0.02])
    return odds / odds.sum()


def _planned_utilisation(areas: int, rng: np.random.Generator) -> np.ndarray:
    """Expected peak over rating: median .50, few below .25, and about one area in twenty planned far too small."""
    use = np.clip(0.50 * np.exp(0.32 * rng.standard_normal(areas)), 0.22, 0.82)
    small = rng.permutation(areas) < max(1, round(0.05 * areas))
    return np.where(small, rng.uniform(0.92, 1.1, areas), use)


def _mixes(kind: np.ndarray, expected_kw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Weights (kW) around the feeder's archetype, each area its own."""
    base = np.array(list(ARCHETYPES.values()))[kind]
    varied = base * np.exp(0.35 * rng.standard_normal(base.shape))
    return varied * (expected_kw / varied.sum(axis=1) * 1.26)[:, None]


def _upgrades(
    use: np.ndarray, rating: np.ndarray, days: int, rng: np.random.Generator
) -> tuple[tuple[int, int, float], ...]:
    """Half of the areas planned far too small get a transformer two sizes up, at some day of the middle years."""
    small = np.flatnonzero(use > 0.9)
    areas = [int(a) for a in np.sort(rng.permutation(small)[: len(small) // 2])]
    sizes = np.searchsorted(_RATINGS, rating[areas]) + 2
    return tuple(
        (a, int(rng.integers(days // 4, 3 * days // 4)), float(_RATINGS[min(size, len(_RATINGS) - 1)]))
        for a, size in zip(areas, sizes, strict=True)
    )


def _moves(areas: int, halls: int, days: int, rng: np.random.Generator) -> tuple[tuple[int, int, int], ...]:
    """A few areas are handed to another hall."""
    count = round(0.02 * areas) if halls > 1 else 0
    chosen = rng.choice(areas, count, replace=False)
    return tuple((int(a), int(rng.integers(days // 3, days - 30)), int(rng.integers(0, halls))) for a in chosen)


def _banks(kva: np.ndarray, rng: np.random.Generator) -> tuple[tuple[float, ...], ...]:
    """Two or three equal transformers per substation, firm capacity (all but one) above most of the expected peak."""
    banks = []
    for need, use in zip(kva, _spread_out(len(kva), 0.42, 0.78, rng), strict=True):
        count = int(rng.integers(2, 4))
        one = float(_snap_up(_BANK, np.array([need / use / (count - 1)]))[0])
        banks.append((one,) * count)
    return tuple(banks)


def _spread_out(n: int, low: float, high: float, rng: np.random.Generator) -> np.ndarray:
    """`n` values spread evenly over a range, in random order."""
    return low + (high - low) * (rng.permutation(n) + rng.random(n)) / n


def _snap_up(catalogue: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The smallest size made that is enough; the largest where none is."""
    return catalogue[np.minimum(np.searchsorted(catalogue, wanted), len(catalogue) - 1)]
