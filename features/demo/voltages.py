"""Voltages at customers' meters: the area's, less what the phase, the service line and the own load take off it."""

import numpy as np

from features.demo.customers import Customers
from features.demo.readings import Readings
from features.demo.weather import ar1

__all__ = ["meter_voltages"]

# Hours of a household's and of a business's day, relative to their mean.
_HOME = np.array([5, 4, 4, 4, 4, 5, 8, 10, 9, 8, 8, 10, 11, 9, 8, 8, 9, 12, 16, 19, 19, 16, 11, 7], dtype=float)
_WORK = np.array([4, 4, 4, 4, 4, 5, 7, 11, 15, 16, 16, 15, 14, 15, 16, 16, 15, 12, 8, 6, 5, 5, 4, 4], dtype=float)


def meter_voltages(customers: Customers, readings: Readings, phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean voltage of every meter [customers × last hours], V, rounded to a tenth.

    `phase` is 0 to 2, or -1 for a meter on all three. The hours are those of `readings.voltage_v`. What areas have in
    common, and how far a meter stands from its transformer, hides most of what tells one area from the next.
    """
    areas, hours = readings.voltage_v.shape[1:]
    shared = readings.voltage_v.mean(axis=0)
    # Phases of one transformer are loaded unlike: each wanders about the mean.
    wander = 0.8 * ar1(rng, (areas, 3, hours), 0.9)
    wander -= wander.mean(axis=1, keepdims=True)
    home = customers.customer_class == "residential"
    service_ohm = rng.gamma(3.0, 0.05, len(customers.area))
    offset = rng.normal(0, 1.2, len(customers.area))
    volts = np.empty((len(customers.area), hours), dtype=np.float32)
    for row, area in enumerate(customers.area):
        draw_kw = _draw_kw(customers.kwh[row], _HOME if home[row] else _WORK, hours, rng)
        own = wander[area, phase[row]] if phase[row] >= 0 else 0.0
        amperes = draw_kw / 0.22 / (1 if phase[row] >= 0 else 3)
        noise = 0.4 * rng.standard_normal(hours)
        volts[row] = shared[area] + own + offset[row] - service_ohm[row] * amperes + noise
    return np.round(np.clip(volts, 0, 600), 1)


def _draw_kw(daily_kwh: np.ndarray, profile: np.ndarray, hours: int, rng: np.random.Generator) -> np.ndarray:
    """Hourly use over the last hours, kW: the day's energy spread by a profile, unevenly as people are."""
    days = -(-hours // 24)
    shape = profile * rng.gamma(2.0, 0.5, (days, 24))
    use = daily_kwh[-days:, None] * shape / shape.sum(axis=1, keepdims=True)
    return use.ravel()[-hours:]
