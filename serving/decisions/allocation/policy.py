"""What the utility decides about allocation; `configs/policy/allocation.yaml` holds the values in force."""

from pydantic import Field, field_validator

from features.settings import Settings

__all__ = ["PRIORITIES", "AllocationPolicy"]

PRIORITIES = (1, 2, 3, 4, 5)
"""Classes of applications, the most urgent first."""


class AllocationPolicy(Settings):
    """Frozen policy of allocation. Serving comes first, by weight; cost decides between equal service."""

    candidates: int = Field(6, ge=1, le=100, description="nearest areas looked at, of those that could take the load")
    max_distance_km: float = Field(5.0, gt=0, description="no connection is longer than this")
    seconds: float = Field(10.0, gt=0, le=600, description="the exact solver stops after so long")
    gap: float = Field(5e-4, ge=0, lt=1, description="or when its answer is proved this close to the best, relative")
    cost_cny_per_km: float = Field(120_000.0, ge=0, description="line between applicant and area")
    cost_cny_per_kva: float = Field(300.0, ge=0, description="equipment of the connection itself")
    power_factor: float = Field(
        0.95, gt=0.3, le=1, description="kW drawn per kVA of room, where classes say what is drawn"
    )
    weight: dict[int, float] = Field(
        {1: 1.0, 2: 0.5, 3: 0.25, 4: 0.125, 5: 0.0625},
        description="what one kVA left unserved counts, by priority; 1 is the most urgent",
    )

    @field_validator("weight")
    @classmethod
    def _every_priority(cls, value: dict[int, float]) -> dict[int, float]:
        if set(value) != set(PRIORITIES):
            raise ValueError(f"a weight for each priority is needed: {', '.join(map(str, PRIORITIES))}")
        falling = [value[one] for one in PRIORITIES]
        if min(falling) <= 0 or falling != sorted(falling, reverse=True):
            raise ValueError("weights are above zero and do not rise from priority 1 to 5")
        return value
