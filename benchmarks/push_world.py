"""Customers, their consents, their own load and the room of the grid, drawn at random, as many as are asked for."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.contracts import CUSTOMER_CLASSES
from serving.decisions.pushes.records import Grid, People
from serving.decisions.queue import Waiting
from serving.decisions.selection import HELD, NOT_HELD, UNKNOWN, Texts, Wide
from training.peak.blocks import BLOCKS

__all__ = ["push_world"]

PER_AREA, PER_FEEDER, PER_SUBSTATION, PER_HALL = 250, 10, 8, 4_000
CLASS_SHARE = {"residential": 0.86, "commercial": 0.07, "industrial": 0.015, "agricultural": 0.02, "public": 0.015}
USE_KWH_DAY = {"residential": 7, "commercial": 45, "industrial": 600, "agricultural": 25, "public": 90}
TAG_SHARE = {
    "app_payer": 0.35,
    "app_user": 0.3,
    "arrears": 0.06,
    "autopay_ready": 0.2,
    "autopay_user": 0.18,
    "big_in_area": 0.04,
    "counter_payer": 0.25,
    "electrifying": 0.08,
    "evening_peaker": 0.3,
    "growing": 0.15,
    "high_value": 0.1,
    "near_contract_limit": 0.05,
    "needs_capacity": 0.04,
    "night_user": 0.1,
    "vacant": 0.05,
    "winter_heating": 0.2,
}
CONSENT_SHARE = {
    ("marketing", "app"): 0.45,
    ("marketing", "hall"): 0.35,
    ("service", "app"): 0.8,
    ("service", "hall"): 0.85,
}
SHAPE = np.array([0.45, 0.4, 0.6, 0.6, 0.8, 1.0])
ROOM_KVA = {"area": 250.0, "feeder": 1_800.0, "substation": 9_000.0}


def push_world(customers: int, seed: int) -> tuple[Wide, People, np.ndarray, Grid]:
    """Customers with every column and tag the shipped catalogue asks about, who allows what, what each draws, kW
    [customers, block], and the room. 250 customers an area, 10 areas a feeder, 8 feeders a substation.

    Of the areas one of six has next to nothing left in the evening, and of one of forty nothing is known.
    """
    rng = np.random.default_rng(seed)
    ids = np.array([f"C{at:07d}" for at in range(customers)], dtype=object)
    area = np.arange(customers) // PER_AREA
    classes = rng.choice([*CLASS_SHARE, "ev_charging"], customers, p=[*CLASS_SHARE.values(), 0.02])
    numbers = _numbers(rng, classes, area)
    texts = {
        "hall_id": Texts.of(pd.Series([f"H{at:03d}" for at in np.arange(customers) // PER_HALL], dtype="str")),
        "area_id": Texts.of(pd.Series([f"A{at:05d}" for at in area], dtype="str").where(rng.random(customers) > 0.003)),
        "customer_class": Texts.of(pd.Series(classes, dtype="str"), CUSTOMER_CLASSES),
    }
    wide = Wide(ids, numbers, texts, {tag: _held(rng, customers, share) for tag, share in TAG_SHARE.items()})
    swing = rng.uniform(0.5, 1.5, (customers, BLOCKS))
    own_kw = numbers["use_90d_kwh_day"][:, None] / 24 * 2.2 * SHAPE * swing
    return wide, _people(rng, ids), own_kw, _grid(rng, int(area.max(initial=-1)) + 1)


def _numbers(rng: np.random.Generator, classes: np.ndarray, area: np.ndarray) -> dict[str, np.ndarray]:
    many = len(classes)
    typical = np.array([USE_KWH_DAY.get(str(one), 60) for one in classes], dtype=float)
    use = typical * rng.lognormal(0, 0.7, many)
    use[rng.random(many) < 0.02] = np.nan
    arrears = np.where(rng.random(many) < 0.06, rng.lognormal(4.5, 1, many), 0.0)
    return {
        "use_90d_kwh_day": use,
        "use_365d_kwh": use * 365 * rng.uniform(0.8, 1.2, many),
        "use_rank_in_class": np.where(np.isnan(use), np.nan, rng.random(many)),
        "app_active_days_90d": np.where(rng.random(many) < 0.5, rng.integers(1, 60, many), 0).astype(float),
        "application_open": (rng.random(many) < 0.01).astype(float),
        "late_share": np.where(rng.random(many) < 0.03, np.nan, rng.beta(0.6, 3, many)),
        "arrears_cny": arrears,
        "value_p50_cny": use * 365 * 0.12 * rng.lognormal(0, 0.3, many),
        "share_of_area": rng.uniform(0, 0.02, many),
        "area_customers": np.bincount(area, minlength=1)[area].astype(float),
    }


def _held(rng: np.random.Generator, many: int, share: float) -> np.ndarray:
    held = np.where(rng.random(many) < share, HELD, NOT_HELD).astype(np.int8)
    held[rng.random(many) < 0.02] = UNKNOWN
    return held


def _people(rng: np.random.Generator, ids: np.ndarray) -> People:
    persons = ids.copy()
    # One of sixteen is a further account of somebody who has one already.
    further = np.flatnonzero(rng.random(len(ids)) < 1 / 16)
    further = further[further > 0]
    persons[further] = persons[further - 1]
    consents = {pair: rng.random(len(ids)) < share for pair, share in CONSENT_SHARE.items()}
    return People(persons, rng.random(len(ids)) < 0.02, rng.random(len(ids)) < 0.01, consents)


def _grid(rng: np.random.Generator, areas: int) -> Grid:
    feeders = -(-areas // PER_FEEDER)
    names = {
        "area": [f"A{at:05d}" for at in range(areas)],
        "feeder": [f"F{at:04d}" for at in range(feeders)],
        "substation": [f"S{at:03d}" for at in range(-(-feeders // PER_SUBSTATION))],
    }
    left = {node: _room(rng, ROOM_KVA[kind]) for kind, nodes in names.items() for node in nodes}
    for area in names["area"]:
        left[area] = _squeezed(rng, left[area])
    paths = _paths(names)
    waiting = [
        Waiting(
            f"Y{at:05d}", str(rng.choice(names["area"])), tuple(int(va) for va in rng.integers(2, 20, BLOCKS) * 1000)
        )
        for at in range(areas // 8)
    ]
    return Grid(left, paths, {node: kind for kind, nodes in names.items() for node in nodes}, waiting)


def _paths(names: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {node: (node,) for node in names["substation"]}
    found |= {
        node: (node, *found[names["substation"][at // PER_SUBSTATION]]) for at, node in enumerate(names["feeder"])
    }
    return found | {node: (node, *found[names["feeder"][at // PER_FEEDER]]) for at, node in enumerate(names["area"])}


def _room(rng: np.random.Generator, kva: float) -> np.ndarray:
    """What is left, VA by block: least of it in the evening."""
    return np.round(kva * 1000 * rng.uniform(0.2, 1.2) * (1.4 - SHAPE))


def _squeezed(rng: np.random.Generator, left: np.ndarray) -> np.ndarray:
    drawn = rng.random()
    if drawn < 1 / 40:
        return np.full(BLOCKS, np.nan)
    if drawn < 1 / 40 + 1 / 6:
        return np.where(SHAPE > 0.7, np.round(rng.uniform(-20, 10) * 1000), left)
    return left
