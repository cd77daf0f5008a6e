"""What the utility decides about open capacity; `configs/policy/capacity.yaml` holds the values in force."""

from pydantic import Field

from features.settings import Settings

__all__ = ["CapacityPolicy"]


class CapacityPolicy(Settings):
    """Frozen policy of the capacity answer. Confidence levels ask for history and for evidence in years."""

    horizon_days: int = Field(365, ge=1, le=730, description="the period for which capacity must hold")
    round_kva: float = Field(5.0, gt=0, description="figures are rounded down to a multiple of this")
    max_stale_days: int = Field(14, ge=0, description="a node without newer load than this is not answered")
    min_recent_share: float = Field(0.6, ge=0, le=1, description="known share of the last year a node needs")
    valid_days: int = Field(31, ge=1, description="how long an answer may be used")
    high_history_days: int = Field(1000, ge=1)
    high_recent_share: float = Field(0.95, ge=0, le=1)
    high_evidence_years: float = Field(1.9, ge=0)
    medium_history_days: int = Field(700, ge=1)
    medium_recent_share: float = Field(0.8, ge=0, le=1)
    medium_evidence_years: float = Field(0.9, ge=0)
