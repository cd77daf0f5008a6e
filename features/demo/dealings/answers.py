"""How content customers were with what was done for them: the longer it took, the less."""

import numpy as np
import pandas as pd

from features.demo.applications import application_frame
from features.demo.config import TIME_ZONE
from features.demo.dealings.ground import Ground, instants
from features.demo.dealings.habits import Habits
from features.demo.dealings.orders import Orders
from features.demo.dealings.wording import ANSWERS, BURSTS, TOPICS

__all__ = ["satisfaction_frame"]

_ORDERS_ANSWERED, _APPLICATIONS_ANSWERED = 0.24, 0.4
_ASKED_BY, _ODDS = ("text_message", "hotline", "app"), (0.6, 0.25, 0.15)
_PATIENCE_DAYS = 150.0
"""From an application to its supply within so many days most are content."""


def satisfaction_frame(ground: Ground, habits: Habits, orders: Orders) -> pd.DataFrame:
    """The contract's rows, answers to closed work orders and to applications that were supplied."""
    rng = ground.rng(12)
    rows = pd.concat([_of_orders(ground, orders, rng), _of_applications(ground, rng)], ignore_index=True)
    rows["answered_at"] = _by_day(rows["done"], rng)
    rows["channel"] = rng.choice(_ASKED_BY, len(rows), p=_ODDS)
    users = pd.Series(habits.app_since, index=list(ground.customers.customer_ids), dtype=float)
    elsewhere = ~(ground.utc(rows["customer_id"].map(users).fillna(ground.span).to_numpy()) <= rows["answered_at"])
    rows.loc[(rows["channel"] == "app") & elsewhere, "channel"] = "text_message"
    said = rng.random(len(rows)) < np.where(rows["score"].isin([3, 4]), 0.15, 0.35)
    pick = rng.integers(0, 1 << 20, len(rows))
    words = [ANSWERS[score][p % len(ANSWERS[score])] for score, p in zip(rows["score"].tolist(), pick, strict=True)]
    rows["text"] = [word if speaks else None for word, speaks in zip(words, said, strict=True)]
    rows["available_at"] = rows["answered_at"] + pd.Timedelta(minutes=1)
    rows = rows[rows["available_at"] <= ground.end].sort_values("answered_at", kind="stable", ignore_index=True)
    rows.insert(0, "answer_id", [f"Q{i + 1:06d}" for i in range(len(rows))])
    return rows.drop(columns="done")


def _by_day(done: pd.Series, rng: np.random.Generator) -> pd.Series:
    """One to three days after what is asked about, between nine in the morning and nine in the evening."""
    midnight = done.dt.tz_convert(TIME_ZONE).dt.normalize().dt.tz_convert("UTC")
    minutes = 1440 * rng.integers(1, 4, len(done)) + rng.integers(540, 1260, len(done))
    return (midnight + pd.to_timedelta(minutes, unit="min")).dt.as_unit("us")


def _score(liking: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(np.round(liking + 0.7 * rng.standard_normal(len(liking))), 1, 5).astype(int)


def _of_orders(ground: Ground, orders: Orders, rng: np.random.Generator) -> pd.DataFrame:
    """Answers to closed work orders: less content with complaints, with a second call, and with every delay."""
    topics = TOPICS | BURSTS
    rows = np.flatnonzero((orders.closed < ground.span) & (rng.random(len(orders.closed)) < _ORDERS_ANSWERED))
    kind = np.array([topics[topic].kind for topic in orders.topic[rows]], dtype=object)
    share = (orders.closed[rows] - orders.opened[rows]) / (orders.due[rows] - orders.opened[rows])
    liking = 5.2 - 1.6 * np.minimum(share, 2.0) - 0.7 * (kind == "complaint") - 0.6 * (orders.repeats[rows] >= 0)
    ids = np.array([*ground.customers.customer_ids, None], dtype=object)
    frame = pd.DataFrame({"customer_id": ids[orders.customer[rows]]})
    frame["work_order_id"] = np.array(orders.order_ids, dtype=object)[rows]
    frame["application_id"] = None
    frame["score"] = _score(liking.astype(float), rng)
    frame["done"] = ground.utc(orders.closed[rows])
    return frame


def _of_applications(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """Answers to applications supplied within the days of daily use."""
    versions = application_frame(ground.applications, ground.days, ground.network, ground.customers.of_application)
    versions = instants(versions, "energised_at")
    first = ground.utc(np.zeros(1))[0]
    done = versions[(versions["status"] == "energised") & (versions["energised_at"] >= first)]
    done = done[rng.random(len(done)) < _APPLICATIONS_ANSWERED]
    days = (done["energised_at"] - done["submitted_at"]).dt.total_seconds() / 86_400
    frame = done[["customer_id", "application_id"]].assign(work_order_id=None, done=done["energised_at"])
    frame["score"] = _score((5.3 - 1.2 * days / _PATIENCE_DAYS).to_numpy(), rng)
    return frame[["customer_id", "work_order_id", "application_id", "score", "done"]]
