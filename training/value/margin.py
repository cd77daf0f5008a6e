"""The margin each customer leaves over a period, and what it is made of: a pure function of the books."""

import numpy as np
import pandas as pd

from training.value.policy import ValuePolicy

__all__ = ["COMPONENTS", "margins", "open_debt"]

COMPONENTS = ("kwh", "revenue_cny", "purchase_cny", "serve_cny", "bad_debt_cny", "margin_cny")
"""margin = revenue - purchase - serve - bad debt; `kwh` is the energy billed."""

_DAY = pd.Timedelta(days=1)


def margins(
    bills: pd.DataFrame,
    payments: pd.DataFrame,
    costs: pd.DataFrame,
    policy: ValuePolicy,
    start: pd.Timestamp,
    end: pd.Timestamp,
    judged: pd.Timestamp | None = None,
    classes: pd.Series | None = None,
) -> pd.DataFrame:
    """Index customer_id, sorted, columns `COMPONENTS` in CNY (and kWh), of the period from `start` to `end` (UTC).

    `bills`, `payments` and `costs` follow their contracts: all that is known at `judged` (default: `end`), one row per
    key, corrections as bills of their own. A bill or a cost counts by the share of its own period that lies within;
    costs are booked late, so where they do not reach the end those known stand for the whole. Debt is bad where it is
    open `policy.bad_after_days` after it was due. `classes` (customer_id → class) chooses the cost of energy. A
    customer without a bill in the period has no row.
    """
    judged = end if judged is None else judged
    ids = pd.Index(bills["customer_id"].astype("str"))
    within = _share(bills, start, end)
    customers = pd.Index(np.unique(ids[within > 0]), name="customer_id", dtype="str")
    place = customers.get_indexer(ids)
    counted = (place >= 0) & (within != 0)

    def summed(values: np.ndarray) -> np.ndarray:
        told = (values * within)[counted]
        return np.bincount(place[counted], weights=told, minlength=len(customers))

    kwh = summed(bills["kwh"].to_numpy(dtype=float))
    due = pd.DatetimeIndex(bills["due_at"]) + policy.bad_after_days * _DAY <= judged
    bad = np.where(due, open_debt(bills, payments, judged), 0.0)
    kinds = [None] * len(customers) if classes is None else classes.reindex(customers)
    frame = pd.DataFrame({"kwh": kwh, "revenue_cny": summed(bills["amount_cny"].to_numpy(dtype=float))}, customers)
    frame["purchase_cny"] = kwh * np.array([policy.cost_per_kwh(None if pd.isna(kind) else kind) for kind in kinds])
    frame["serve_cny"] = _served(costs, customers, start, end)
    frame["bad_debt_cny"] = summed(bad)
    frame["margin_cny"] = frame["revenue_cny"] - frame[["purchase_cny", "serve_cny", "bad_debt_cny"]].sum(axis=1)
    return frame[list(COMPONENTS)]


def open_debt(bills: pd.DataFrame, payments: pd.DataFrame, judged: pd.Timestamp) -> np.ndarray:
    """What is open of each bill at `judged`, CNY, in the order of `bills`.

    What names a bill pays that bill. What names none, what a bill was overpaid by, and bills that owe the customer
    something, pay his open bills, those due first at first.
    """
    ids = pd.Index(bills["customer_id"].astype("str"))
    customers = pd.Index(ids.unique())
    place = customers.get_indexer(ids)
    came = payments[(payments["paid_at"] <= judged).to_numpy(dtype=bool)]
    money = came["amount_cny"].to_numpy(dtype=float)
    bill = pd.Index(bills["bill_id"].astype("str")).get_indexer(pd.Index(came["bill_id"].astype("str")))
    paid = np.bincount(bill[bill >= 0], weights=money[bill >= 0], minlength=len(bills))
    left = np.round(bills["amount_cny"].to_numpy(dtype=float) - paid, 2)
    owed = np.maximum(left, 0.0)
    credit = np.bincount(place, weights=owed - left, minlength=len(customers))
    payer = customers.get_indexer(pd.Index(came["customer_id"].astype("str")))
    ahead = (payer >= 0) & (bill < 0) & came["bill_id"].isna().to_numpy(dtype=bool)
    credit += np.bincount(payer[ahead], weights=money[ahead], minlength=len(customers))
    order = np.lexsort((np.arange(len(bills)), pd.DatetimeIndex(bills["due_at"]).as_unit("us").asi8, place))
    running = np.cumsum(owed[order])
    before = np.concatenate([[0.0], running[:-1]]) if len(running) else running
    first = np.flatnonzero(np.append(True, np.diff(place[order]) > 0)) if len(order) else np.zeros(0, dtype=int)
    before = before - np.repeat(before[first], np.diff(np.append(first, len(order))))
    covered = np.clip(credit[place[order]] - before, 0.0, owed[order])
    result = np.zeros(len(bills))
    result[order] = owed[order] - covered
    return np.round(result, 2)


def _share(rows: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
    """Which part of each row's own period lies between `start` and `end`."""
    begin, finish = (pd.DatetimeIndex(rows[name]).as_unit("us").asi8 for name in ("start_utc", "end_utc"))
    low, high = pd.DatetimeIndex([start, end]).as_unit("us").asi8
    inside = np.minimum(finish, high) - np.maximum(begin, low)
    return np.asarray(np.maximum(inside, 0) / np.maximum(finish - begin, 1))


def _served(costs: pd.DataFrame, customers: pd.Index, start: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
    """Cost to serve [customers]; put on the whole period where the books are not closed up to its end."""
    if not len(costs):
        return np.zeros(len(customers))
    place = customers.get_indexer(pd.Index(costs["customer_id"].astype("str")))
    cost = costs["cost_cny"].to_numpy(dtype=float) * _share(costs, start, end)
    known = np.bincount(place[place >= 0], weights=cost[place >= 0], minlength=len(customers))
    first, last = max(costs["start_utc"].min(), start), min(costs["end_utc"].max(), end)
    return known * ((end - start) / (last - first)) if last > first else known
