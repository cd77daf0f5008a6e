"""Layers of new technology on top of today's load: what chargers and heat pumps, once bought, draw in the scenarios."""

import zlib

import numpy as np
from pydantic import Field, field_validator, model_validator

from features.settings import Settings
from training.peak.blocks import BLOCK_HOURS, BLOCKS
from training.peak.connections import diversified

__all__ = ["PATHS", "Layer", "UptakePolicy", "uptake_load"]

PATHS = ("low", "mid", "high")
"""Paths of uptake; a scenario follows one of them, the same in every area."""
_YEAR_DAYS = 365.2425


class Layer(Settings):
    """One technology. Adoptions are those beyond what stands in the load already, counted from now.

    `kw_per_adoption` is the highest load of one; `profile` its 24 local hours relative to that; `diversity_floor` (g∞)
    the share of the sum that many reach together. With `full_below_c` and `none_above_c` it follows the temperature of
    the scenario's own weather: nothing above the one, all below the other, linear between (heat pumps, electric
    heating). `per_area` is, for each path, how many an area has gained by the end of each year to come, linear within
    the year and level after the last; `area_factor` multiplies it for single areas (0 for none).
    """

    kw_per_adoption: float = Field(gt=0)
    profile: tuple[float, ...]
    diversity_floor: float = Field(0.5, gt=0, le=1)
    none_above_c: float | None = None
    full_below_c: float | None = None
    per_area: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    area_factor: dict[str, float] = Field(default_factory=dict)

    @field_validator("profile")
    @classmethod
    def _whole_day(cls, hours: tuple[float, ...]) -> tuple[float, ...]:
        if len(hours) != 24 or min(hours) < 0 or max(hours) > 1:
            raise ValueError("a profile is 24 values from 0 to 1")
        return hours

    @field_validator("per_area")
    @classmethod
    def _paths(cls, paths: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        if unknown := sorted(set(paths) - set(PATHS)):
            raise ValueError(f"unknown paths: {unknown}; they are {list(PATHS)}")
        if paths and (missing := sorted(set(PATHS) - set(paths))):
            raise ValueError(f"paths missing: {missing}")
        for name, years in paths.items():
            if not years or min(years) < 0:
                raise ValueError(f"{name}: a path is the number by the end of each year, none below zero")
        return paths

    @field_validator("area_factor")
    @classmethod
    def _not_below_zero(cls, factors: dict[str, float]) -> dict[str, float]:
        if bad := sorted(name for name, factor in factors.items() if factor < 0):
            raise ValueError(f"factors below zero: {bad}")
        return factors

    @model_validator(mode="after")
    def _both_or_neither(self) -> "Layer":
        if (self.none_above_c is None) != (self.full_below_c is None):
            raise ValueError("none_above_c and full_below_c belong together")
        if self.none_above_c is not None and self.full_below_c is not None and self.full_below_c >= self.none_above_c:
            raise ValueError("full_below_c must lie below none_above_c")
        return self

    def block_kw(self) -> np.ndarray:
        """Highest load of one adoption in each of the six blocks, kW [block]."""
        return self.kw_per_adoption * np.array(self.profile).reshape(BLOCKS, BLOCK_HOURS).max(axis=1)

    def adopted(self, path: str, age_days: np.ndarray) -> np.ndarray:
        """How many an area of factor 1 has gained `age_days` from now, as [day]."""
        years = self.per_area.get(path, (0.0,))
        return np.interp(age_days / _YEAR_DAYS, np.arange(len(years) + 1), [0.0, *years])

    def response(self, temperature_c: np.ndarray) -> np.ndarray:
        """Share of the profile that is drawn at a temperature; all of it where temperature is not known."""
        if self.none_above_c is None or self.full_below_c is None:
            return np.ones_like(temperature_c)
        share = np.clip((self.none_above_c - temperature_c) / (self.none_above_c - self.full_below_c), 0.0, 1.0)
        return np.where(np.isfinite(share), share, 1.0)


class UptakePolicy(Settings):
    """Layers by name, and how likely each path is; `configs/policy/uptake.yaml` holds what is in force.

    Without layers, or with paths of zero, nothing is added and every figure is what it was.
    """

    path_share: dict[str, float] = Field({"low": 0.25, "mid": 0.5, "high": 0.25})
    layers: dict[str, Layer] = Field(default_factory=dict)

    @field_validator("path_share")
    @classmethod
    def _sum_to_one(cls, share: dict[str, float]) -> dict[str, float]:
        if set(share) != set(PATHS) or min(share.values()) < 0 or abs(sum(share.values()) - 1) > 1e-9:
            raise ValueError(f"shares of {list(PATHS)}, none below zero, that sum to one")
        return share

    def active(self) -> dict[str, Layer]:
        """Layers that add something on some path."""
        return {name: one for name, one in self.layers.items() if any(max(way) > 0 for way in one.per_area.values())}

    def drawn_paths(self, layer: str, scenarios: int, seed: int) -> np.ndarray:
        """Index into PATHS of each scenario. Shares are met as nearly as whole scenarios allow."""
        rng = np.random.default_rng([seed, 3, zlib.crc32(layer.encode())])
        edges = np.cumsum([self.path_share[name] for name in PATHS])
        even = (np.arange(scenarios) + 0.5) / scenarios
        return rng.permutation(np.minimum(np.searchsorted(edges, even), len(PATHS) - 1))


def uptake_load(
    policy: UptakePolicy,
    areas: list[str],
    temperature_c: np.ndarray | None,
    age_days: np.ndarray,
    scenarios: int,
    seed: int,
) -> np.ndarray | None:
    """What the layers add at a node with `areas` below it (or itself), kW [scenario, day, block]; None for nothing.

    `temperature_c` [scenario, day, block] is the node's weather in each scenario, None where it has none: what
    follows temperature is then drawn in full, every day. Adoptions of one layer are diverse among each other
    (g∞ + (1 − g∞)/√n, as connections are); layers and connections are added, as they may peak together.
    """
    total = None
    for name, layer in policy.active().items():
        weight = sum(layer.area_factor.get(area, 1.0) for area in areas)
        if weight <= 0:
            continue
        ways = np.stack([layer.adopted(path, age_days) for path in PATHS])
        count = weight * ways[policy.drawn_paths(name, scenarios, seed)]
        unit = layer.block_kw()
        together = diversified(count[:, :, None] * unit, count[:, :, None] * unit**2, layer.diversity_floor)
        if temperature_c is not None:
            together = together * layer.response(temperature_c)
        total = together if total is None else total + together
    return total
