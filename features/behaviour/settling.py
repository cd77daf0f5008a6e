"""When each bill was paid in full, and what of it is open: payments that name a bill, then money paid ahead."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

__all__ = ["Books", "Settled", "settle"]

_CENT = 0.005
_LEAD_DAYS = 60


class Books(Protocol):
    """Bills and payments of customers, as `Known` has them, which is one of these."""

    @property
    def bills(self) -> pd.DataFrame:
        """bill_id, customer_id, amount_cny, issued_at, due_at."""

    @property
    def payments(self) -> pd.DataFrame:
        """customer_id, bill_id, paid_at, amount_cny."""

    @property
    def count(self) -> int:
        """How many customers there are."""

    def place(self, ids: pd.Series) -> np.ndarray:
        """Row of each customer_id, -1 where there is none."""


@dataclass(frozen=True)
class Settled:
    """One entry per bill, by customer and then by when it was made out; those of one moment as they stood.

    `place` is the customer's row; `open_cny` is what was not paid; `paid` the instant of full payment in ns since 1970,
    NaN while something is open. `issued` and `due` are instants of the same kind.
    """

    place: np.ndarray
    issued: np.ndarray
    due: np.ndarray
    amount_cny: np.ndarray
    open_cny: np.ndarray
    paid: np.ndarray


def settle(known: Books) -> Settled:
    """Reckon every bill of the customers against every payment known.

    What names a bill pays that bill. What names none, what a bill was overpaid by and what a correction owes to the
    customer pays its open bills, oldest first. Bills from long before payments were recorded are left out: nobody
    knows whether they were paid.
    """
    first = known.payments["paid_at"].min() - pd.Timedelta(days=_LEAD_DAYS)
    place = known.place(known.bills["customer_id"])
    rows = np.flatnonzero((place >= 0) & (known.bills["issued_at"] >= first).to_numpy(dtype=bool))
    rows = rows[np.lexsort((_ns(known.bills["issued_at"])[rows], place[rows]))]
    bills, place = known.bills.take(rows), place[rows]
    payments = known.payments
    bill = pd.Index(bills["bill_id"]).get_indexer(pd.Index(payments["bill_id"]))
    amount, paid_at = payments["amount_cny"].to_numpy(dtype=float), _ns(payments["paid_at"])
    total = bills["amount_cny"].to_numpy(dtype=float)
    named = bill >= 0
    got = np.bincount(bill[named], weights=amount[named], minlength=len(bills))
    last = np.full(len(bills), -np.inf)
    np.maximum.at(last, bill[named], paid_at[named])
    left = np.round(total - got, 2)
    issued = _ns(bills["issued_at"])
    over = left < 0
    ahead = payments["bill_id"].isna().to_numpy(dtype=bool)
    payer = np.append(known.place(payments["customer_id"])[ahead], place[over])
    credit = np.append(amount[ahead], -left[over])
    came = np.append(paid_at[ahead], np.maximum(last, issued)[over])
    covered, when = _from_credit(place, left, payer, credit, came, known.count)
    last = np.fmax(last, when)
    open_cny = np.maximum(left, 0.0) - covered
    done = open_cny < _CENT
    # A bill over nothing is settled when it is made out.
    paid = np.where(done, np.where(np.isfinite(last), last, issued), np.nan)
    return Settled(place, issued, _ns(bills["due_at"]), total, open_cny, paid)


def _from_credit(
    place: np.ndarray,
    left: np.ndarray,
    payer: np.ndarray,
    amount: np.ndarray,
    paid_at: np.ndarray,
    count: int,
) -> tuple[np.ndarray, np.ndarray]:
    """What money paid ahead covers of what is left of each bill, and when it had come in; -inf where it did not."""
    mine = payer >= 0
    order = np.lexsort((paid_at[mine], payer[mine]))
    payer, amount, paid_at = payer[mine][order], amount[mine][order], paid_at[mine][order]
    credit = np.bincount(payer, weights=amount, minlength=count)
    needed = np.maximum(left, 0.0)
    until = _running(needed, place)
    covered = np.clip(credit[place] - (until - needed), 0.0, needed)
    when = np.full(len(place), -np.inf)
    full = np.flatnonzero((needed > 0) & (covered > needed - _CENT))
    if len(full) and len(payer):
        # One rising scale for all: each customer's running sum on top of everything the customers before him had.
        had = np.maximum(_running(amount, payer), 0.0)
        step = max(float(had.max()), float(until.max())) + 1.0
        scale = payer * step + had
        np.maximum.accumulate(scale, out=scale)
        at = np.searchsorted(scale, place[full] * step + until[full] - _CENT)
        when[full] = paid_at[np.minimum(at, len(paid_at) - 1)]
    return covered, when


def _running(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Running sum within runs of the same group."""
    total = np.cumsum(values)
    begins = np.flatnonzero(np.append(True, group[1:] != group[:-1])) if len(group) else np.zeros(0, dtype=int)
    before = (total[begins] - values[begins]) if len(group) else total
    return np.asarray(total - np.repeat(before, np.diff(np.append(begins, len(group)))))


def _ns(times: pd.Series) -> np.ndarray:
    """Nanoseconds since 1970 as floats; the day is what matters here."""
    return np.asarray(pd.DatetimeIndex(times).as_unit("us").asi8, dtype=float) * 1000
