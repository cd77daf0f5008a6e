"""Hot and mild years: the weather is warmed or cooled in season until the territory's peak meets its year's mark.

A territory of a few years holds only a handful of weather years, so independent draws would leave some
territories with five hot years in a row. The marks are drawn so that exceptional years are followed by a
return: over any territory, rises and falls of the common peak balance, while each single year stays uncertain.
"""

from dataclasses import replace

import numpy as np
from scipy.stats import norm

from features.demo.days import Days
from features.demo.shapes import COMPONENTS, component_shapes
from features.demo.weather import Weather, felt_temperature, season_bumps

__all__ = ["REFERENCE_MIX", "with_marked_years", "year_marks"]

REFERENCE_MIX = dict(zip(COMPONENTS, (0.30, 0.34, 0.24, 0.22, 0.16, 0.08, 0.18, 0.05, 0.06, 0.04, 0.03), strict=True))
"""Weights of the territory's average area, by which a year's severity is measured."""
_STEPS = 14


def year_marks(years: int, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Log of each year's common peak relative to a normal year [years]; changes from year to year have about `sd`.

    Counted back from the last year, changes come in pairs that nearly cancel.
    """
    change = np.zeros(years)
    later = years - 1
    while later >= 1:
        # A folded normal cut at two sigma: an exceptional year, but no once-in-a-century one.
        size = sd * norm.ppf(0.5 + rng.uniform(0.12, 0.98) / 2)
        if later == 1:
            change[1] = rng.choice((-0.3, 0.3)) * size
        else:
            sign = rng.choice((-1.0, 1.0))
            change[later - 1] = sign * size
            change[later] = -sign * size + rng.normal(0, 0.1 * sd)
        later -= 2
    return np.cumsum(change)


def with_marked_years(weather: Weather, days: Days, marks: np.ndarray) -> tuple[Weather, np.ndarray]:
    """The weather with each year's summer and winter shifted so that the reference mix peaks at exp(mark).

    Returns it with the shifts in °C [years × (summer, winter)]. Found by bisection on the mean of the stations.
    """
    weights = np.array(list(REFERENCE_MIX.values()))
    felt = felt_temperature(weather.temperature_c.mean(axis=0))
    shift = np.zeros((len(marks), 2))
    temperature = weather.temperature_c.copy()
    for season, (bump, sign) in enumerate(zip(season_bumps(days), (1.0, -1.0), strict=True)):
        felt_bump = felt_temperature(bump)
        peaks = [_season_peak(days, felt, felt_bump, y, 0.0, weights) for y in range(len(marks))]
        normal = float(np.median(peaks))
        for y, mark in enumerate(marks):
            shift[y, season] = _solve(days, felt, felt_bump, y, sign, normal * np.exp(mark), weights)
        year = np.minimum(np.repeat(days.year, 24), len(marks) - 1)
        temperature += bump * shift[year, season]
    return replace(weather, temperature_c=temperature), shift


def _solve(
    days: Days, felt: np.ndarray, bump: np.ndarray, year: int, sign: float, target: float, weights: np.ndarray
) -> float:
    """The shift (°C) of one season of one year at which the reference mix peaks at `target`."""
    low, high = -8.0, 8.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _season_peak(days, felt, bump, year, sign * middle, weights) < target:
            low = middle
        else:
            high = middle
    return sign * (low + high) / 2


def _season_peak(days: Days, felt: np.ndarray, bump: np.ndarray, year: int, shift: float, weights: np.ndarray) -> float:
    inside = (days.year == year) & (bump.reshape(-1, 24).max(axis=1) > 0.2)
    part = replace(
        days,
        dates=days.dates[inside],
        rest=days.rest[inside],
        festival=days.festival[inside],
        year=days.year[inside],
        year_part=days.year_part[inside],
    )
    hours = np.repeat(inside, 24)
    shapes = component_shapes(part, felt[hours] + shift * bump[hours])
    return float(np.tensordot(weights, shapes, axes=1).max())
