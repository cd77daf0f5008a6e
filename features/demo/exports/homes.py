"""On which area each customer hangs, truly and by the word of each system."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from features.demo.exports.facts import Facts, known
from features.demo.exports.rows import Chances, Fault

__all__ = ["LINK_SHEETS", "Homes", "Stay", "draw_homes"]

LINK_SHEETS = {"marketing": "sg186_customers", "topology": "gis_customers", "collection": "col_archive"}
"""The sheet in which each system says on which area a customer, or its meter, hangs."""
Stay = tuple[int, pd.Timestamp, pd.Timestamp | None, pd.Timestamp]
"""Area, from when, until when, and since when that was known."""
_BEFORE_VOLTAGES_DAYS = 20


@dataclass
class Homes:
    """Customers by index; their true area is the territory's. `moves` are (old area, moved at, systems that lag);
    `wrong` areas by system; `orphans` hang on an area that marketing has not; `twice` on a second one in collection.
    """

    facts: Facts
    since: pd.DatetimeIndex
    in_topology: np.ndarray
    moves: dict[int, tuple[int, pd.Timestamp, tuple[str, ...]]] = field(default_factory=dict)
    wrong: dict[tuple[str, int], int] = field(default_factory=dict)
    orphans: set[int] = field(default_factory=set)
    twice: dict[int, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @cached_property
    def meter(self) -> dict[str, str]:
        """The meter of each account."""
        customers = self.facts.territory.customers
        return dict(zip(customers.customer_ids, customers.meter_ids, strict=True))

    def area(self, customer: int) -> int:
        """The area the customer truly hangs on now."""
        return int(self.facts.territory.customers.area[customer])

    def stays(self, system: str, customer: int) -> list[Stay]:
        """Where the system says that the customer hung: what it knew at first, and what it learnt since."""
        since = self.since[customer]
        area = self.wrong.get((system, customer), self.area(customer))
        if customer not in self.moves:
            return [(area, since, None, known(since))]
        old, at, lagging = self.moves[customer]
        first = (old, since, None, known(since))
        return [first] if system in lagging else [first, (old, since, at, known(at)), (area, at, None, known(at))]


def draw_homes(facts: Facts, chances: Chances) -> Homes:
    """Strike customers, each at most once."""
    territory = facts.territory
    rng = np.random.default_rng([territory.config.seed, 203])
    customers = territory.customers
    since = territory.days.utc(np.maximum(customers.since, 0))
    homes = Homes(facts, since, rng.random(len(since)) < facts.config.in_topology)
    index = {name: c for c, name in enumerate(customers.customer_ids)}
    # Voltages can only tell where a customer hangs if it hung there all the while.
    last = territory.end - pd.Timedelta(days=territory.config.voltage_days + _BEFORE_VOLTAGES_DAYS)
    old_enough = [n for n, c in index.items() if since[c] < last - pd.Timedelta(days=60) and homes.in_topology[c]]
    _move(homes, chances, old_enough, index, last)
    _strike_links(homes, chances, index)
    return homes


def _neighbours(facts: Facts, area: int) -> list[int]:
    """The other areas of the same feeder."""
    feeder = facts.territory.network.feeder_of_area
    return [int(a) for a in np.flatnonzero(feeder == feeder[area]) if a != area]


def _move(homes: Homes, chances: Chances, candidates: list[str], index: dict[str, int], last: pd.Timestamp) -> None:
    """By turns: moved while one system, or two, did not hear of it; and simply written on a wrong area in one."""
    lags = (("marketing",), (), ("topology", "marketing"), ("collection",), (), ("topology",))
    ways = list(LINK_SHEETS)
    for turn, name in enumerate(chances.some("moved", candidates, least=4)):
        customer, lag = index[name], lags[turn % len(lags)]
        around = _neighbours(homes.facts, homes.area(customer))
        if not around:
            continue
        other, since = chances.other(around, None), homes.since[customer]
        if lag:
            days = int(chances.rng.integers(30, max(31, (last - since).days)))
            homes.moves[customer] = (other, since + pd.Timedelta(days=days), lag)
        else:
            lag = (ways[turn // 3 % len(ways)],)
            homes.wrong[lag[0], customer] = other
        for system in lag:
            _note(homes, "moved", system, name, "work_item:area_disagrees")


def _note(homes: Homes, kind: str, system: str, name: str, expected: str) -> None:
    record = homes.meter[name] if system == "collection" else name
    place = (LINK_SHEETS[system], record)
    homes.faults.append(Fault(kind, system, "ledger_link", name, expected, place=place))


def _strike_links(homes: Homes, chances: Chances, index: dict[str, int]) -> None:
    """Accounts on an area that marketing does not have; meters on two areas of the collection system at once."""
    for name in chances.some("orphan", list(index)):
        homes.orphans.add(index[name])
        _note(homes, "orphan", "marketing", name, "work_item:orphan_record")
    areas = range(len(homes.facts.territory.area_ids))
    if len(areas) < 2:
        return
    for name in chances.some("two_areas", list(index)):
        homes.twice[index[name]] = chances.other(areas, homes.area(index[name]))
