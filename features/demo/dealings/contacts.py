"""Who turns to the utility, when and with what: by season, by what went wrong, and in planted bursts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.dealings.ahead import before_turns
from features.demo.dealings.bills import Bills
from features.demo.dealings.ground import Ground
from features.demo.dealings.habits import Habits
from features.demo.dealings.wording import BURSTS, TOPICS

__all__ = ["Causes", "draw_contacts", "find_causes", "theft_reports"]

_PER_YEAR = 0.82
"""Contacts per customer and year that nothing planted is the cause of; with those there is about one a year."""
_HIGH_BILL, _HIGH_BILL_CENTS, _HIGH_BILL_SHARE = 1.6, 6_000, 0.035
_REPORTED_THEFTS = 0.25
_STRAINED = 0.9
"""Fuses begin to blow where an area draws more than this share of what its transformers may carry."""
_COLUMNS = {"customer": np.int64, "area": np.int64, "topic": object, "day": float}


@dataclass(frozen=True)
class Causes:
    """What of the planted truth makes people call: rows of area, first and last day (span days, with their hours)."""

    strained: list[tuple[int, float, float]]
    low_voltage: list[tuple[int, float, float]]
    bursts: pd.DataFrame


def find_causes(ground: Ground) -> Causes:
    """Days near or above an area's rating, voltage faults, and bursts, all within the days of daily use."""
    areas, first = len(ground.network.area_ids), 24 * ground.customers.first_day
    load = ground.load.load_kw[-areas:, first:]
    above = load > _STRAINED * ground.network.capacity_kw(len(ground.days.dates))[:, first:]
    over = above.reshape(areas, ground.span, 24).any(axis=2)
    strained = [(int(a), d + 8 / 24, d + 23 / 24) for a, d in zip(*np.nonzero(over), strict=True)]
    faults = [
        (area, begin / 24 - ground.customers.first_day, end / 24 - ground.customers.first_day)
        for area, begin, end, _ in ground.readings.voltage_faults
        if begin >= first
    ]
    return Causes(strained, faults, _draw_bursts(ground))


def _draw_bursts(ground: Ground) -> pd.DataFrame:
    """Topic, hall, first span day, day after the last, and how many turn up; more where a hall has more customers."""
    rng = ground.rng(7)
    of_hall = np.bincount(ground.network.hall_of_feeder[ground.network.feeder_of_area[ground.customers.area]])
    halls = np.flatnonzero(of_hall >= 10)
    if not len(halls):
        return pd.DataFrame({name: [] for name in ("topic", "hall", "begin", "end", "rows")}, dtype=int)
    count = max(2, min(2 * len(halls), round(ground.span / 90)))
    topic = np.resize(rng.permutation(list(BURSTS)), count)
    hall = np.resize(rng.permutation(halls), count)
    begin = np.sort(rng.integers(45, ground.span - 20, count))
    # One lies in the last two weeks, so that a reader of the newest days has something to find.
    begin[-1] = ground.span - int(rng.integers(9, 13))
    rows = np.maximum(6, np.round(of_hall[hall] * rng.uniform(0.025, 0.05, count))).astype(int)
    return pd.DataFrame(
        {"topic": topic, "hall": hall, "begin": begin, "end": begin + rng.integers(3, 8, count), "rows": rows}
    )


def theft_reports(ground: Ground) -> pd.DataFrame:
    """Thefts that a neighbour speaks of: the thief (customer) and the span day; who speaks is not said."""
    rng = ground.rng(8)
    rows = [
        (customer, begin + (end - begin) * rng.uniform(0.2, 0.9))
        for customer, begin, end, _ in ground.metering.thefts
        if rng.random() < _REPORTED_THEFTS
    ]
    return pd.DataFrame(rows, columns=["customer", "day"]).astype({"customer": np.int64, "day": float})


def draw_contacts(ground: Ground, habits: Habits, bills: Bills, causes: Causes, reports: pd.DataFrame) -> pd.DataFrame:
    """All contacts: `customer` (-1 unknown), `area`, `topic`, `day` (span day with its hour), `burst` (-1 none)."""
    rng = ground.rng(9)
    area = ground.customers.area
    parts = [_usual(ground, habits, rng)]
    parts.append(_in_areas(ground, "outage", causes.strained, 0.02, 1, rng))
    parts.append(_in_areas(ground, "low_voltage", causes.low_voltage, 0.06, 1, rng))
    parts.append(_after_high_bills(ground, bills, rng))
    spoken = pd.DataFrame({"customer": -1, "area": area[reports["customer"]], "topic": "theft", "day": reports["day"]})
    parts += [spoken, before_turns(ground)]
    contacts = pd.concat([one.astype(_COLUMNS).assign(burst=-1) for one in parts], ignore_index=True)
    contacts = pd.concat([contacts, _in_bursts(ground, causes.bursts, rng)], ignore_index=True)
    known = contacts["customer"].to_numpy() >= 0
    account = contacts["customer"].where(known, 0).to_numpy(dtype=int)
    since, until = (days[account] if ground.count else np.zeros(len(contacts)) for days in (ground.since, ground.until))
    day = contacts["day"].to_numpy()
    # Of a last bill that seems too high somebody speaks after his account has ended.
    after = (day >= until) & (contacts["topic"] != "high_bill").to_numpy()
    inside = (day < ground.span - 0.05) & ~(known & ((day < since) | after))
    contacts = contacts[inside].sort_values(["day", "area"], kind="stable", ignore_index=True)
    nameless = (rng.random(len(contacts)) < 0.07) & (contacts["burst"] < 0) & (contacts["topic"] != "high_bill")
    return contacts.assign(customer=contacts["customer"].where(~nameless, -1))


def _in_the_day(day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same days, at an hour when people are awake."""
    return np.floor(day) + np.clip(rng.normal(13.5, 4.0, len(day)), 6.5, 22.9) / 24


def _usual(ground: Ground, habits: Habits, rng: np.random.Generator) -> pd.DataFrame:
    """What always comes, in its season; some customers call far more often than others."""
    weight = habits.calls / max(habits.calls.sum(), 1e-9)
    part = ground.days.year_part[ground.customers.first_day :]
    frames = []
    scale = _PER_YEAR * ground.count * ground.span / 365 / sum(topic.weight for topic in TOPICS.values())
    for name, topic in (TOPICS | BURSTS).items():
        season = np.where((part > 0.43) & (part < 0.70), topic.summer, 1.0)
        season = np.where((part < 0.16) | (part > 0.93), topic.winter, season)
        count = rng.poisson(scale * topic.weight * season.mean())
        customer = rng.choice(ground.count, count, p=weight) if ground.count else np.zeros(0, dtype=int)
        day = rng.choice(ground.span, len(customer), p=season / season.sum()).astype(float)
        frames.append(pd.DataFrame({"customer": customer, "topic": name, "day": _in_the_day(day, rng)}))
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(area=ground.customers.area[frame["customer"]])[list(_COLUMNS)]


def _in_areas(
    ground: Ground,
    topic: str,
    causes: list[tuple[int, float, float]],
    share: float,
    least: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Customers of an area who call while something is wrong there: `share` of them, and `least` at any rate."""
    rows = []
    for area, begin, end in causes:
        there = np.flatnonzero(ground.customers.area == area)
        count = min(len(there), least + int(rng.poisson(share * len(there))))
        for customer in rng.choice(there, count, replace=False):
            rows.append((customer, area, topic, begin + (end - begin) * rng.random()))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _after_high_bills(ground: Ground, bills: Bills, rng: np.random.Generator) -> pd.DataFrame:
    """Some of those whose bill is far above their usual one ask about it within ten days."""
    amounts = pd.Series(bills.amount_cents).groupby(bills.customer)
    usual = amounts.transform("median").to_numpy(dtype=float)
    high = (bills.amount_cents > _HIGH_BILL * usual) & (bills.amount_cents - usual > _HIGH_BILL_CENTS)
    rows = np.flatnonzero(high & (bills.kind == "regular") & (rng.random(len(high)) < _HIGH_BILL_SHARE))
    customer = bills.customer[rows]
    day = _in_the_day(np.floor(bills.issued[rows]) + rng.integers(1, 11, len(rows)), rng)
    area = ground.customers.area[customer]
    return pd.DataFrame({"customer": customer, "area": area, "topic": "high_bill", "day": day})


def _in_bursts(ground: Ground, bursts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of the planted bursts: customers of one hall within a few days, all with one topic."""
    frames = []
    for number, (topic, hall, begin, end, count) in enumerate(bursts.itertuples(index=False)):
        mine = ground.hall(ground.customers.area, np.full(ground.count, begin)) == hall
        there = np.flatnonzero(mine & (ground.hall(ground.customers.area, np.full(ground.count, end)) == hall))
        there = there[ground.since[there] < begin]
        customer = rng.choice(there, count, replace=count > len(there)) if len(there) else np.zeros(0, dtype=int)
        day = _in_the_day(rng.integers(begin, end, len(customer)).astype(float), rng)
        one = pd.DataFrame({"customer": customer, "area": ground.customers.area[customer], "topic": topic, "day": day})
        frames.append(one.assign(burst=number))
    empty = pd.DataFrame({name: [] for name in (*_COLUMNS, "burst")})
    return pd.concat(frames or [empty], ignore_index=True).astype(_COLUMNS | {"burst": np.int64})
