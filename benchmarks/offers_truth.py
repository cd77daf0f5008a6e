"""What contacts truly free: by what customers drew in the year after the decision, and by how they truly answer.

A customer's day is the generator's true use of that day, spread over its hours as the use of its class in its area was
under that day's weather. How it answers is planted around the catalogue's assumption, which is all a decision knows.
"""

import numpy as np
from scipy.stats import norm

from benchmarks.demo_offers import AFTER_DAYS, Standing
from features.demo import Territory
from features.demo.shapes import COMPONENT_CLASS, COMPONENTS, component_shapes
from features.demo.weather import felt_temperature
from serving.decisions.pushes.draws import draw
from training.peak.blocks import BLOCK_HOURS, BLOCKS

__all__ = ["drawn_kw", "true_acceptance"]

HIGH_DAYS = 10
_SPREAD = 0.5


def true_acceptance(assumed: np.ndarray, customers: np.ndarray, service: str, number: int) -> np.ndarray:
    """Probability that each of `customers` accepts: `assumed` times a lognormal of mean 1, drawn by hash."""
    lot = np.clip(draw(f"m2|{number}", service, customers), 1e-9, 1 - 1e-9)
    return np.clip(assumed * np.exp(_SPREAD * norm.ppf(lot) - _SPREAD**2 / 2), 0.0, 0.95)


def drawn_kw(standing: Standing, rows: np.ndarray, node_id: str, block: int) -> np.ndarray:
    """Mean load of customers (`rows` of the snapshot) in a block of the day, kW [customers]: on the days of the year
    after the decision on which the node's load was highest in that block."""
    territory = standing.territory
    first = len(territory.days.dates) - AFTER_DAYS
    load = territory.true_kw[territory.node_ids.index(node_id)].reshape(-1, BLOCKS, BLOCK_HOURS)[first:, block]
    days = first + np.sort(np.argsort(-load.mean(axis=1), kind="stable")[:HIGH_DAYS])
    customers = territory.customers
    place = {one: at for at, one in enumerate(customers.customer_ids)}
    of = np.array([place[str(one)] for one in standing.wide.customer_ids[rows]], dtype=int)
    kwh = customers.kwh[of][:, days - customers.first_day]
    share = _shares(territory, days, block)
    kinds = {name: at for at, name in enumerate(dict.fromkeys(COMPONENT_CLASS.values()))}
    kind = np.array([kinds[str(name)] for name in customers.customer_class[of]], dtype=int)
    return np.asarray((kwh * share[customers.area[of], kind]).mean(axis=1) / BLOCK_HOURS)


def _shares(territory: Territory, days: np.ndarray, block: int) -> np.ndarray:
    """Share of a day's use of each class that falls into a block [areas × classes × days]."""
    network = territory.network
    station = network.station_of_feeder[network.feeder_of_area]
    felt = felt_temperature(territory.weather.temperature_c[:, : 24 * len(territory.days.dates)])
    classes = list(dict.fromkeys(COMPONENT_CLASS.values()))
    member = np.array([[COMPONENT_CLASS[one] == name for one in COMPONENTS] for name in classes], dtype=float)
    found = np.zeros((len(station), len(classes), len(days)))
    for at in np.unique(station):
        shapes = component_shapes(territory.days, felt[at])[:, days]
        areas = np.flatnonzero(station == at)
        part = shapes[:, :, block * BLOCK_HOURS : (block + 1) * BLOCK_HOURS].sum(axis=2)
        used = (np.einsum("kc,ac,cd->akd", member, network.mix[areas], one) for one in (part, shapes.sum(axis=2)))
        within, whole = used
        found[areas] = np.divide(within, whole, out=np.zeros_like(within), where=whole > 0)
    return found
