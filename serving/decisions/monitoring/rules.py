"""A policy as channels: which figure is held against which level, and for how long it must stay beyond it."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.monitoring.batch import MEASURES
from serving.decisions.monitoring.codes import NODE_EVENT_KIND
from serving.decisions.monitoring.policy import Duration, MonitoringPolicy

__all__ = ["KINDS", "PLANES", "Channel", "Rules", "planes_of", "shown", "unit_of"]

KINDS = NODE_EVENT_KIND.values
"""Kinds of events; arrays hold their positions here."""

PLANES = ("load", "utilisation", "export", "low_voltage", "high_voltage", "imbalance")
"""Figures that channels judge; all are turned so that larger is worse."""

_PLANE_OF = {"heavy": 1, "overload": 1, "reverse_flow": 2, "low_voltage": 3, "high_voltage": 4, "imbalance": 5}
_UPSIDE_DOWN = ("low_voltage", "reverse_flow")
_UNITS = {"low_voltage": "V", "high_voltage": "V", "stale": "min"}


@dataclass(frozen=True)
class Channel:
    """One plane against one level. `tier` is the place of a tier of the long overload, -1 for all else."""

    kind: int
    plane: int
    level: float
    seconds: int
    at_level: bool
    tier: int = -1

    def beyond(self, score: np.ndarray) -> np.ndarray:
        """Where scores lie beyond the level."""
        return score >= self.level if self.at_level else score > self.level


@dataclass(frozen=True)
class Rules:
    """What a policy asks of readings that come every `step_seconds`; the channels of tiers come last, base first."""

    channels: tuple[Channel, ...]
    step_seconds: int
    joined_slots: int
    interpolated: bool
    stale_seconds: int
    tier_levels: tuple[float, ...]

    @classmethod
    def of(cls, policy: MonitoringPolicy, step_minutes: int) -> "Rules":
        """The rules of `policy` at one resolution of readings."""
        load = policy.at_level
        single = [_channel(kind, getattr(policy, kind), load and kind in ("heavy", "overload")) for kind in _PLANE_OF]
        long = KINDS.index("long_overload")
        tiers = [
            Channel(long, 1, tier.level, tier.minutes * 60, load, place)
            for place, tier in enumerate(policy.long_overload)
        ]
        return cls(
            channels=(*single, *tiers),
            step_seconds=step_minutes * 60,
            joined_slots=policy.joined_steps(step_minutes),
            interpolated=policy.crossings == "interpolated",
            stale_seconds=policy.stale_minutes * 60,
            tier_levels=tuple(tier.level for tier in policy.long_overload),
        )


def _channel(kind: str, rule: Duration, at_level: bool) -> Channel:
    level = -rule.level if kind == "low_voltage" else rule.level
    return Channel(KINDS.index(kind), _PLANE_OF[kind], level, rule.minutes * 60, at_level)


def planes_of(values: np.ndarray, rating_kw: np.ndarray) -> list[np.ndarray]:
    """Figures [row, slot] of every plane, from values [measure, row, slot]; NaN where they are not known.

    Utilisation counts export, too: a transformer is heated by power whichever way it flows.
    """
    load, low, high, imbalance = (values[place] for place in range(len(MEASURES)))
    share = load / rating_kw[:, None]
    return [load, np.abs(share), -share, -low, high, imbalance]


def shown(kind: int, value: float) -> float:
    """A score as people know the figure."""
    return -value if KINDS[kind] in _UPSIDE_DOWN else value


def unit_of(kind: int) -> str:
    """Unit of a kind's figures; shares of the rating, or of the largest phase, have the unit 1."""
    return _UNITS.get(KINDS[kind], "1")
