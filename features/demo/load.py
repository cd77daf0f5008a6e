"""Load from weights and weather: areas are their use plus losses, feeders their areas plus line losses."""

from dataclasses import dataclass

import numpy as np

from features.demo.days import Days
from features.demo.network import Network
from features.demo.shapes import COMPONENT_CLASS, COMPONENTS, component_shapes
from features.demo.weather import Weather, ar1, felt_temperature

__all__ = ["Load", "settled_growth", "simulate_load"]


@dataclass(frozen=True)
class Load:
    """Truth, hourly: `load_kw` [nodes × hours] in the order of `Network.node_ids`; `losses_kw` of the areas.

    `class_kwh` [areas × classes × days] is what each customer class used per local day; `pv_kwh` what roofs gave.
    """

    load_kw: np.ndarray
    losses_kw: np.ndarray
    class_kwh: dict[str, np.ndarray]
    pv_kwh: np.ndarray


def simulate_load(
    days: Days, network: Network, weights: np.ndarray, weather: Weather, covered: float, rng: np.random.Generator
) -> Load:
    """All loads of the territory; sums hold exactly: area = Σ class use − PV + losses, and so on upwards.

    `covered` is the share of area-years whose peak was no higher than a year before.
    """
    A, D = len(network.area_ids), len(days.dates)
    station = network.station_of_feeder[network.feeder_of_area]
    noise = _noise(A, 24 * D, rng).reshape(A, D, 24)
    use = np.zeros((A, D, 24))
    class_kwh = {name: np.zeros((A, D)) for name in dict.fromkeys(COMPONENT_CLASS.values())}
    felt = felt_temperature(weather.temperature_c[:, : 24 * D])
    for s in np.unique(station):
        rows = np.flatnonzero(station == s)
        shapes = component_shapes(days, felt[s])
        for a in rows:
            for index, component in enumerate(COMPONENTS):
                part = shapes[index] * weights[a, index][:, None]
                use[a] += part
                class_kwh[COMPONENT_CLASS[component]][a] += np.einsum("dh,dh->d", part, noise[a])
    use *= noise
    trend = np.exp(settled_growth(use.max(axis=2), days.period, covered) * (np.arange(D) - D / 2) / 365.25)
    use *= trend[:, None]
    for energy in class_kwh.values():
        energy *= trend
    sun = weather.radiation_wm2[station, : 24 * D].reshape(A, D, 24) / 1000
    pv = network.pv_kw[:, None, None] * sun
    net = (use - pv).reshape(A, -1)
    losses = network.no_load_loss[:, None] + network.load_loss[:, None] * net**2
    return Load(_upwards(network, net + losses), losses, class_kwh, pv.sum(axis=2))


def settled_growth(daily_peak: np.ndarray, period: np.ndarray, covered: float) -> float:
    """Growth per year (log) still to be added so that last year's peak covers the next in a share `covered`.

    `daily_peak` [areas × days], `period` [days] the year of each day, from 0. New connections and EVs bring growth
    of their own, more in one territory than in another; what the rest of the use does makes up for it, within 3 %
    a year.
    """
    peaks = np.log([daily_peak[:, period == year].max(axis=1) for year in range(int(period.max()) + 1)])
    if len(peaks) < 2:
        return 0.0
    return float(np.clip(-np.quantile(np.diff(peaks, axis=0), covered), -0.03, 0.03))


def _noise(areas: int, hours: int, rng: np.random.Generator) -> np.ndarray:
    """What weather and calendar do not explain, as a factor of mean 1: shared spells, own spells, own hours."""
    log = 0.008 * ar1(rng, (hours,), 1 - 1 / 36)[None, :]
    log = log + 0.028 * ar1(rng, (areas, hours), 1 - 1 / 30)
    log += 0.020 * ar1(rng, (areas, hours), 0.55)
    return np.exp(log)


def _upwards(network: Network, area_kw: np.ndarray) -> np.ndarray:
    """Rows of all nodes from the areas' [areas × hours]: feeders with line losses, substations as sums."""
    F, S = len(network.feeder_ids), len(network.substation_ids)
    feeder = np.zeros((F, area_kw.shape[1]))
    np.add.at(feeder, network.feeder_of_area, area_kw)
    feeder += network.line_loss[:, None] * feeder**2
    substation = np.zeros((S, area_kw.shape[1]))
    np.add.at(substation, network.substation_of_feeder, feeder)
    return np.concatenate([substation, feeder, area_kw])
