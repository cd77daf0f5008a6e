"""All dealings of a territory together: drawn one after the other, then as frames of their contracts and as truth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.dealings.answers import satisfaction_frame
from features.demo.dealings.bills import Bills, bill_frame, make_bills
from features.demo.dealings.contacts import Causes, draw_contacts, find_causes, theft_reports
from features.demo.dealings.costs import cost_frame
from features.demo.dealings.ground import Ground
from features.demo.dealings.habits import Habits, draw_habits
from features.demo.dealings.identity import identity_frame
from features.demo.dealings.orders import Orders, make_orders, online_contacts, order_frame
from features.demo.dealings.payments import Payments, make_payments, open_cents, payment_frame
from features.demo.dealings.people import app_frame, consent_frame
from features.demo.dealings.tariffs import tariff_frame
from features.demo.dealings.visits import Visits, corrections_of, inspection_frame, make_visits

__all__ = ["DEALINGS", "Dealings", "deal"]

DEALINGS = (
    *("identity", "tariff", "bill", "payment", "cost_to_serve"),
    *("consent", "app_activity", "work_order", "satisfaction", "inspection"),
)
"""The contracts that dealings fill."""


@dataclass(frozen=True)
class Dealings:
    """What customers and the utility had to do with each other over the days of daily use."""

    ground: Ground
    habits: Habits
    causes: Causes
    visits: Visits
    bills: Bills
    payments: Payments
    orders: Orders

    def frames(self) -> dict[str, pd.DataFrame]:
        """Rows of every contract of `DEALINGS`, clean of planted junk, all versions."""
        ground, bills, payments, orders = self.ground, self.bills, self.payments, self.orders
        return {
            "identity": identity_frame(ground),
            "tariff": tariff_frame(ground),
            "bill": bill_frame(ground, self.habits, bills),
            "payment": payment_frame(ground, bills, payments),
            "cost_to_serve": cost_frame(ground, bills, payments, orders, self.visits),
            "consent": consent_frame(ground, self.habits),
            "app_activity": app_frame(ground, self.habits, payments, online_contacts(orders)),
            "work_order": order_frame(ground, orders),
            "satisfaction": satisfaction_frame(ground, self.habits, orders),
            "inspection": inspection_frame(ground, self.visits, bills),
        }

    def truth(self) -> dict[str, pd.DataFrame]:
        """Planted truth by table name: bursts, what each work order is about, habits, and what is owed at the end."""
        ground, orders, bills = self.ground, self.orders, self.bills
        customers = np.array(ground.customers.customer_ids, dtype=object)
        owed = open_cents(self.habits, bills, self.payments)
        open_bill = {"bill_id": list(bills.bill_ids), "customer_id": customers[bills.customer], "open_cny": owed / 100}
        return {
            "burst": _burst_table(ground, self.causes, orders),
            "topic": pd.DataFrame({"work_order_id": list(orders.order_ids), "topic": orders.topic.astype(str)}),
            "habit": pd.DataFrame(
                {
                    "customer_id": customers,
                    "punctuality": self.habits.punctuality.astype(str),
                    "channel": self.habits.channel.astype(str),
                    "autopay": self.habits.autopay,
                }
            ),
            "open_bill": pd.DataFrame(open_bill)[owed != 0].reset_index(drop=True),
        }


def deal(ground: Ground) -> Dealings:
    """Draw all dealings: habits, visits, bills with their corrections, payments, and who turned to the utility."""
    habits, causes, reports = draw_habits(ground), find_causes(ground), theft_reports(ground)
    visits = make_visits(ground, reports)
    bills = make_bills(ground, habits, corrections_of(visits))
    payments = make_payments(ground, habits, bills)
    orders = make_orders(ground, habits, draw_contacts(ground, habits, bills, causes, reports))
    return Dealings(ground, habits, causes, visits, bills, payments, orders)


def _burst_table(ground: Ground, causes: Causes, orders: Orders) -> pd.DataFrame:
    """Planted bursts with the work orders that make them up; ends exclusive."""
    bursts = causes.bursts
    rows = np.bincount(orders.burst[orders.burst >= 0], minlength=len(bursts))
    return pd.DataFrame(
        {
            "topic": bursts["topic"].astype(str),
            "hall_id": [f"H{int(hall) + 1:02d}" for hall in bursts["hall"]],
            "start_utc": ground.utc(bursts["begin"].to_numpy(dtype=float)),
            "end_utc": ground.utc(bursts["end"].to_numpy(dtype=float)),
            "rows": rows,
        }
    )
