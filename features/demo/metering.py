"""What the customers' meters showed of their true use: theft, meters that stand still, days without a reading."""

from dataclasses import dataclass

import numpy as np

from features.demo.customers import Customers

__all__ = ["Metering", "read_meters"]

_THEFT_SHARE, _STALE_SHARE, _MISSED_SHARE = 0.015, 0.006, 0.002


@dataclass(frozen=True)
class Metering:
    """`kwh` [customers × days] as read, NaN where nothing was. `thefts` and `stale` are planted truth:
    (customer, first day, day after the last, kind), days counted from the first day of daily use.
    """

    kwh: np.ndarray
    thefts: list[tuple[int, int, int, str]]
    stale: list[tuple[int, int, int, str]]


def read_meters(customers: Customers, rng: np.random.Generator) -> Metering:
    """Read every customer's meter once a day."""
    kwh = customers.kwh.copy()
    n, D = kwh.shape
    if n == 0:
        return Metering(kwh, [], [])
    first = np.maximum(customers.since - customers.first_day, 0)
    odd = rng.permutation(n)
    thieves = odd[: max(1, round(_THEFT_SHARE * n))]
    until = customers.until
    thefts = [_steal(kwh[i], int(i), int(first[i]), rng) for i in thieves]
    stopped = odd[len(thieves) : len(thieves) + max(1, round(_STALE_SHARE * n))]
    stale = [_stop(kwh[i], int(i), int(first[i]), rng) for i in stopped]
    kwh[rng.random((n, D)) < _MISSED_SHARE] = np.nan
    day = np.arange(D)[None, :]
    kwh[(day < first[:, None]) | (day >= until[:, None])] = np.nan
    return Metering(np.round(kwh, 3), _within(thefts, until), _within(stale, until))


def _within(spells: list[tuple[int, int, int, str]], until: np.ndarray) -> list[tuple[int, int, int, str]]:
    """The spells cut to the life of the account; what would have begun after it never was."""
    cut = [(customer, begin, min(end, int(until[customer])), kind) for customer, begin, end, kind in spells]
    return [spell for spell in cut if spell[1] < spell[2]]


def _steal(row: np.ndarray, customer: int, first: int, rng: np.random.Generator) -> tuple[int, int, int, str]:
    """Understate one customer's use from some day to the end, in one of four ways, in place."""
    D = len(row)
    begin = first + int((D - first) * rng.uniform(0.1, 0.8))
    kind = str(rng.choice(("constant_share", "days_at_zero", "capped", "growing_share")))
    part = row[begin:]
    if kind == "constant_share":
        part *= rng.uniform(0.4, 0.8)
    elif kind == "days_at_zero":
        part[rng.random(len(part)) < rng.uniform(0.15, 0.4)] = 0.0
    elif kind == "capped":
        np.minimum(part, rng.uniform(0.5, 0.9) * part.mean(), out=part)
    else:
        part *= np.linspace(1.0, rng.uniform(0.4, 0.7), len(part))
    return customer, begin, D, kind


def _stop(row: np.ndarray, customer: int, first: int, rng: np.random.Generator) -> tuple[int, int, int, str]:
    """Let one meter repeat its last value, or show nothing, for some weeks, in place."""
    D = len(row)
    begin = first + int((D - first) * rng.uniform(0.05, 0.9))
    end = min(begin + int(rng.integers(14, 70)), D)
    kind = str(rng.choice(("frozen", "zero")))
    row[begin:end] = row[begin] if kind == "frozen" else 0.0
    return customer, begin, end, kind
