"""By which way somebody is reached: what he allows, where he is active, and whether the hour is a silent one."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.pushes.catalogue import CHANNELS, Service
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import People
from serving.decisions.selection import Wide

__all__ = ["APP", "HALL", "NOWHERE", "Reach", "reach"]

APP, HALL = CHANNELS.index("app"), CHANNELS.index("hall")
NOWHERE = -1
"""The channel of one whom none reaches."""


@dataclass(frozen=True)
class Reach:
    """Of each customer: whether he allows the service's purpose by any of its channels; the channel, int8 place in
    CHANNELS or NOWHERE; whether that is silent now; what a contact costs, CNY (where none reaches him, as by the first
    that he allows)."""

    allowed: np.ndarray
    channel: np.ndarray
    silent: np.ndarray
    cost_cny: np.ndarray


def reach(service: Service, policy: PushPolicy, wide: Wide, people: People, hour: int) -> Reach:
    """How a service's offer reaches each customer at a local hour. Who is active in the app gets it there, where both
    the service and his consent allow it; else a card waits at his hall."""
    many = len(wide)
    active = wide.numbers["app_active_days_90d"] >= policy.app_active_days
    there = {"app": active, "hall": wide.texts["hall_id"].codes >= 0}
    allowed = np.zeros(many, dtype=bool)
    channel = np.full(many, NOWHERE, dtype=np.int8)
    cost = np.full(many, np.nan)
    silent = np.zeros(many, dtype=bool)
    for name in service.channels:
        consents = people.consents.get((service.purpose, name))
        if consents is None:
            continue
        cost[consents & ~allowed] = service.cost_cny[name]
        allowed |= consents
        reached = consents & there[name] & (channel == NOWHERE)
        channel[reached] = CHANNELS.index(name)
        cost[reached] = service.cost_cny[name]
        quiet = policy.quiet.get(name)
        silent[reached] = quiet is not None and quiet.silent(hour)
    return Reach(allowed, channel, silent, cost)
