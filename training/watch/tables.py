"""Whether the tables that models of customers are made from still come."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.contracts import CONTRACTS
from features.lake import Lake
from training.watch.findings import ALARM, Finding
from training.watch.policy import CustomerWatchPolicy

__all__ = ["CUSTOMER_TABLES", "newest_known", "silent_tables"]

CUSTOMER_TABLES = ("consumption", "bill", "payment", "work_order", "application", "app_activity", "weather_observed")
_LEAST_DAYS = 5


def silent_tables(lake: Lake, policy: CustomerWatchPolicy, now: pd.Timestamp) -> Iterator[Finding]:
    """Tables of which nothing has been told for longer than their own past lets expect.

    A table's silence is the time from its newest event known at `now`; usual is the longest gap between days with
    events in the past. A table the territory does not have, or of which too few days are known, is never stale.
    """
    since = now - pd.Timedelta(days=policy.silence_past_days + policy.silence_cap_days)
    for table in CUSTOMER_TABLES:
        moment = CONTRACTS[table].event_time
        told = lake.versions(table, columns=[moment], as_of=now, since=since)[moment]
        days = pd.DatetimeIndex(told[told <= now].dt.floor("D").unique()).sort_values()
        if len(days) < _LEAST_DAYS:
            continue
        last, day = days[-1], pd.Timedelta(days=1)
        silent, usual = (now - last) / day, float((np.diff(days) / day).max())
        # Events are told a day after they begin; no table is asked to come more often than it ever has.
        most = max(policy.silence_cap_days, usual + 1)
        allowed = float(np.clip(policy.silence_margin * usual + 1, policy.silence_floor_days, most))
        if silent > allowed:
            sentence = (
                f"table {table}: nothing has been told for {silent:.0f} days, since {last:%Y-%m-%d}; the longest usual "
                f"gap is {usual:.0f} days, {allowed:.0f} are allowed"
            )
            yield Finding("STALE_TABLE", table, last, silent, 0.0, allowed, "days", ALARM, sentence)


def newest_known(lake: Lake, since: pd.Timestamp) -> pd.Timestamp:
    """When the newest daily use became known; `since` where none has since then."""
    week = since - pd.Timedelta(days=7)
    told = lake.versions("consumption", columns=["available_at"], since=week)["available_at"]
    return since if told.empty else max(since, pd.Timestamp(told.max()))
