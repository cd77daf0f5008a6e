"""Voltages at the meters: the area's, the phase's, the line's and the service's, and what the meter makes of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter

from features.demo.applications import CLASS_COMPONENT
from features.demo.shapes import COMPONENTS, component_shapes
from features.demo.tables import customer_frames
from features.demo.territory import Territory

__all__ = ["MeterVoltages", "meter_voltages", "no_voltages"]

_PHASE_SD_V, _PHASE_MEMORY = 0.8, 0.93
_SERVICE_DROP_V, _LINE_DROP_V = 0.7, 3.0
_NOISE_V = (0.3, 0.5)
_OFFSET = 1.3
"""How far meters differ for good, as a multiple of how far areas do: no level tells on which area a meter hangs."""


@dataclass(frozen=True)
class MeterVoltages:
    """`voltage_v` [meters × hours], phase to neutral, to .1 V; NaN before the meter was there. Hours begin with
    number `first_hour` of the territory.
    """

    voltage_v: np.ndarray
    first_hour: int


def meter_voltages(territory: Territory) -> MeterVoltages:
    """Hourly voltages over the days for which the areas' voltages were read.

    What the meters of one area share is the middle of its lowest and highest reading; those of one phase share a
    drift of about a volt, too; along the line the area's load takes the more the farther a meter is; the
    customer's own draw takes its part on the way from the line to the meter.
    """
    rng = np.random.default_rng([territory.config.seed, 209])
    low, high = territory.readings.voltage_v.astype(np.float32)
    # The area's extremes are of single moments, a meter's voltage is the mean of an hour.
    middle = uniform_filter1d((low + high) / 2, 3, axis=1) if low.size else low
    # Nothing is known of what customers drew before.
    middle = middle[:, max(0, middle.shape[1] - 24 * territory.customers.kwh.shape[1]) :]
    A, n = middle.shape
    if n == 0:
        return no_voltages(territory)
    area = territory.customers.area
    voltage = middle[area] + _phases(territory, A, n, rng)
    hours = territory.true_kw.shape[1]
    use = territory.true_kw[-A:, hours - n :] / (territory.network.rating_kva * territory.network.power_factor)[:, None]
    # Some lines lose more than others, and meters at their end all of it.
    along = (rng.random(len(area)) * rng.lognormal(0, 0.3, A)[area] * _LINE_DROP_V).astype(np.float32)
    voltage -= along[:, None] * use.astype(np.float32)[area]
    voltage -= _service_drop(territory, n, rng)
    spread = _OFFSET * float(middle.mean(axis=1).std())
    voltage += rng.normal(0, max(1.0, spread), (len(area), 1)).astype(np.float32)
    noise = rng.uniform(*_NOISE_V, (len(area), 1)).astype(np.float32)
    voltage += noise * rng.standard_normal(voltage.shape, dtype=np.float32)
    first = hours - n
    there = (np.arange(first, hours) // 24)[None, :] >= territory.customers.since[:, None]
    return MeterVoltages(np.where(there, np.clip(np.round(voltage, 1), 0, 1000), np.nan), first)


def no_voltages(territory: Territory) -> MeterVoltages:
    """The same for a territory whose meters tell no voltage: no hours at all."""
    return MeterVoltages(np.empty((len(territory.customers.meter_ids), 0)), territory.true_kw.shape[1])


def _phases(territory: Territory, areas: int, hours: int, rng: np.random.Generator) -> np.ndarray:
    """What the meter's phase adds [meters × hours]; on three phases the mean of theirs."""
    noise = rng.standard_normal((areas, 3, hours), dtype=np.float32) * np.sqrt(1 - _PHASE_MEMORY**2)
    drift = (_PHASE_SD_V * lfilter([1.0], [1.0, -_PHASE_MEMORY], noise, axis=-1)).astype(np.float32)
    frames = customer_frames(territory.days, territory.network, territory.customers)
    phase = pd.Series(frames["meter"]["phase"]).map({"A": 0, "B": 1, "C": 2, "ABC": 3}).to_numpy(dtype=int)
    with_mean = np.concatenate([drift, drift.mean(axis=1, keepdims=True)], axis=1)
    return with_mean[territory.customers.area, phase]


def _service_drop(territory: Territory, hours: int, rng: np.random.Generator) -> np.ndarray:
    """What the customer's own draw takes [meters × hours]: well below a volt at its mean, several at its peak."""
    customers, days = territory.customers, hours // 24
    daily = customers.kwh[:, customers.kwh.shape[1] - days :].astype(np.float32)
    last = territory.days.part(np.arange(len(territory.days.dates)) >= len(territory.days.dates) - days)
    # Only the shape of the day is wanted; at 18 °C nothing heats or cools.
    shapes = component_shapes(last, np.full(24 * days, 18.0))
    rows = [COMPONENTS.index(CLASS_COMPONENT[str(name)]) for name in customers.customer_class]
    share = (shapes / np.maximum(shapes.mean(axis=2, keepdims=True), 1e-9)).astype(np.float32)
    usual = np.maximum(daily.mean(axis=1, keepdims=True), 1e-3)
    draw = share[rows] * (daily / usual)[:, :, None]
    draw *= rng.lognormal(-0.18, 0.6, draw.shape).astype(np.float32)
    size = (_SERVICE_DROP_V * rng.lognormal(0, 0.5, (len(rows), 1))).astype(np.float32)
    return size * np.minimum(draw.reshape(len(rows), hours), 12.0)
