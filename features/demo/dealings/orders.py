"""Contacts become work orders: a hall, a channel, a text, a time allowed, an end; and another where it took long."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo import names
from features.demo.dealings.ground import Ground
from features.demo.dealings.habits import Habits
from features.demo.dealings.wording import BURSTS, TOPICS, write

__all__ = ["Orders", "make_orders", "online_contacts", "order_frame"]

_CHANNELS, _ODDS = ("hotline", "hall", "website", "app"), (0.62, 0.17, 0.06, 0.15)
_ABOUT_A_PLACE = ("outage", "low_voltage", "noise", "hazard", "theft", "subway_works", "tripping", "levee_works")
_REPEATED = 0.05
_REPEATED_WHEN_LATE = 0.22
_KNOWN_AFTER_DAYS = 3 / 1440


@dataclass(frozen=True)
class Orders:
    """One entry per work order, ordered by opening; `customer` and `repeats` are -1 where there is none.

    `opened`, `due` and `closed` are span days with their hours; `closed` is beyond the span where it is still open.
    """

    customer: np.ndarray
    area: np.ndarray
    topic: np.ndarray
    burst: np.ndarray
    opened: np.ndarray
    due: np.ndarray
    closed: np.ndarray
    channel: np.ndarray
    repeats: np.ndarray

    @property
    def order_ids(self) -> tuple[str, ...]:
        """Numbers of the work orders, in the order of the entries."""
        return tuple(f"G{i + 1:07d}" for i in range(len(self.customer)))


def make_orders(ground: Ground, habits: Habits, contacts: pd.DataFrame) -> Orders:
    """Deal with every contact, and let some people turn up again within a week because it took too long."""
    rng = ground.rng(10)
    first = _dealt_with(ground, contacts.rename(columns={"day": "opened"}), rng).assign(repeats=-1)
    late = first["closed"] > first["due"]
    # Whoever was not named cannot be known to come again.
    again = (rng.random(len(first)) < np.where(late, _REPEATED_WHEN_LATE, _REPEATED)) & (first["customer"] >= 0)
    again &= ~first["topic"].isin(["praise", "suggestion"])
    second = first.loc[again, ["customer", "area", "topic"]].assign(burst=-1, repeats=np.flatnonzero(again))
    second["opened"] = first["opened"][again] + rng.uniform(0.3, 6.9, len(second))
    second = _dealt_with(ground, second[second["opened"] < ground.span - 0.05], rng)
    both = pd.concat([first, second], ignore_index=True)
    order = np.argsort(both["opened"].to_numpy(), kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    both["repeats"] = np.where(both["repeats"] >= 0, place[both["repeats"].to_numpy()], -1)
    both["channel"] = _channels(habits, both, rng)
    both = both.iloc[order]
    return Orders(**{name: both[name].to_numpy() for name in Orders.__dataclass_fields__})


def _dealt_with(ground: Ground, contacts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """When each is due and done: mostly in half the time allowed, one in eight too late; some halls are slower."""
    slower = np.exp(0.25 * rng.standard_normal(int(ground.network.hall_of_feeder.max()) + 1))
    opened = np.round(contacts["opened"].to_numpy(dtype=float) * 1440) / 1440
    topics = TOPICS | BURSTS
    allowed = (
        contacts["topic"].map({name: topic.due_hours / 24 for name, topic in topics.items()}).to_numpy(dtype=float)
    )
    hall = ground.hall(contacts["area"].to_numpy(dtype=int), opened)
    taken = allowed * 0.42 * slower[hall] * np.exp(0.75 * rng.standard_normal(len(contacts)))
    closed = opened + np.maximum(np.round(taken * 1440), 12) / 1440
    return contacts.assign(opened=opened, due=opened + allowed, closed=closed)


def _channels(habits: Habits, orders: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """The way each came: the application only for those who use it then, and no counter at night."""
    channel = rng.choice(_CHANNELS, len(orders), p=_ODDS).astype(object)
    customer, opened = orders["customer"].to_numpy(), orders["opened"].to_numpy()
    user = (customer >= 0) & (np.append(habits.app_since, np.inf)[customer] <= np.floor(opened))
    hour = opened % 1 * 24
    channel[((channel == "app") & ~user) | ((channel == "hall") & ((hour < 9) | (hour > 17)))] = "hotline"
    return channel


def online_contacts(orders: Orders) -> pd.DataFrame:
    """Work orders that came by the application, as days of its use: customer, day, action."""
    topics = TOPICS | BURSTS
    rows = np.flatnonzero((orders.channel == "app") & (orders.customer >= 0))
    actions = [topics[topic].online for topic in orders.topic[rows]]
    return pd.DataFrame({"customer": orders.customer[rows], "day": np.floor(orders.opened[rows]), "action": actions})


def order_frame(ground: Ground, orders: Orders) -> pd.DataFrame:
    """The contract's rows: one when a work order was opened and, where it was closed by the end, one from then on."""
    topics = TOPICS | BURSTS
    frame = pd.DataFrame({"work_order_id": list(orders.order_ids)})
    ids = np.array([*ground.customers.customer_ids, None], dtype=object)
    frame["customer_id"] = ids[orders.customer]
    nodes = np.array(ground.network.area_ids, dtype=object)[orders.area]
    nodes[~np.isin(orders.topic, _ABOUT_A_PLACE)] = None
    frame["node_id"] = nodes
    frame["hall_id"] = [f"H{hall + 1:02d}" for hall in ground.hall(orders.area, orders.opened)]
    frame["kind"] = [topics[topic].kind for topic in orders.topic]
    frame["channel"] = orders.channel
    frame["text"] = _texts(ground, orders)
    frame["opened_at"], frame["due_at"] = ground.utc(orders.opened), ground.utc(orders.due)
    frame["closed_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    numbers = np.array([*orders.order_ids, None], dtype=object)
    frame["repeats_id"] = numbers[orders.repeats]
    frame["available_at"] = ground.utc(orders.opened + _KNOWN_AFTER_DAYS)
    done = orders.closed < ground.span
    closed = ground.utc(np.where(done, orders.closed, 0.0))[done]
    end = frame[done].assign(closed_at=closed, available_at=closed)
    return pd.concat([frame, end]).sort_values(["available_at", "work_order_id"], ignore_index=True)


def _texts(ground: Ground, orders: Orders) -> list[str]:
    """Texts with the names of estates and streets; of persons and numbers there are none to mask."""
    rng = ground.rng(11)
    estates = [names.estate_name(area) for area in range(len(ground.network.area_ids))]
    streets = [names.street_name(int(feeder)) for feeder in ground.network.feeder_of_area]
    rows = zip(orders.topic, orders.area, orders.repeats, strict=True)
    return [write(topic, estates[area], streets[area], repeats >= 0, rng) for topic, area, repeats in rows]
