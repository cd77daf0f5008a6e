"""What weighs how much when records of the systems are brought together; read from configs/policy/reconcile.yaml."""

from typing import TypeVar

from pydantic import Field, field_validator

from features.contracts import CODE_LISTS
from features.settings import Settings

__all__ = ["Applications", "Comovement", "Likeness", "ReconcilePolicy"]


N = TypeVar("N", int, float)


class Likeness(Settings):
    """Log odds that two records mean one thing; what is not known of both adds nothing. Distances in metres."""

    prior: float = 0.0
    reference: float = 4.0
    reference_elsewhere: float = -3.0
    name_same: float = 4.0
    name_number_differs: float = -5.0
    name_place_differs: float = -3.0
    parent_same: float = 2.0
    parent_differs: float = -2.0
    location_same: float = 2.5
    location_differs: float = -1.0
    near: float = 2.5
    far: float = -4.0
    near_m: float = Field(250, gt=0)
    far_m: float = Field(1500, gt=0)
    rating_same: float = 1.0
    rating_differs: float = -1.0
    customers_same: float = 8.0
    customers_differ: float = -6.0


class Comovement(Settings):
    """How much of the past is compared, and how much what moves together weighs against what ledgers say."""

    days: int = Field(90, ge=7, le=800)
    use_days: int = Field(800, ge=30, le=2000)
    unnamed: float = Field(-3.0, le=0)
    least_hours: int = Field(240, ge=24)
    least_days: int = Field(60, ge=14)
    weight: float = Field(1.0, ge=0)


class Applications(Settings):
    """When an application repeats another, and when its kVA must be in another unit."""

    repeat_days: int = Field(30, ge=1, le=365)
    beyond_rating: float = Field(3.0, gt=1)


def _due() -> dict[str, int]:
    return dict.fromkeys(CODE_LISTS["work_item_kind"].values, 10)


class ReconcilePolicy(Settings):
    """Everything reconciliation weighs by. `votes` are log odds by system, `due_working_days` by kind of work item.

    `power_factor` and `allowed_utilisation` are a node's, where no ledger knows them.
    """

    likeness: Likeness = Likeness()
    accept: float = Field(0.8, gt=0, lt=1)
    clear: float = Field(0.95, gt=0, lt=1)
    votes: dict[str, float] = Field(
        default_factory=lambda: {"marketing": 1.0, "assets": 1.2, "topology": 0.9, "collection": 1.4}
    )
    comovement: Comovement = Comovement()
    applications: Applications = Applications()
    due_working_days: dict[str, int] = Field(default_factory=_due)
    power_factor: float = Field(0.95, ge=0.3, le=1)
    allowed_utilisation: float = Field(0.8, ge=0.05, le=1.5)

    @field_validator("votes")
    @classmethod
    def _systems(cls, value: dict[str, float]) -> dict[str, float]:
        return _keyed(value, "source_system")

    @field_validator("due_working_days")
    @classmethod
    def _kinds(cls, value: dict[str, int]) -> dict[str, int]:
        return _keyed(value, "work_item_kind")


def _keyed(value: dict[str, N], codes: str) -> dict[str, N]:
    known = set(CODE_LISTS[codes].values)
    if set(value) != known:
        odd = sorted(set(value) ^ known)
        raise ValueError(f"needs one entry for each {codes}; missing or unknown: {', '.join(odd)}")
    return value
