"""What it costs to serve each customer, by quarter: meters and bills shared out, contacts and visits booked."""

import numpy as np
import pandas as pd

from features.demo.dealings.bills import Bills
from features.demo.dealings.ground import Ground
from features.demo.dealings.orders import Orders
from features.demo.dealings.payments import Payments
from features.demo.dealings.visits import Visits
from features.demo.tables import labels

__all__ = ["cost_frame"]

_ACTIVITIES = ("metering", "billing", "collection", "contact", "field_service")
_BASES = ("allocated", "allocated", "booked", "booked", "booked")
_METERING_CENTS, _BILLING_CENTS = {True: 620, False: 2150}, 285
"""A quarter's share of meters (homes, or others with larger ones), and of one bill."""
_CONTACT_CENTS = {"hotline": 950, "hall": 1600, "website": 260, "app": 180}
_FAULT_CENTS, _VISIT_CENTS, _REMINDER_CENTS = 14_500, 9_800, 420
_CLOSED_AFTER_DAYS = 10
_FIELD_TOPICS = ("outage", "low_voltage", "meter", "hazard", "tripping", "levee_works")


def quarters(ground: Ground) -> np.ndarray:
    """Span days on which quarters of the calendar begin, with the day after the last whole one."""
    first = ground.days.dates[ground.customers.first_day :]
    months = [day for day in ground.months[:-1] if day < ground.span and first[day].month % 3 == 1]
    ends = [ground.span] if (first[-1] + pd.Timedelta(days=1)).is_quarter_start else []
    return np.array([*months, *ends], dtype=int)


def cost_frame(ground: Ground, bills: Bills, payments: Payments, orders: Orders, visits: Visits) -> pd.DataFrame:
    """The contract's rows, one per customer, quarter and activity that cost something, once the books are closed."""
    edges = quarters(ground)
    quarter_count = max(len(edges) - 1, 0)
    cents = np.zeros((len(_ACTIVITIES), ground.count, quarter_count), dtype=np.int64)

    def book(activity: str, customer: np.ndarray, day: np.ndarray, amount: np.ndarray | int) -> None:
        quarter = np.searchsorted(edges, day, side="right") - 1
        inside = (customer >= 0) & (quarter >= 0) & (quarter < quarter_count)
        amounts = np.broadcast_to(amount, customer.shape)[inside]
        np.add.at(cents[_ACTIVITIES.index(activity)], (customer[inside], quarter[inside]), amounts)

    if quarter_count:
        home = ground.customers.customer_class == "residential"
        meters = np.where(home, _METERING_CENTS[True], _METERING_CENTS[False])
        there = (ground.since[:, None] < edges[None, 1:]) & (ground.until[:, None] > edges[None, :-1])
        cents[0] = meters[:, None] * there
    book("billing", bills.customer, bills.issued, _BILLING_CENTS)
    book("collection", *_reminders(bills, payments), _REMINDER_CENTS)
    contact = np.array([_CONTACT_CENTS[way] for way in orders.channel], dtype=np.int64)
    book("contact", orders.customer, orders.opened, contact)
    out = np.isin(orders.topic, _FIELD_TOPICS)
    book("field_service", orders.customer[out], orders.opened[out], _FAULT_CENTS)
    book("field_service", visits.customer, visits.day, _VISIT_CENTS)
    return _frame(ground, edges, cents)


def _reminders(bills: Bills, payments: Payments) -> tuple[np.ndarray, np.ndarray]:
    """Customer and day of every reminder: one for each bill that was not paid when it became late."""
    count = len(bills.customer)
    settled = np.full(count, np.inf)
    named = payments.bill >= 0
    settled[payments.bill[named]] = payments.paid[named]
    ahead = np.zeros(int(bills.customer.max(initial=-1)) + 1, dtype=bool)
    ahead[payments.customer[~named]] = True
    late = (settled > bills.due) & (bills.amount_cents > 0) & ~ahead[bills.customer]
    return bills.customer[late], bills.due[late]


def _frame(ground: Ground, edges: np.ndarray, cents: np.ndarray) -> pd.DataFrame:
    customer, quarter, activity = np.nonzero(cents.transpose(1, 2, 0))
    frame = pd.DataFrame({"customer_id": labels(ground.customers.customer_ids, customer)})
    frame["start_utc"] = ground.utc(edges[quarter] if len(quarter) else quarter)
    frame["end_utc"] = ground.utc(edges[quarter + 1] if len(quarter) else quarter)
    frame["activity"] = labels(_ACTIVITIES, activity)
    bases = list(dict.fromkeys(_BASES))
    basis = np.array([bases.index(one) for one in _BASES])
    frame["basis"] = labels(tuple(bases), basis[activity])
    frame["cost_cny"] = cents[activity, customer, quarter] / 100
    frame["available_at"] = frame["end_utc"] + pd.Timedelta(days=_CLOSED_AFTER_DAYS)
    return frame[frame["available_at"] <= ground.end].reset_index(drop=True)
