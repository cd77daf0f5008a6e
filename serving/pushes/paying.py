"""What the books say of contacts: payments before and after and their ways, bills that fell due, arrears."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.behaviour.settling import Settled, settle

__all__ = ["AFTER_COLUMNS", "PAYING_COLUMNS", "paying"]

AFTER_COLUMNS = (
    "payments_after",
    "counter_after",
    "app_after",
    "autopay_after",
    "due_cny",
    "due_paid_cny",
    "due_bills",
    "due_paid_bills",
    "arrears_paid_cny",
)
"""What came of a contact, within the window after it."""

PAYING_COLUMNS = ("payments_before", "counter_before", *AFTER_COLUMNS, "arrears_cny")
_COUNTER, _APP, _BANK = "hall", "app", "bank"
_CENT = 0.005


@dataclass(frozen=True)
class _Books:
    """Bills and payments of some customers, for settling."""

    ids: pd.Index
    bills: pd.DataFrame
    payments: pd.DataFrame

    @property
    def count(self) -> int:
        return len(self.ids)

    def place(self, ids: pd.Series) -> np.ndarray:
        return np.asarray(self.ids.get_indexer(pd.Index(ids)))

    def until(self, issued: pd.Timestamp, paid: pd.Timestamp) -> "_Books":
        """The bills made out, and the payments made, up to two moments."""
        return _Books(
            self.ids, self.bills[self.bills["issued_at"] <= issued], self.payments[self.payments["paid_at"] <= paid]
        )


def paying(contacts: pd.DataFrame, bills: pd.DataFrame, payments: pd.DataFrame, window_days: int) -> pd.DataFrame:
    """PAYING_COLUMNS by contact (index push_id) of `contacts` (push_id, customer_id, decided_at), as the tables of the
    contracts have them; before and after are `window_days` each. What is owed to a customer is no bill that falls due.
    """
    window = pd.Timedelta(days=window_days)
    moments = sorted(set(contacts["decided_at"]))
    parts = [_of_moment(contacts[contacts["decided_at"] == at], bills, payments, at, window) for at in moments]
    if not parts:
        return pd.DataFrame(columns=list(PAYING_COLUMNS), index=pd.Index([], name="push_id"), dtype=np.float64)
    return pd.concat(parts).reindex(contacts["push_id"])


def _of_moment(
    contacts: pd.DataFrame, bills: pd.DataFrame, payments: pd.DataFrame, at: pd.Timestamp, window: pd.Timedelta
) -> pd.DataFrame:
    ids = pd.Index(contacts["customer_id"].unique(), dtype="object")
    # Since when payments are recorded at all is told by the first of anybody.
    books = _Books(ids, _of(bills, ids), _of(payments, ids, payments["paid_at"] == payments["paid_at"].min()))
    told = _payments(books, at, window) | _due(books, at, window) | _arrears(books, at, window)
    rows = books.place(contacts["customer_id"])
    return pd.DataFrame(
        {name: told[name][rows] for name in PAYING_COLUMNS}, index=pd.Index(contacts["push_id"], name="push_id")
    )


def _of(frame: pd.DataFrame, ids: pd.Index, more: pd.Series | bool = False) -> pd.DataFrame:
    mine = frame[frame["customer_id"].isin(ids) | more]
    # Text keys are categoricals of everybody: an account looked up among some needs the text.
    return mine.assign(customer_id=mine["customer_id"].astype("object"))


def _payments(books: _Books, at: pd.Timestamp, window: pd.Timedelta) -> dict[str, np.ndarray]:
    """How many payments were made, and how; money given back is none."""
    made = books.payments[books.payments["customer_id"].isin(books.ids) & (books.payments["amount_cny"] > 0)]
    channel, paid = made["channel"].astype("str"), made["paid_at"]
    before, after = (paid > at - window) & (paid <= at), (paid > at) & (paid <= at + window)
    order = made["autopay"].astype("boolean")
    autopay = order.fillna(channel == _BANK).astype(bool)
    chosen = {
        "payments_before": before,
        "counter_before": before & (channel == _COUNTER),
        "payments_after": after,
        "counter_after": after & (channel == _COUNTER),
        "app_after": after & (channel == _APP),
        "autopay_after": after & autopay,
    }
    place = books.place(made["customer_id"])
    return {name: _added(place, mask.to_numpy(dtype=np.float64), books.count) for name, mask in chosen.items()}


def _due(books: _Books, at: pd.Timestamp, window: pd.Timedelta) -> dict[str, np.ndarray]:
    """Bills that fell due within the window, and those of them paid in full by the day they were due."""
    settled = settle(books.until(at + window, at + window))
    fell = (settled.due > _ns(at)) & (settled.due <= _ns(at + window)) & (settled.amount_cny > 0)
    # What was never paid in full has no moment, which is later than any.
    on_time = fell & (np.nan_to_num(settled.paid, nan=np.inf) <= settled.due)
    one = np.ones(len(fell))
    return {
        "due_cny": _added(settled.place, settled.amount_cny * fell, books.count),
        "due_paid_cny": _added(settled.place, settled.amount_cny * on_time, books.count),
        "due_bills": _added(settled.place, one * fell, books.count),
        "due_paid_bills": _added(settled.place, one * on_time, books.count),
    }


def _arrears(books: _Books, at: pd.Timestamp, window: pd.Timedelta) -> dict[str, np.ndarray]:
    """What was overdue when it was decided, and what of it was paid within the window."""
    then, later = (_overdue(settle(books.until(at, until)), at, books.count) for until in (at, at + window))
    then = np.where(then > _CENT, then, 0.0)
    return {"arrears_cny": then, "arrears_paid_cny": np.clip(then - later, 0.0, then)}


def _overdue(settled: Settled, at: pd.Timestamp, count: int) -> np.ndarray:
    return _added(settled.place, settled.open_cny * (settled.due <= _ns(at)), count)


def _added(place: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(place, weights=values, minlength=count).astype(np.float64)


def _ns(at: pd.Timestamp) -> float:
    return float(at.value)
