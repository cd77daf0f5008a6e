"""Looks at meters on site: by turn, in campaigns, where data or neighbours gave cause; and what was charged then."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.dealings.bills import Bills
from features.demo.dealings.ground import Ground

__all__ = ["Visits", "corrections_of", "inspection_frame", "make_visits"]

_BILLED_AFTER_DAYS = 4
_DAWN = 0.25
_PER_YEAR = {"periodic": 0.07, "special": 0.025, "alarm": 0.012, "reported": 0.006}
_FOUND = {"periodic": 0.55, "special": 0.7, "alarm": 0.92, "reported": 0.85}
"""How often a look of each kind finds the theft or the standing meter that is there."""
_THEFT_PENALTY = 2.0


@dataclass(frozen=True)
class Visits:
    """One entry per visit, ordered by time; `since` is the span day the fault is thought to have begun, -1 where none.

    `hidden_kwh` is what the meter did not show since then and is charged afterwards, negative where it showed too much.
    """

    customer: np.ndarray
    kind: np.ndarray
    outcome: np.ndarray
    day: np.ndarray
    since: np.ndarray
    hidden_kwh: np.ndarray

    @property
    def inspection_ids(self) -> tuple[str, ...]:
        """Numbers of the inspections, in the order of the entries."""
        return tuple(f"J{i + 1:06d}" for i in range(len(self.customer)))


def make_visits(ground: Ground, reported: pd.DataFrame) -> Visits:
    """All visits up to the end. `reported` (customer, day) are thefts that somebody spoke of.

    Of thieves and standing meters a part is visited while it lasts: labels are partial, as they are everywhere. What
    is found is charged, but readings stay as they are: the territory's measured tables know nothing of visits.
    """
    rng = ground.rng(3)
    visits = pd.concat([_by_turn(ground, rng), _alarms(ground, rng), _after_reports(reported, rng)], ignore_index=True)
    visits = visits[visits["day"] < ground.span - 1]
    customer = visits["customer"].to_numpy(dtype=int)
    visits = visits[(visits["day"] > ground.since[customer]) & (visits["day"] < ground.until[customer])]
    visits = visits.sort_values(["day", "customer"], kind="stable", ignore_index=True)
    visits = _outcomes(ground, visits, rng)
    return Visits(**{str(name): values.to_numpy() for name, values in visits.items()})


def _workday(day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same days, in office hours."""
    return np.floor(day) + rng.integers(9 * 60, 17 * 60, len(day)) / 1440


def _by_turn(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """Visits that do not depend on what is wrong: large customers come round more often than homes."""
    weight = 1 + 4 * (ground.customers.customer_class != "residential")
    frames = []
    for kind, rate in _PER_YEAR.items():
        count = round(rate * ground.count * ground.span / 365)
        customer = rng.choice(ground.count, count, p=weight / weight.sum()) if count else np.zeros(0, dtype=int)
        day = rng.uniform(0, ground.span, count)
        if kind == "special":
            # Campaigns run in the weeks before summer.
            year = np.floor(day / 365.25)
            day = year * 365.25 + rng.uniform(120, 170, count)
        frames.append(pd.DataFrame({"customer": customer, "kind": kind, "day": _workday(day, rng)}))
    return pd.concat(frames, ignore_index=True)


def _alarms(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """Visits because the readings looked wrong: four thefts in ten, and most standing meters, are noticed."""
    rows = []
    for customer, begin, end, _ in ground.metering.thefts:
        if rng.random() < 0.4:
            rows.append((customer, begin + (end - begin) * rng.uniform(0.35, 1.0)))
    for customer, begin, end, _ in ground.metering.stale:
        if rng.random() < 0.65:
            rows.append((customer, begin + (end - begin) * rng.uniform(0.3, 0.98)))
    frame = pd.DataFrame(rows, columns=["customer", "day"]).astype({"customer": np.int64, "day": float})
    return frame.assign(kind="alarm", day=_workday(frame["day"].to_numpy(), rng))


def _after_reports(reported: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    day = reported["day"].to_numpy(dtype=float) + rng.integers(2, 15, len(reported))
    return pd.DataFrame({"customer": reported["customer"], "kind": "reported", "day": _workday(day, rng)})


def _outcomes(ground: Ground, visits: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    count = len(visits)
    customer, days = visits["customer"].to_numpy(dtype=int), visits["day"].to_numpy(dtype=float)
    business = ground.customers.customer_class[customer] != "residential"
    odds = rng.random(count)
    outcome = np.full(count, "in_order", dtype=object)
    outcome[odds < 0.065] = "hazard"
    outcome[odds < 0.030] = "wiring_fault"
    outcome[(odds < 0.022) & business] = "breach"
    since, hidden = np.full(count, -1), np.zeros(count)
    seen = rng.random(count) < visits["kind"].map(_FOUND).to_numpy(dtype=float)
    for name, spells in (("theft", ground.metering.thefts), ("meter_fault", ground.metering.stale)):
        for row, begin in _under_way(visits, spells):
            if not seen[row]:
                continue
            day = int(days[row])
            since[row] = min(begin + int(rng.integers(0, 30)), day - 1)
            outcome[row] = name
            hidden[row] = _hidden(ground, int(customer[row]), int(since[row]), day)
    closed = rng.random(count) < 0.06
    outcome[closed], since[closed], hidden[closed] = "no_access", -1, 0.0
    again = _charged_before(visits, since)
    hidden[again] = 0.0
    return visits.assign(outcome=outcome, since=since, hidden_kwh=hidden)


def _under_way(visits: pd.DataFrame, spells: list[tuple[int, int, int, str]]) -> list[tuple[int, int]]:
    """Visits (by row) of customers while something was wrong with their meter for a day at least, and its first day."""
    spell = {customer: (begin, end) for customer, begin, end, _ in spells}
    columns = (visits["customer"].tolist(), visits["day"].tolist())
    found = []
    for row, (customer, day) in enumerate(zip(*columns, strict=True)):
        begin, end = spell.get(customer, (0, -1))
        if begin + 1 < day < end:
            found.append((row, begin))
    return found


def _hidden(ground: Ground, customer: int, since: int, day: int) -> float:
    """Use that the meter did not show, from `since` to the day of the visit; a missed day hides nothing."""
    read = ground.metering.kwh[customer, since:day]
    true = ground.customers.kwh[customer, since:day]
    return float(np.nansum(true - read))


def _charged_before(visits: pd.DataFrame, since: np.ndarray) -> np.ndarray:
    """Where the same customer's fault was found by an earlier visit already: nothing is charged twice."""
    return visits.assign(found=since >= 0).groupby(["customer", "found"]).cumcount().gt(0).to_numpy() & (since >= 0)


def corrections_of(visits: Visits) -> pd.DataFrame:
    """Facts of the bills that put right what visits found, as `bills.make_bills` takes them; theft is charged more."""
    rows = np.flatnonzero(np.abs(visits.hidden_kwh) >= 1.0)
    return pd.DataFrame(
        {
            "customer": visits.customer[rows],
            "kind": "correction",
            "begin": visits.since[rows],
            "end": np.floor(visits.day[rows]).astype(int),
            "issued": _billed(visits.day[rows]),
            "kwh_hundredths": np.round(100 * visits.hidden_kwh[rows]).astype(np.int64),
            "adjustment": np.where(visits.outcome[rows] == "theft", _THEFT_PENALTY, 0.0),
        }
    )


def _billed(day: np.ndarray) -> np.ndarray:
    """When what a visit found is charged: some mornings later, before the office opens."""
    return np.floor(day) + _BILLED_AFTER_DAYS + _DAWN


def inspection_frame(ground: Ground, visits: Visits, bills: Bills) -> pd.DataFrame:
    """The contract's rows; what was found is known with what is charged for it, some days after the visit."""
    frame = pd.DataFrame({"inspection_id": list(visits.inspection_ids)})
    frame["customer_id"] = np.array(ground.customers.customer_ids, dtype=object)[visits.customer]
    frame["meter_id"] = np.array(ground.customers.meter_ids, dtype=object)[visits.customer]
    area = ground.customers.area[visits.customer]
    frame["node_id"] = np.array(ground.network.area_ids, dtype=object)[area]
    frame["kind"], frame["outcome"] = visits.kind, visits.outcome
    frame["inspected_at"] = ground.utc(visits.day)
    frame["fault_since"] = ground.utc(np.maximum(visits.since, 0)).where(visits.since >= 0)
    charged = visits.hidden_kwh >= 1.0
    frame["recovered_kwh"] = np.where(charged, np.round(visits.hidden_kwh, 2), np.nan)
    frame["recovered_amount_cny"] = np.where(charged, _amounts_cny(visits, bills), np.nan)
    in_order = np.isin(visits.outcome, ("in_order", "no_access"))
    frame["available_at"] = ground.utc(np.where(in_order, np.floor(visits.day) + 0.75, _billed(visits.day)))
    return frame[frame["available_at"] <= ground.end].reset_index(drop=True)


def _amounts_cny(visits: Visits, bills: Bills) -> np.ndarray:
    """Amount of the correction that followed each visit, NaN where none has."""
    rows = np.flatnonzero(bills.kind == "correction")
    cents = dict(zip(zip(bills.customer[rows], bills.end[rows], strict=True), bills.amount_cents[rows], strict=True))
    days = np.floor(visits.day).astype(int)
    return np.array([cents.get(key, np.nan) / 100 for key in zip(visits.customer, days, strict=True)], dtype=float)
