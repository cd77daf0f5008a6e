"""Hot and mild years: the weather is warmed or cooled in season until the territory's peak meets its year's mark.

A territory of a few years holds only a handful of weather years, so independent draws would leave some
territories with five hot years in a row. The marks are drawn so that exceptional years are followed by a
return: over any territory, rises and falls of the common peak balance, while each single year stays uncertain.
"""

from dataclasses import replace

import numpy as np
from scipy.stats import norm

from features.demo.days import Days
from features.demo.shapes import component_shapes
from features.demo.weather import Weather, felt_temperature, season_bumps

__all__ = ["with_marked_years", "year_marks"]

_STEPS = 10


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


def with_marked_years(weather: Weather, days: Days, marks: np.ndarray, mix: np.ndarray) -> tuple[Weather, np.ndarray]:
    """The weather with each year's summer and winter shifted until the territory's mix peaks at exp(mark).

    `mix` are the weights of the average area. Returns the shifts too, °C [years × (summer, winter)]. Where a normal
    year lies is the median of what the weather gave by itself. Found by bisection on the mean log peak of all stations.
    """
    felt = felt_temperature(weather.temperature_c)
    shift = np.zeros((len(marks), 2))
    temperature = weather.temperature_c.copy()
    year = np.minimum(np.repeat(days.year, 24), len(marks) - 1)
    for season, (bump, sign) in enumerate(zip(season_bumps(days), (1.0, -1.0), strict=True)):
        felt_bump = sign * felt_temperature(bump)
        seasons = [_Season(days, felt, felt_bump, bump, y, mix) for y in range(len(marks))]
        normal = float(np.median([one.log_peak(0.0) for one in seasons]))
        shift[:, season] = [sign * one.solve(normal + mark) for one, mark in zip(seasons, marks, strict=True)]
        temperature += bump * shift[year, season]
    return replace(weather, temperature_c=temperature), shift


class _Season:
    """One season of one year, as seen by the average area: how high it peaks when the weather is harsher or milder."""

    def __init__(
        self, days: Days, felt: np.ndarray, felt_bump: np.ndarray, bump: np.ndarray, year: int, mix: np.ndarray
    ) -> None:
        inside = (days.year == year) & (bump.reshape(-1, 24).max(axis=1) > 0.2)
        hours = np.repeat(inside, 24)
        self.days = days.part(inside)
        self.felt, self.bump, self.mix = felt[:, hours], felt_bump[hours], mix

    def log_peak(self, harsher: float) -> float:
        """Mean over stations of the log of the season's highest hour, with the season `harsher` degrees harsher."""
        if not len(self.days.dates):
            return 0.0
        peaks = [
            np.tensordot(self.mix, component_shapes(self.days, felt + harsher * self.bump), axes=1).max()
            for felt in self.felt
        ]
        return float(np.log(peaks).mean())

    def solve(self, target: float) -> float:
        """The degrees at which the season's log peak meets `target`."""
        low, high = -6.0, 6.0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.log_peak(middle) < target else (low, middle)
        return (low + high) / 2
