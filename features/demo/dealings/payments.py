"""Money that came in: in time, late, in parts, ahead or not at all, each customer by its habits; and money back."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.dealings.bills import Bills
from features.demo.dealings.ground import Ground
from features.demo.dealings.habits import Habits
from features.demo.tables import labels

__all__ = ["Payments", "make_payments", "open_cents", "payment_frame"]

_OTHER_CHANNELS = ("wallet", "bank", "hall", "website")
_TOP_UP_CENTS = 10_000
_MORNING = 8 / 24


@dataclass(frozen=True)
class Payments:
    """One entry per payment, ordered by when the money came in; `bill` is -1 for money paid ahead. Money in cents.

    Banks tell of payments the next morning, the other ways at once: `known`.
    """

    customer: np.ndarray
    bill: np.ndarray
    paid: np.ndarray
    cents: np.ndarray
    channel: np.ndarray
    autopay: np.ndarray
    known: np.ndarray


def make_payments(ground: Ground, habits: Habits, bills: Bills) -> Payments:
    """All payments that came in by the end."""
    rng = ground.rng(2)
    parts = [_settled(habits, bills, rng), _ahead(ground, habits, bills, rng), _given_back(bills, rng)]
    facts = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    facts = _through(habits, facts, rng)
    facts = facts[(facts["known"] <= ground.span) & (facts["cents"] != 0)]
    facts = facts.sort_values(["paid", "customer"], kind="stable", ignore_index=True)
    return Payments(**{str(name): values.to_numpy() for name, values in facts.items()})


def _settled(habits: Habits, bills: Bills, rng: np.random.Generator) -> pd.DataFrame:
    """Payments of bills that are owed: most before they are late, some after, some in two parts."""
    count = len(bills.customer)
    habit = habits.punctuality[bills.customer]
    patience = np.clip(rng.gamma(3.0, 1.8, len(habits.channel)), 0.3, 12.0)
    days = patience[bills.customer] * rng.uniform(0.5, 1.2, count) + 0.05
    window = bills.due - bills.issued
    forgot = (habit == "prompt") & (rng.random(count) < 0.015) & ~habits.autopay[bills.customer]
    slow = (habit == "late") & (rng.random(count) < 0.6) | forgot
    days = np.minimum(days, 0.9 * window)
    days = np.where(slow, window + rng.gamma(1.3, 9.0, count) + 0.5, days)
    owed = (bills.amount_cents > 0) & (habit != "ahead")
    owed &= ~((habit == "stopped") & (bills.issued >= habits.stopped[bills.customer]))
    in_parts = (habit == "parts") & (bills.amount_cents >= 2000) & (rng.random(count) < 0.7)
    first = np.where(in_parts, np.round(bills.amount_cents * rng.uniform(0.3, 0.7, count)), bills.amount_cents)
    frame = pd.DataFrame({"customer": bills.customer, "bill": np.arange(count), "cents": first.astype(np.int64)})
    frame["paid"] = bills.issued + days
    second = frame.assign(cents=bills.amount_cents - frame["cents"])
    second["paid"] = frame["paid"] + rng.uniform(6.0, 40.0, count)
    return pd.concat([frame[owed], second[owed & in_parts]], ignore_index=True)


def _ahead(ground: Ground, habits: Habits, bills: Bills, rng: np.random.Generator) -> pd.DataFrame:
    """Top-ups of those who pay ahead: whole hundreds some days before a bill that their credit would not cover."""
    mine = np.flatnonzero((habits.punctuality[bills.customer] == "ahead") & (bills.amount_cents > 0))
    credit = np.zeros(ground.count, dtype=np.int64)
    rows = []
    for bill, more, early in zip(mine, rng.integers(0, 4, len(mine)), rng.uniform(0.5, 1.9, len(mine)), strict=True):
        customer, owed = bills.customer[bill], bills.amount_cents[bill]
        missing = owed - credit[customer]
        top_up = (-(-missing // _TOP_UP_CENTS) + more) * _TOP_UP_CENTS if missing > 0 else 0
        credit[customer] += top_up - owed
        # A bill is made out at least two days after its period, so nobody pays before he is connected.
        rows.append((customer, -1, top_up, bills.issued[bill] - early))
    frame = pd.DataFrame(rows, columns=["customer", "bill", "cents", "paid"])
    return frame.astype({"customer": np.int64, "bill": np.int64, "cents": np.int64, "paid": float})


def _given_back(bills: Bills, rng: np.random.Generator) -> pd.DataFrame:
    """Corrections in the customer's favour are paid out within two weeks."""
    mine = np.flatnonzero(bills.amount_cents < 0)
    frame = pd.DataFrame({"customer": bills.customer[mine], "bill": mine, "cents": bills.amount_cents[mine]})
    return frame.assign(paid=bills.issued[mine] + rng.uniform(2.0, 14.0, len(mine)))


def _through(habits: Habits, facts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Channel of each payment, nearly always the customer's own, and an hour at which that channel takes money."""
    count, customer = len(facts), facts["customer"].to_numpy()
    autopay = habits.autopay[customer] & (facts["bill"] >= 0).to_numpy() & (facts["cents"] > 0).to_numpy()
    strays = ~autopay & (rng.random(count) < 0.06)
    channel = np.where(strays, rng.choice(_OTHER_CHANNELS, count), habits.channel[customer])
    back = (facts["cents"] < 0).to_numpy()
    channel[back] = "bank"
    paid = facts["paid"].to_numpy()
    office = np.isin(channel, ("hall", "bank"))
    hour = np.where(office, rng.uniform(9.0, 17.0, count), np.clip(rng.normal(16.0, 4.0, count), 7.0, 23.5))
    hour[autopay] = 9.5
    # The day is kept; bills are made out before the office opens, so no payment comes before its bill.
    paid = np.round((np.floor(paid) + hour / 24) * 1440) / 1440
    known = np.where(channel == "bank", np.floor(paid) + 1 + _MORNING, paid)
    return facts.assign(paid=paid, channel=channel, autopay=autopay, known=known)


def open_cents(habits: Habits, bills: Bills, payments: Payments) -> np.ndarray:
    """What of each bill was not paid by the end, cents [bills]; whoever pays ahead has credit for his."""
    named = payments.bill >= 0
    paid = np.bincount(payments.bill[named], payments.cents[named], len(bills.customer))
    owed = bills.amount_cents - np.round(paid).astype(np.int64)
    return np.where((habits.punctuality[bills.customer] == "ahead") & (bills.amount_cents > 0), 0, owed)


def payment_frame(ground: Ground, bills: Bills, payments: Payments) -> pd.DataFrame:
    """The contract's rows, those that are known by the end."""
    frame = pd.DataFrame({"payment_id": [f"P{i + 1:08d}" for i in range(len(payments.customer))]})
    frame["customer_id"] = labels(ground.customers.customer_ids, payments.customer)
    frame["bill_id"] = labels(bills.bill_ids, payments.bill)
    frame["paid_at"] = ground.utc(payments.paid)
    frame["amount_cny"] = payments.cents / 100
    frame["channel"] = pd.Categorical(payments.channel)
    frame["autopay"] = pd.array(payments.autopay.astype(bool), dtype="boolean")
    frame["available_at"] = ground.utc(payments.known)
    return frame
