"""What customers allow, and what they do in the mobile application."""

import numpy as np
import pandas as pd

from features.demo.dealings.ground import Ground
from features.demo.dealings.habits import Habits
from features.demo.dealings.payments import Payments
from features.demo.tables import labels

__all__ = ["app_frame", "consent_frame"]

_ASKED = (
    # purpose, channel, share of those asked (of the application's users where that is the channel), share that agrees
    ("service", "text_message", 0.62, 0.97),
    ("service", "app", 0.70, 0.98),
    ("service", "hotline", 0.12, 0.80),
    ("marketing", "text_message", 0.28, 0.55),
    ("marketing", "app", 0.50, 0.62),
    ("marketing", "hotline", 0.06, 0.25),
    ("profiling", "app", 0.42, 0.58),
    ("third_party", "app", 0.15, 0.12),
    # Asked at the counter; last, so that what is drawn for the others stays as it is.
    ("service", "hall", 0.75, 0.97),
    ("marketing", "hall", 0.55, 0.66),
)
_WITHDRAWN_SHARE = {"service": 0.02, "marketing": 0.16, "profiling": 0.09, "third_party": 0.30}
_ACTIONS = ("usage", "bill", "outage", "offer", "points", "application", "other")
_ODDS = (0.36, 0.24, 0.06, 0.10, 0.12, 0.03, 0.09)
_ALL_ACTIONS = ("login", "payment", *_ACTIONS)
_DAYS_PER_MONTH = 2.4


def consent_frame(ground: Ground, habits: Habits) -> pd.DataFrame:
    """The contract's rows: asked once, and where it was taken back later three, as in the other ledgers."""
    rng = ground.rng(5)
    frames = []
    for purpose, channel, asked, agrees in _ASKED:
        known = habits.app_since if channel == "app" else ground.since
        who = np.flatnonzero((rng.random(ground.count) < asked) & (known < ground.span - 2))
        granted = rng.random(len(who)) < agrees
        day = known[who] + np.floor(rng.random(len(who)) ** 2 * (ground.span - 1 - known[who]))
        gone = day + 1 + np.floor(rng.exponential(200.0, len(who)))
        gone[~granted | (rng.random(len(who)) >= _WITHDRAWN_SHARE[purpose])] = ground.span
        one = pd.DataFrame({"customer": who, "purpose": purpose, "channel": channel, "granted": granted, "day": day})
        frames.append(one.assign(gone=gone))
    asked_all = pd.concat(frames, ignore_index=True)
    back = asked_all[asked_all["gone"] < ground.span]
    first = asked_all.assign(known=asked_all["day"], until=np.nan)
    closed = back.assign(known=back["gone"], until=back["gone"])
    after = back.assign(day=back["gone"], known=back["gone"], until=np.nan, granted=False)
    rows = pd.concat([first, closed, after], ignore_index=True)
    rows = rows.sort_values(["known", "customer", "purpose", "channel", "day"], kind="stable", ignore_index=True)
    frame = pd.DataFrame({"customer_id": labels(ground.customers.customer_ids, rows["customer"].to_numpy())})
    frame["purpose"], frame["channel"] = rows["purpose"], rows["channel"]
    frame["granted"] = rows["granted"].astype("boolean")
    frame["valid_from"] = ground.utc(rows["day"].to_numpy())
    until = rows["until"].fillna(0).to_numpy(dtype=float)
    frame["valid_to"] = pd.Series(ground.utc(until)).where(rows["until"].notna())
    frame["available_at"] = ground.utc(rows["known"].to_numpy())
    return frame


def app_frame(ground: Ground, habits: Habits, payments: Payments, contacts: pd.DataFrame) -> pd.DataFrame:
    """The contract's rows, one per customer, local day and action; known in the night that follows.

    Whoever pays by the application was there that day, and whoever turned to the utility by it (`contacts`: customer,
    day, action) as well; in between people look at their use, their bills and their points.
    """
    rng = ground.rng(6)
    by_app = payments.channel == "app"
    paid = pd.DataFrame({"customer": payments.customer[by_app], "day": np.floor(payments.paid[by_app])})
    seen = [_browsing(ground, habits, rng), paid.assign(action="payment"), paid.assign(action="bill"), contacts]
    rows = pd.concat([one for one in seen if len(one)] or seen[:1], ignore_index=True)
    rows = rows[rows["day"] < ground.span - 1]
    visits = rows[["customer", "day"]].drop_duplicates().assign(action="login")
    rows = pd.concat([visits, rows], ignore_index=True)
    action = pd.Categorical(rows["action"], categories=_ALL_ACTIONS).codes.astype(np.int64)
    code = (
        rows["customer"].to_numpy(dtype=np.int64) * ground.span + rows["day"].to_numpy(dtype=np.int64)
    ) * 16 + action
    kinds, count = np.unique(code, return_counts=True)
    customer, day = np.divmod(kinds // 16, ground.span)
    frame = pd.DataFrame({"customer_id": labels(ground.customers.customer_ids, customer)})
    frame["start_utc"], frame["end_utc"] = ground.utc(day), ground.utc(day + 1)
    frame["action"] = labels(_ALL_ACTIONS, kinds % 16)
    frame["count"] = pd.array(count, dtype="Int64")
    frame["active_minutes"] = np.round(count * rng.gamma(1.5, 1.1, len(count)) + 0.1, 1)
    frame["available_at"] = frame["end_utc"] + pd.Timedelta(hours=3)
    return frame


def _browsing(ground: Ground, habits: Habits, rng: np.random.Generator) -> pd.DataFrame:
    """Days on which users look into the application of their own accord, and what they look at."""
    user = np.flatnonzero(habits.app_since < ground.span - 1)
    left = ground.span - 1 - habits.app_since[user]
    keen = rng.gamma(1.1, _DAYS_PER_MONTH / 1.1, len(user))
    times = rng.poisson(keen * left / 30.4)
    customer = np.repeat(user, times)
    day = habits.app_since[customer] + np.floor(rng.random(len(customer)) * np.repeat(left, times))
    frame = pd.DataFrame({"customer": customer, "day": day, "action": rng.choice(_ACTIONS, len(customer), p=_ODDS)})
    # Whoever has left looks no more; his last bills he may still pay there.
    return frame[day < ground.until[customer]]
