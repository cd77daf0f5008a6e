"""What counts as an event at a node; `configs/policy/monitoring_a.yaml` and `monitoring_b.yaml` hold two rule sets."""

from itertools import pairwise
from typing import Literal

from pydantic import Field, field_validator

from features.contracts.codes import NODE_KIND
from features.settings import Settings

__all__ = ["Duration", "MonitoringPolicy"]


class Duration(Settings):
    """A level, and for how many minutes a value must stay beyond it before that is an event.

    Minutes rather than points, so that readings of 15 minutes and of an hour are judged alike.
    """

    level: float = Field(gt=0)
    minutes: int = Field(ge=0)


class MonitoringPolicy(Settings):
    """Frozen policy of the monitoring of nodes. Levels of load are shares of the rating, those of voltage are volts."""

    rule_set: str = Field(min_length=1, max_length=32, description="the name events are kept under")
    at_level: bool = Field(description="whether a load right at its level counts as beyond it")
    crossings: Literal["interval", "interpolated"] = Field(
        description="events begin and end with the intervals of their readings, or where the straight line between "
        "two readings crosses the level"
    )
    bridge_points: int = Field(ge=0, le=96, description="missing points in a row that do not end an event")
    reset_gap_minutes: int = Field(ge=0, le=1440, description="neighbours farther apart than this end an event")
    invalid_values: tuple[float, ...] = Field(description="what the collection system writes for `not known`")
    correct_days: int = Field(8, ge=1, le=62, description="how far back late readings are taken in")
    stale_minutes: int = Field(ge=1, description="silence longer than this is an event, and ends all others")
    heavy: Duration
    overload: Duration
    long_overload: tuple[Duration, ...] = Field(
        min_length=1, description="from the lowest level up, each with a shorter time"
    )
    low_voltage: Duration
    high_voltage: Duration
    voltage_kinds: tuple[str, ...] = Field(description="kinds of node whose voltages are single-phase ones")
    reverse_flow: Duration
    imbalance: Duration
    imbalance_min_share: float = Field(ge=0, le=1, description="phases are compared from this share of the rating on")

    @field_validator("long_overload")
    @classmethod
    def _rising(cls, value: tuple[Duration, ...]) -> tuple[Duration, ...]:
        if any(low.level >= high.level or low.minutes <= high.minutes for low, high in pairwise(value)):
            raise ValueError("levels must rise and minutes must fall from one tier to the next")
        return value

    @field_validator("voltage_kinds")
    @classmethod
    def _known_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - set(NODE_KIND.values))
        if unknown:
            raise ValueError(f"no kind of node is called {unknown[0]}; they are {', '.join(NODE_KIND.values)}")
        return value

    def joined_steps(self, step_minutes: int) -> int:
        """How many steps two neighbouring readings may be apart and still belong to one run."""
        return max(1, 1 + self.bridge_points, self.reset_gap_minutes // step_minutes)
