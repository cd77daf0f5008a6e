"""Monthly bills: energy as it was read, split over the hours of the tariff, and amounts that are right to the cent."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.applications import CLASS_COMPONENT
from features.demo.dealings.ground import Ground
from features.demo.dealings.habits import Habits
from features.demo.dealings.reckoning import PERIODS, energy_cents, split_hundredths
from features.demo.dealings.tariffs import TARIFFS, change_day
from features.demo.shapes import COMPONENTS, component_shapes
from features.demo.tables import labels

__all__ = ["Bills", "bill_frame", "make_bills"]

_DUE_DAYS = 16
_MILD_C = 18.0


@dataclass(frozen=True)
class Bills:
    """One entry per bill, ordered by when it was made out; days are span days, the hour their fraction.

    Energy is in hundredths of a kWh and money in cents, whole numbers both. `split` [bills × PERIODS] is -1 where the
    tariff has one price all day; `capacity_kva` is 0 where capacity is not priced.
    """

    customer: np.ndarray
    kind: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    issued: np.ndarray
    kwh_hundredths: np.ndarray
    split: np.ndarray
    capacity_kva: np.ndarray
    energy_cents: np.ndarray
    capacity_cents: np.ndarray
    adjustment_cents: np.ndarray

    @property
    def amount_cents(self) -> np.ndarray:
        """All that is owed by each bill."""
        return self.energy_cents + self.capacity_cents + self.adjustment_cents

    @property
    def due(self) -> np.ndarray:
        """The span day on whose midnight each bill becomes late."""
        return np.floor(self.issued) + _DUE_DAYS

    @property
    def bill_ids(self) -> tuple[str, ...]:
        """Numbers of the bills, in the order of the entries."""
        return tuple(f"B{i + 1:08d}" for i in range(len(self.customer)))


def read_kwh(ground: Ground) -> np.ndarray:
    """Daily use as billed [customers × span days], kWh: as read, a missed day filled by those before and after it."""
    kwh = ground.metering.kwh.copy()
    day = np.arange(kwh.shape[1])
    for row, since, until in zip(kwh, ground.since, ground.until, strict=True):
        missed = np.isnan(row)
        missed[:since] = missed[until:] = False
        read = ~np.isnan(row)
        if missed.any():
            row[missed] = np.interp(day[missed], day[read], row[read]) if read.any() else 0.0
    return np.nan_to_num(kwh)


def period_split(ground: Ground, habits: Habits, rng: np.random.Generator) -> np.ndarray:
    """Share of each customer's use in each of `PERIODS`, by what its class does in those hours and its own ways."""
    part = ground.days.part(np.arange(len(ground.days.dates)) >= len(ground.days.dates) - 365)
    shapes = component_shapes(part, np.full(24 * len(part.dates), _MILD_C)).sum(axis=1)
    own = np.exp(0.18 * rng.standard_normal((ground.count, len(PERIODS))))
    share = np.zeros((ground.count, len(PERIODS)))
    for name, component in CLASS_COMPONENT.items():
        profile = shapes[COMPONENTS.index(component)]
        for index, tariff in enumerate(TARIFFS):
            rows = (ground.customers.customer_class == name) & (habits.tariff == index)
            for period, hours in tariff.hours.items():
                share[rows, PERIODS.index(period)] = profile[hours].sum() / profile.sum()
    # A cheaper night is what a household chose its tariff for.
    chosen = np.array([tariff.category == "residential_tou" for tariff in TARIFFS])[habits.tariff]
    share[chosen, PERIODS.index("valley")] *= 1.5
    share *= own
    return share / np.maximum(share.sum(axis=1, keepdims=True), 1e-9)


def reckon(ground: Ground, habits: Habits, facts: pd.DataFrame, share: np.ndarray) -> Bills:
    """Bills of `facts`: customer, kind, begin, end, issued, kwh_hundredths, adjustment (a share of the rest)."""
    facts = facts.sort_values(["issued", "customer"], kind="stable", ignore_index=True)
    customer, total = facts["customer"].to_numpy(), facts["kwh_hundredths"].to_numpy(dtype=np.int64)
    regular = (facts["kind"] == "regular").to_numpy()
    split = split_hundredths(total, share[customer])
    changed = np.where(regular, facts["begin"], np.floor(facts["issued"])) >= change_day(ground)
    energy, capacity = np.zeros(len(facts), dtype=np.int64), np.zeros(len(facts), dtype=np.int64)
    for index, tariff in enumerate(TARIFFS):
        for after in (False, True):
            for stepped in (False, True):
                rows = (habits.tariff[customer] == index) & (changed == after) & (regular == stepped)
                energy[rows] = energy_cents(tariff, after, total[rows], split[rows], stepped)
        if tariff.capacity_cny_per_kva_month:
            mine = (habits.tariff[customer] == index) & regular
            capacity[mine] = np.round(ground.customers.contract_kva[customer[mine]]).astype(np.int64)
    price = np.array([100 * (tariff.capacity_cny_per_kva_month or 0) for tariff in TARIFFS])[habits.tariff[customer]]
    due = energy + capacity * price
    return Bills(
        **{name: facts[name].to_numpy() for name in ("customer", "kind", "begin", "end", "issued")},
        kwh_hundredths=total,
        split=split,
        capacity_kva=capacity,
        energy_cents=energy,
        capacity_cents=capacity * price,
        adjustment_cents=np.round(due * facts["adjustment"].to_numpy()).astype(np.int64),
    )


def make_bills(ground: Ground, habits: Habits, corrections: pd.DataFrame) -> Bills:
    """All bills made out by the end: one per customer and month, and `corrections` (as the facts of `reckon`).

    A bill is made out two to six days after its month ends, on the day of its area, before the office opens.
    """
    rng = ground.rng(1)
    share = period_split(ground, habits, rng)
    daily = read_kwh(ground)
    months, n = ground.months, ground.count
    total = np.add.reduceat(daily, months[:-1], axis=1)[:, : len(months) - 1] if n else np.zeros((0, len(months) - 1))
    if n and months[-1] < ground.span:
        total[:, -1] = daily[:, months[-2] : months[-1]].sum(axis=1)
    customer = np.repeat(np.arange(n), len(months) - 1)
    begin = np.maximum(np.tile(months[:-1], n), ground.since[customer])
    # The last bill of an account goes to the day on which it ends.
    end = np.minimum(np.tile(months[1:], n), ground.until[customer])
    issued = end + 2 + ground.customers.area[customer] % 5 + rng.integers(120, 420, len(customer)) / 1440
    power_factor = np.round(np.where(rng.random(n) < 0.7, -0.0075, rng.uniform(0.0, 0.05, n)), 4)
    priced = np.array([tariff.capacity_cny_per_kva_month is not None for tariff in TARIFFS])[habits.tariff[customer]]
    facts = pd.DataFrame({"customer": customer, "kind": "regular", "begin": begin, "end": end, "issued": issued})
    facts["kwh_hundredths"] = np.round(100 * total.ravel()).astype(np.int64)
    facts["adjustment"] = np.where(priced, power_factor[customer], 0.0)
    facts = pd.concat([facts[begin < end], corrections], ignore_index=True) if len(corrections) else facts[begin < end]
    return reckon(ground, habits, facts[facts["issued"] <= ground.span], share)


def bill_frame(ground: Ground, habits: Habits, bills: Bills) -> pd.DataFrame:
    """The contract's rows; what a tariff does not price is empty."""
    ids = tuple(tariff.tariff_id for tariff in TARIFFS)
    frame = pd.DataFrame({"bill_id": list(bills.bill_ids)})
    frame["customer_id"] = labels(ground.customers.customer_ids, bills.customer)
    frame["kind"] = pd.Categorical(bills.kind, categories=["regular", "correction"])
    frame["tariff_id"] = labels(ids, habits.tariff[bills.customer])
    frame["start_utc"], frame["end_utc"] = ground.utc(bills.begin), ground.utc(bills.end)
    frame["kwh"] = bills.kwh_hundredths / 100
    known = np.array([[period in tariff.hours for period in PERIODS] for tariff in TARIFFS])[habits.tariff]
    for index, period in enumerate(PERIODS):
        priced = known[bills.customer, index]
        frame[f"{period}_kwh"] = np.where(priced, bills.split[:, index] / 100, np.nan)
    capacity = bills.capacity_kva > 0
    frame["demand_kw"] = np.nan
    frame["capacity_kva"] = np.where(capacity, bills.capacity_kva, np.nan)
    frame["energy_amount_cny"] = bills.energy_cents / 100
    frame["demand_amount_cny"] = np.where(capacity, bills.capacity_cents / 100, np.nan)
    adjusted = capacity | (bills.adjustment_cents != 0)
    frame["adjustment_amount_cny"] = np.where(adjusted, bills.adjustment_cents / 100, np.nan)
    frame["amount_cny"] = bills.amount_cents / 100
    frame["issued_at"], frame["due_at"] = ground.utc(bills.issued), ground.utc(bills.due)
    frame["available_at"] = frame["issued_at"]
    return frame
