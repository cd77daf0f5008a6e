"""Weather with inertia at a few stations: an annual cycle, synoptic spells, hot and mild years."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from features.demo.days import Days

__all__ = ["Weather", "felt_temperature", "season_bumps", "simulate_weather"]


@dataclass(frozen=True)
class Weather:
    """Hourly weather [stations × hours], over the days of the territory and those the last forecast reaches into."""

    temperature_c: np.ndarray
    humidity_pct: np.ndarray
    wind_speed_ms: np.ndarray
    radiation_wm2: np.ndarray
    rain_mm: np.ndarray
    cloud_pct: np.ndarray

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """The fields by their contract's column name."""
        return dict(vars(self))


def ar1(rng: np.random.Generator, shape: tuple[int, ...], phi: float) -> np.ndarray:
    """A first-order autoregression of unit variance along the last axis."""
    noise = rng.standard_normal(shape)
    noise[..., 0] /= np.sqrt(1 - phi**2)
    return lfilter([np.sqrt(1 - phi**2)], [1.0, -phi], noise, axis=-1)


def simulate_weather(days: Days, stations: int, rng: np.random.Generator) -> Weather:
    """Weather of a river plain of 30 degrees north: hot damp summers, cold winters, spells of a few days."""
    T = 24 * len(days.dates)
    part = np.repeat(days.year_part, 24) + np.tile(np.arange(24) / 24 / 365.25, len(days.dates))
    hour = np.tile(np.arange(24), len(days.dates))
    season = -np.cos(2 * np.pi * (part - 0.055))
    wet = ar1(rng, (T,), 1 - 1 / 40)
    cloud = 100 / (1 + np.exp(-(wet[None, :] + 0.5 * ar1(rng, (stations, T), 0.9)) * 1.4))
    sun = np.clip(np.sin(np.pi * (hour - 5.8) / 12.4) * (0.72 + 0.24 * season), 0, None)
    radiation = 1020 * sun * (1 - 0.72 * (cloud / 100) ** 1.7)
    spells = ar1(rng, (T,), 1 - 1 / 60) * (3.4 - 1.2 * (season > 0.3))
    swing = 3.6 * np.cos(2 * np.pi * (hour - 15) / 24) * (1.15 - 0.5 * cloud / 100)
    offset = rng.normal(0, 0.7, (stations, 1)) if stations > 1 else np.zeros((1, 1))
    local = 0.7 * ar1(rng, (stations, T), 0.95)
    temperature = 17.2 + 11.6 * season + spells + swing + offset + local
    humidity = np.clip(78 + 0.16 * (cloud - 50) - 1.1 * swing + 6 * ar1(rng, (stations, T), 0.97), 15, 100)
    wind = 2.6 * np.exp(0.45 * ar1(rng, (stations, T), 0.93))
    heavy = np.clip(wet[None, :] - 0.9 + 0.4 * ar1(rng, (stations, T), 0.8), 0, None)
    return Weather(temperature, humidity, wind, radiation, 1.8 * heavy**2, cloud)


def felt_temperature(temperature_c: np.ndarray) -> np.ndarray:
    """What buildings feel: 35 % of the hour's temperature, 40 % of the last day's mean, 25 % of the last three days'.

    Linear in its argument, so a change of the weather can be passed through on its own.
    """
    return 0.35 * temperature_c + 0.40 * _trailing(temperature_c, 24) + 0.25 * _trailing(temperature_c, 72)


def _trailing(values: np.ndarray, hours: int) -> np.ndarray:
    total = np.cumsum(np.concatenate([np.zeros_like(values[..., :1]), values], axis=-1), axis=-1)
    end = np.arange(1, values.shape[-1] + 1)
    begin = np.maximum(end - hours, 0)
    return (total[..., end] - total[..., begin]) / (end - begin)


def season_bumps(days: Days) -> tuple[np.ndarray, np.ndarray]:
    """Smooth seasonal weights [T] of high summer and of the winter after New Year, 1 in their middle, 0 outside."""
    day = np.repeat(days.year_part * 365.25, 24)

    def bump(first: float, last: float) -> np.ndarray:
        inside = np.clip((day - first) / (last - first), 0, 1)
        return np.sin(np.pi * inside) ** 0.5

    return bump(150, 262), bump(-1, 64)
