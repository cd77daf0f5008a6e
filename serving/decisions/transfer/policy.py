"""What the utility decides about transfers; `configs/policy/transfers.yaml` holds the values in force."""

from pydantic import Field

from features.settings import Settings

__all__ = ["TransferPolicy"]


class TransferPolicy(Settings):
    """Frozen policy of transfers: limits that must hold, and how far and how finely is searched."""

    source_pu: float = Field(1.0, gt=0.8, lt=1.2, description="voltage held where feeders begin, of the nominal")
    low_pu: float = Field(0.93, gt=0.5, lt=1, description="the lowest voltage allowed on a line, of the nominal")
    nominal_kv: float = Field(10.0, gt=0, description="voltage of lines whose segments do not say theirs")
    power_factor: float = Field(0.95, ge=0.3, le=1, description="of the load for which room is looked for")
    tolerance_kva: float = Field(1.0, gt=0, description="how finely room is found")
    most_kva: float = Field(100_000.0, gt=0, description="no more room than this is looked for")
    least_gain_kva: float = Field(5.0, ge=0, description="a switching that gains less is not offered")
    reach: int = Field(2, ge=1, le=5, description="how many ties away a feeder may be that takes part")
    switchings: int = Field(
        2, ge=1, le=5, description="the most exchanges of a plan: one tie closed, one branch opened"
    )
    width: int = Field(8, ge=1, description="how many switchings are followed further")
    plans: int = Field(5, ge=1, description="the most plans that are offered")
    most_cases: int = Field(20_000, ge=1, description="the most pairs of exchanges tried to leave a local optimum")
