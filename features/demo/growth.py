"""How each area's level moves over the years: growth, a persistent walk, seasons that turn out unlike, EVs, shifts.

Draws across areas are stratified (permuted normal quantiles), so that a territory of a hundred areas has the
spread it was asked for, and no drift that only luck gave it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from features.demo.config import DemoConfig
from features.demo.days import Days
from features.demo.network import Network
from features.demo.shapes import COMPONENTS

__all__ = ["Growth", "draw_growth", "stratified_normal"]


@dataclass(frozen=True)
class Growth:
    """`weights` [areas × components × days] in kW, without applications; `shifts` are the planted level shifts."""

    weights: np.ndarray
    shifts: list[tuple[int, int, float]]


def stratified_normal(n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` standard normal values, one from each of n equally likely strata, in random order."""
    return norm.ppf((rng.permutation(n) + rng.random(n)) / n).clip(-2.5, 2.5)


def draw_growth(config: DemoConfig, days: Days, network: Network, rng: np.random.Generator) -> Growth:
    """Daily weights of every component in every area."""
    A = len(network.area_ids)
    level = np.exp(_walk(config, days, A, rng) + _excursions(config, days, A, rng))
    shifts = _level_shifts(days, A, rng)
    for area, day, factor in shifts:
        level[area, day:] *= factor
    weights = network.mix[:, :, None] * level[:, None, :]
    weights[:, COMPONENTS.index("ev_base")] *= _ev_uptake(days, A, rng)
    return Growth(weights, shifts)


def _walk(config: DemoConfig, days: Days, areas: int, rng: np.random.Generator) -> np.ndarray:
    """Log level [areas × days]: own growth and a random walk, with new increments every half year."""
    knots = np.arange(0, len(days.dates) + 366, 182.625)
    spread = config.spread
    steps = np.stack([stratified_normal(areas, rng) for _ in knots[1:]], axis=1) * spread.level_walk / np.sqrt(2)
    walk = np.concatenate([np.zeros((areas, 1)), np.cumsum(steps, axis=1)], axis=1)
    rate = spread.growth * stratified_normal(areas, rng)
    walk += rate[:, None] * (knots / 365.25 - config.years / 2)
    day = np.arange(len(days.dates))
    return np.stack([np.interp(day, knots, row) for row in walk])


def _excursions(config: DemoConfig, days: Days, areas: int, rng: np.random.Generator) -> np.ndarray:
    """Log factor [areas × days] of seasons unlike others: families away, a hotel full, a pump broken. Not lasting."""
    day = days.year_part * 365.25
    summer = np.clip(np.minimum(day - 152, 262 - day) / 20, 0, 1)
    winter = np.clip(np.minimum(day - 0, 66 - day) / 10, 0, 1)
    result = np.zeros((areas, len(day)))
    for year in range(int(days.year.max()) + 1):
        inside = days.year == year
        for season in (summer, winter):
            size = config.spread.season_excursion * stratified_normal(areas, rng)
            result[:, inside] += size[:, None] * season[inside]
    return result


def _ev_uptake(days: Days, areas: int, rng: np.random.Generator) -> np.ndarray:
    """Charging as a multiple of its weight [areas × days]: an S-curve over the years, steepest at a time of its own."""
    span = days.year + days.year_part - (days.year[-1] + 1)
    middle = rng.normal(-1.8, 1.0, areas)
    final = 2.2 * np.exp(0.6 * stratified_normal(areas, rng))
    return final[:, None] / (1 + np.exp(-(span[None, :] - middle[:, None]) / 0.9))


def _level_shifts(days: Days, areas: int, rng: np.random.Generator) -> list[tuple[int, int, float]]:
    """Lasting jumps of a few areas, up and down alike: (area, day, factor)."""
    count = max(1, round(0.05 * areas))
    chosen = rng.choice(areas, count, replace=False)
    days_in = rng.integers(120, len(days.dates) - 60, count)
    sign = np.where(rng.permutation(count) % 2 == 0, 1.0, -1.0)
    factors = np.exp(sign * rng.uniform(0.18, 0.34, count))
    return [(int(a), int(d), float(f)) for a, d, f in zip(chosen, days_in, factors, strict=True)]
