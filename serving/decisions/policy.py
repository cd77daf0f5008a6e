"""What the utility decides about open capacity; `configs/policy/capacity.yaml` holds the values in force."""

from pydantic import Field, field_validator

from features.settings import Settings
from serving.decisions.seasons import SEASONS

__all__ = ["CapacityPolicy"]


class CapacityPolicy(Settings):
    """Frozen policy of the capacity answer. Confidence levels ask for history and for evidence in years."""

    horizon_days: int = Field(
        365, ge=1, le=1827, description="the period for which capacity must hold; beyond two years it is a scenario"
    )
    round_kva: float = Field(5.0, gt=0, description="figures are rounded down to a multiple of this")
    max_stale_days: int = Field(14, ge=0, description="a node without newer load than this is not answered")
    min_recent_share: float = Field(0.6, ge=0, le=1, description="known share of the last year a node needs")
    nominal_kv: float = Field(10.0, gt=0, description="voltage of lines whose segments do not say theirs")
    source_pu: float = Field(1.0, gt=0.8, lt=1.2, description="voltage held where feeders begin, of the nominal")
    low_pu: float = Field(0.93, gt=0.5, lt=1, description="the lowest voltage allowed on a line, of the nominal")
    voltage_hours: int = Field(4, ge=1, description="worst hours of each block of the day at which voltage is reckoned")
    voltage_tolerance_kva: float = Field(1.0, gt=0, description="how finely voltage is confirmed")
    line_rating: dict[str, float] = Field(
        {"winter": 1.0, "spring": 1.0, "summer": 1.0, "autumn": 1.0},
        description="what feeders may carry in each season, of their thermal limit; a season left out: all of it",
    )
    valid_days: int = Field(31, ge=1, description="how long an answer may be used")
    high_history_days: int = Field(1000, ge=1)
    high_recent_share: float = Field(0.95, ge=0, le=1)
    high_evidence_years: float = Field(1.9, ge=0)
    medium_history_days: int = Field(700, ge=1)
    medium_recent_share: float = Field(0.8, ge=0, le=1)
    medium_evidence_years: float = Field(0.9, ge=0)

    @field_validator("line_rating")
    @classmethod
    def _known_seasons(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(value) - set(SEASONS))
        if unknown:
            raise ValueError(f"no season is called {unknown[0]}; they are {', '.join(SEASONS)}")
        if any(not 0 < one <= 2 for one in value.values()):
            raise ValueError("a season's share of the thermal limit lies above 0 and is 2 at most")
        return value
