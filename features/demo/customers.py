"""Customers of the areas, their meters, and what each of them truly used per local day."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.config import DemoConfig
from features.demo.days import Days
from features.demo.load import Load
from features.demo.turns import Turn, apply_turns, draw_turns, until_of
from features.demo.weather import ar1

__all__ = ["Customers", "draw_customers"]

# Median kWh per day, spread of its log, and share among customers, by class.
_USE: dict[str, tuple[float, float, float]] = {
    "residential": (8.0, 0.55, 0.80),
    "commercial": (42.0, 0.80, 0.11),
    "industrial": (240.0, 0.80, 0.02),
    "agricultural": (26.0, 0.70, 0.03),
    "public": (70.0, 0.70, 0.02),
    "ev_charging": (22.0, 0.60, 0.02),
}
_NAMED_SHARE = 0.9
"""No class's customers together use more than this share of what the class uses: the rest is not metered singly."""


@dataclass(frozen=True)
class Customers:
    """One entry per customer; `kwh` [customers × days] is true use from day `first_day` on, 0 before `since`.

    `since` is the day of connection, -1 for those older than the territory. `other_kwh` [areas × days] is what the
    area's other connections used in the same days, less what roofs gave. `of_application` names the customer that
    an application (by row) created or belongs to. `until` is the span day on which an account ends, the number of span
    days where it does not; `turns` are planted truth.
    """

    customer_ids: tuple[str, ...]
    meter_ids: tuple[str, ...]
    area: np.ndarray
    customer_class: np.ndarray
    contract_kva: np.ndarray
    since: np.ndarray
    first_day: int
    kwh: np.ndarray
    other_kwh: np.ndarray
    of_application: dict[int, str]
    until: np.ndarray
    turns: list[Turn]


def draw_customers(
    config: DemoConfig,
    days: Days,
    load: Load,
    applications: pd.DataFrame,
    rng: np.random.Generator,
    turning: np.random.Generator,
) -> Customers:
    """Draw customers and split each class's daily energy into theirs and the other connections'.

    `turning` is the stream of the turns, so that with and without them everything else is drawn alike.
    """
    years = min(config.customer_years, config.years)
    first_day = days.number(config.end.replace(year=config.end.year - years))
    area, classes = _place(config.customers, load, first_day, rng)
    names = np.array(list(_USE))
    median, spread = (np.array([_USE[c][i] for c in names])[classes] for i in (0, 1))
    usual = median * np.exp(spread * rng.standard_normal(len(area)))
    contract = np.ceil(np.maximum(usual * 2.2 / np.where(classes == 0, 3.0, 7.0), 4.0) / 2) * 2
    owner = _owners(applications, area, names[classes], len(days.dates))
    since = np.full(len(area), -1)
    for row, customer in owner.items():
        if applications["kind"].iat[row] == "new":
            since[customer] = applications["energised"].iat[row]
            contract[customer] = applications["requested_kva"].iat[row]
    kwh = usual[:, None] * _habits(days, first_day, classes == 0, rng)
    asked = _asked(applications, owner, first_day)
    joined = np.maximum(since - first_day, 0)
    turns = draw_turns(config.turns, names[classes], usual, joined, asked, kwh.shape[1], turning)
    apply_turns(kwh, turns, days, first_day, turning)
    kwh[(first_day + np.arange(kwh.shape[1]))[None, :] < since[:, None]] = 0.0
    kwh, other = _balance(kwh, area, classes, load, first_day, names)
    ids = tuple(f"K{i + 1:07d}" for i in range(len(area)))
    return Customers(
        customer_ids=ids,
        meter_ids=tuple(f"M{i + 1:07d}" for i in range(len(area))),
        area=area,
        customer_class=names[classes],
        contract_kva=contract,
        since=since,
        first_day=first_day,
        kwh=kwh,
        other_kwh=other,
        of_application={row: ids[customer] for row, customer in owner.items()},
        until=until_of(turns, len(area), kwh.shape[1]),
        turns=turns,
    )


def _owners(applications: pd.DataFrame, area: np.ndarray, classes: np.ndarray, span: int) -> dict[int, int]:
    """A customer of the same area and class for every application that has one by the end; one application each."""
    free: dict[tuple[int, str], list[int]] = {}
    for customer, place in enumerate(zip(area.tolist(), classes.tolist(), strict=True)):
        free.setdefault(place, []).append(customer)
    owners = {}
    columns = (applications[c].tolist() for c in ("area", "customer_class", "kind", "end", "energised"))
    for row, (a, name, kind, end, energised) in enumerate(zip(*columns, strict=True)):
        connected = end == "energised" and energised < span
        if free.get((a, name)) and (connected or kind != "new"):
            owners[row] = free[(a, name)].pop()
    return owners


def _asked(applications: pd.DataFrame, owner: dict[int, int], first_day: int) -> dict[int, int]:
    """The span day on which each customer who asks for more capacity does so."""
    increase = (applications["kind"] == "increase").to_numpy()
    submitted = applications["submitted"].to_numpy() - first_day
    return {customer: int(submitted[row]) for row, customer in owner.items() if increase[row]}


def _place(count: int, load: Load, first_day: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Area and class of every customer, by how much of each class's use the areas have; sorted by area."""
    energy = np.array([load.class_kwh[name][:, first_day:].sum(axis=1) for name in _USE])
    # A territory without farms has no farmers.
    shares = np.array([use[2] for use in _USE.values()]) * (energy.sum(axis=1) > 0)
    classes = rng.choice(len(shares), count, p=shares / shares.sum())
    area = np.zeros(count, dtype=int)
    for index in np.unique(classes):
        rows = np.flatnonzero(classes == index)
        area[rows] = rng.choice(energy.shape[1], len(rows), p=energy[index] / energy[index].sum())
    order = np.lexsort((classes, area))
    return area[order], classes[order]


def _habits(days: Days, first_day: int, home: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each customer's day relative to its usual one [customers × days]: weeks, moods, trends, empty homes."""
    n, D = len(home), len(days.dates) - first_day
    rest = days.rest[first_day:]
    weekend = rng.normal(0, 0.12, n)
    trend = rng.normal(0, 0.05, n)
    log = 0.22 * ar1(rng, (n, D), 0.75) + weekend[:, None] * rest + trend[:, None] * np.linspace(-1, 1, D)
    habit = np.exp(log)
    away = home & (rng.random(n) < 0.10)
    for row in np.flatnonzero(away):
        begin = int(rng.integers(0, D))
        habit[row, begin : begin + int(rng.integers(10, 150))] *= rng.choice([0.0, 0.04])
    return habit


def _balance(
    kwh: np.ndarray, area: np.ndarray, classes: np.ndarray, load: Load, first_day: int, names: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give every customer the class's weather and festivals, and keep all of them within what the class used."""
    other = -load.pv_kwh[:, first_day:].copy()
    for index, name in enumerate(names):
        energy = load.class_kwh[name][:, first_day:]
        common = energy / np.maximum(energy.mean(axis=1, keepdims=True), 1e-9)
        rows = np.flatnonzero(classes == index)
        used = kwh[rows] * common[area[rows]]
        total = np.zeros_like(energy)
        np.add.at(total, area[rows], used)
        fit = np.minimum(1.0, _NAMED_SHARE * energy.sum(axis=1) / np.maximum(total.sum(axis=1), 1e-9))
        daily = np.minimum(fit[:, None], 0.98 * energy / np.maximum(total, 1e-9))
        kwh[rows] = np.round(used * daily[area[rows]], 3)
        named = np.zeros_like(energy)
        np.add.at(named, area[rows], kwh[rows])
        other += energy - named
    return kwh, other
