"""What tags may look at: the features of customers, and the scores of their models; and as of when each of them is."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pandas as pd

from features.behaviour import FEATURE_NAMES, FEATURES, Known
from features.behaviour.metering import midnights

__all__ = ["SCORES", "inputs_as_of", "known_inputs"]

SCORES = {
    "value": (
        "value_last_cny",
        "value_p10_cny",
        "value_p50_cny",
        "value_p90_cny",
        "growth_share",
        "increase_kva",
        "arrears_loss_cny",
    ),
    "anomaly": ("theft_score", "alarm", "alarm_days", "lost_kwh_p10", "lost_kwh_p50", "lost_kwh_p90"),
    "prospects": ("p_more_capacity", "p_electrify", "p_leave"),
}
"""Family of models → the scores it gives."""

_STREAMS = {"bill": "issued_at", "payment": "paid_at", "work_order": "opened_at", "app_activity": "start_utc"}
"""Tables that never stop while a utility works, beside use itself, and the time of their rows. Where applications,
answers or events stop, it may be that there are none."""

_SCORED_ON = {"value": ("consumption", "bill"), "anomaly": ("consumption",), "prospects": ("consumption",)}


def known_inputs() -> frozenset[str]:
    """The names of all features and scores."""
    return frozenset(FEATURE_NAMES) | {name for names in SCORES.values() for name in names}


def inputs_as_of(known: Known) -> dict[str, datetime]:
    """As of when each input is that stands on data which keep coming: the newest row of all customers, and of several
    tables the one that ends first. An input that is not named stands on ledgers, which are as of the moment itself.

    What ended long ago is stale to a tag (`fresh_within_days`), whatever was made of it.
    """
    newest = dict(_newest(known))
    stands_on = {one.name: one.source for one in FEATURES}
    stands_on |= {name: _SCORED_ON[family] for family, names in SCORES.items() for name in names}
    found = {}
    for name, tables in stands_on.items():
        moments = [newest[table] for table in tables if table in newest]
        if moments:
            found[name] = min(moments)
    return found


def _newest(known: Known) -> Iterator[tuple[str, datetime]]:
    days = np.flatnonzero(np.isfinite(known.use.kwh).any(axis=0))
    if len(days):
        end = known.use.first_day + pd.Timedelta(days=int(days[-1]) + 1)
        yield "consumption", midnights(known.calendar, end, 1)[0].to_pydatetime()
    frames = {"bill": known.bills, "payment": known.payments}
    frames |= {"work_order": known.work_orders, "app_activity": known.app_activity}
    for table, column in _STREAMS.items():
        moments = frames[table][column].dropna()
        if len(moments):
            yield table, moments.max().to_pydatetime()
