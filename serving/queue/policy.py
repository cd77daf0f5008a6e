"""What the utility decides about the queue; `configs/policy/queue.yaml` holds the values in force."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from features.configs import config_path
from features.contracts import CUSTOMER_CLASSES
from features.settings import Settings, load_settings

__all__ = ["QueuePolicy", "load_queue_policy"]


class QueuePolicy(Settings):
    """Frozen policy of the queue."""

    order: Literal["first_come", "priority"] = Field("first_come", description="who is earlier")
    priority: dict[str, int] = Field({}, description="rank of each customer class, lower is earlier; others come last")
    overtaking: bool = Field(False, description="whether one may pass an earlier one that waits for the same node")
    basis: Literal["requested", "expected"] = Field("requested", description="what is kept free for an application")
    hold_days: int = Field(30, ge=1, le=366, description="how long capacity is held for one that fits")
    release_days: int = Field(30, ge=1, le=366, description="how long a released one may take to be approved")
    round_kva: float = Field(5.0, gt=0, description="figures of what would fit are rounded down to a multiple of this")

    @field_validator("priority")
    @classmethod
    def _known_classes(cls, value: dict[str, int]) -> dict[str, int]:
        unknown = sorted(set(value) - set(CUSTOMER_CLASSES))
        if unknown:
            raise ValueError(f"no customer class is called {unknown[0]}; they are {', '.join(CUSTOMER_CLASSES)}")
        return value

    def rank(self, customer_class: str) -> int:
        """Rank of a class; 0 for all where the first to come is the first."""
        if self.order == "first_come":
            return 0
        return self.priority.get(customer_class, 1 + max(self.priority.values(), default=0))


def load_queue_policy(path: Path | None = None) -> QueuePolicy:
    """The policy of `path`, or the one in force."""
    return load_settings(QueuePolicy, path or config_path("policy/queue.yaml"))
