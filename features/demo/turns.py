"""Turns that customers' use takes: some begin to grow, some heat or drive by electricity, some leave for good."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.config import TurnsConfig
from features.demo.days import Days

__all__ = ["Turn", "apply_turns", "draw_turns", "turn_table", "until_of"]

_BUSINESS_ODDS = 5.0
"""A business is so many times as likely to begin to grow as a home is."""
_YEAR, _YEAR_DAYS = 365.25, 365
_AGAIN_DAYS = 500


@dataclass(frozen=True)
class Turn:
    """One turn of one customer (by row). `start` is a span day and may lie before the first one.

    `factor` is where use goes, as a multiple of what it was: for `electrify` the mean of the year after the trial
    weeks, for `leave` 0. `span_days` is how long growing takes, or fading, or the trial; `closed` the span day on
    which the account of one who leaves ends, -1 for all others; `heating` says of one who electrifies that it is for
    warmth rather than for a car.
    """

    customer: int
    kind: str
    start: int
    factor: float
    span_days: int
    closed: int = -1
    heating: bool = False


def draw_turns(
    config: TurnsConfig,
    classes: np.ndarray,
    usual_kwh: np.ndarray,
    since: np.ndarray,
    submitted: dict[int, int],
    span: int,
    rng: np.random.Generator,
) -> list[Turn]:
    """Growth may come again; else there is at most one turn for a customer.

    `since` and `submitted` (customer → when more capacity was asked for) are span
    days; those who asked grew before they did, and none of those who asked or who are new leaves.
    """
    turns: list[Turn] = []
    taken: set[int] = set()

    def add(turn: Turn) -> None:
        taken.add(turn.customer)
        turns.append(turn)

    for customer, day in sorted(submitted.items()):
        start = day - int(rng.integers(120, 301))
        if rng.random() < config.grow_before_applying_share and start > -_YEAR:
            add(_growth(customer, start, rng))
    home = classes == "residential"
    odds = np.where(home, 1.0, _BUSINESS_ODDS)
    last = {turn.customer: turn.start for turn in turns}
    rate = config.grow_share * odds * len(odds) / max(odds.sum(), 1.0)
    for begin in range(0, span, _YEAR_DAYS):
        # Whoever grew may grow again, once he is through with it.
        for customer, day in _begin(rate, min(_YEAR_DAYS, span - begin), rng):
            start = begin + day
            if start > since[customer] + 90 and start > last.get(customer, -_AGAIN_DAYS) + _AGAIN_DAYS:
                last[customer] = start
                add(_growth(customer, start, rng))
    for customer, start in _begin(np.where(home, config.electrify_share, 0.0), span, rng):
        if customer not in taken and start > since[customer]:
            add(_electric(customer, start, usual_kwh[customer], rng))
    for customer, start in _begin(np.full(len(classes), config.leave_share), span, rng):
        if customer not in taken and since[customer] <= 0 and customer not in submitted:
            fade = int(rng.integers(21, 71))
            add(Turn(customer, "leave", start, 0.0, fade, start + fade + int(rng.integers(7, 31))))
    return sorted(turns, key=lambda turn: turn.customer)


def _begin(per_year: np.ndarray, span: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(customer, day) of those for whom something begins, at rates per year."""
    chosen = rng.random(len(per_year)) < 1 - np.exp(-per_year * span / _YEAR)
    day = rng.integers(0, max(span, 1), len(per_year))
    return [(int(row), int(day[row])) for row in np.flatnonzero(chosen)]


def _growth(customer: int, start: int, rng: np.random.Generator) -> Turn:
    return Turn(customer, "grow", start, float(rng.uniform(1.45, 2.2)), int(_YEAR * rng.uniform(0.7, 1.3)))


def _electric(customer: int, start: int, usual_kwh: float, rng: np.random.Generator) -> Turn:
    heating = bool(rng.random() < 0.6)
    more = rng.uniform(0.35, 0.8) if heating else rng.uniform(4.0, 8.0) / max(float(usual_kwh), 4.0)
    return Turn(customer, "electrify", start, 1 + float(more), int(rng.integers(45, 76)), heating=heating)


def apply_turns(kwh: np.ndarray, turns: list[Turn], days: Days, first_day: int, rng: np.random.Generator) -> None:
    """Bend the use [customers × span days] of those who take a turn, in place."""
    winter = np.clip(np.cos(2 * np.pi * (days.year_part[first_day:] - 0.04)), 0, None)
    season = 0.15 + 0.85 * winter * np.pi / 2
    for turn in turns:
        age = np.arange(kwh.shape[1]) - turn.start
        if turn.kind == "grow":
            factor = 1 + (turn.factor - 1) * _s_curve(age / turn.span_days)
        elif turn.kind == "leave":
            factor = np.clip(1 - age / turn.span_days, 0, 1)
        else:
            factor = 1 + (turn.factor - 1) * _uptake(turn, age, season, rng)
        kwh[turn.customer] *= factor


def _s_curve(part: np.ndarray) -> np.ndarray:
    """From 0 to 1 while `part` does, steepest in the middle."""
    inside = np.clip(part, 0, 1)
    return inside**2 * (3 - 2 * inside)


def _uptake(turn: Turn, age: np.ndarray, season: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How much of the new appliance a home uses: a third on some days of the first weeks, then as it is meant."""
    daily = np.exp(0.25 * rng.standard_normal(len(age))) * (season if turn.heating else 1.0)
    trial = np.where(rng.random(len(age)) < 0.4, 0.33, 0.0)
    return daily * np.where(age < 0, 0.0, np.where(age < turn.span_days, trial, 1.0))


def until_of(turns: list[Turn], count: int, span: int) -> np.ndarray:
    """The span day from which each of `count` customers has no account any more; `span` for those who stay."""
    until = np.full(count, span)
    for turn in turns:
        if 0 <= turn.closed < span:
            until[turn.customer] = turn.closed
    return until


def turn_table(turns: list[Turn], customer_ids: tuple[str, ...], days: Days, first_day: int) -> pd.DataFrame:
    """Planted truth: who takes which turn, when it begins, and where use goes."""
    return pd.DataFrame(
        {
            "customer_id": [customer_ids[turn.customer] for turn in turns],
            "kind": [turn.kind for turn in turns],
            "start_utc": days.utc(first_day + np.array([turn.start for turn in turns], dtype=int)),
            "factor": np.array([turn.factor for turn in turns], dtype=float),
        }
    )
