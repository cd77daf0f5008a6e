"""What the utility decides about offers; `configs/policy/pushes.yaml` holds the values in force."""

from typing import Literal

from pydantic import Field

from features.settings import Settings

__all__ = ["PushPolicy", "QuietHours"]


class QuietHours(Settings):
    """Local hours in which a channel is silent: from `begins` to `ends`, over midnight where that is the smaller."""

    begins: int = Field(ge=0, le=23)
    ends: int = Field(ge=0, le=23)

    def silent(self, hour: int) -> bool:
        """Whether a local hour lies within."""
        if self.begins <= self.ends:
            return self.begins <= hour < self.ends
        return hour >= self.begins or hour < self.ends


class PushPolicy(Settings):
    """Frozen policy of offers; shares are of 1."""

    universal_holdout: float = Field(0.05, ge=0, le=0.5, description="share of persons who are never offered anything")
    campaign_holdout: float = Field(0.10, ge=0, le=0.5, description="share of persons each campaign leaves out")
    explore: float = Field(0.10, ge=0, le=0.5, description="share of the eligible whose order is drawn, not scored")
    salt: str = Field("headroom", min_length=1, description="another one draws other hold-outs")
    quiet: dict[Literal["app", "hall"], QuietHours] = Field({}, description="by channel; those not named never rest")
    per_channel_days: int = Field(7, ge=1, description="within so many days a person is contacted once a channel")
    per_channel_contacts: int = Field(1, ge=1)
    total_days: int = Field(30, ge=1, description="within so many days, by all channels together")
    total_contacts: int = Field(3, ge=1)
    app_active_days: float = Field(1, gt=0, description="days of the last 90 with the app in use that make one active")
    max_snapshot_days: int = Field(
        14, ge=0, description="nothing is offered on a snapshot of customers older than this"
    )
    max_capacity_days: int = Field(31, ge=0, description="nothing that adds load on open capacity older than this")
    power_factor: float = Field(0.95, gt=0, le=1, description="kW drawn per kVA of room")
    constrained_kva: float = Field(
        10, ge=0, description="an area with no more than this left in a block is constrained"
    )
    relief_cover: float = Field(1.0, gt=0, description="sought until it is so many times what is missing")
    relief_least_kw: float = Field(
        0.5, ge=0, description="what frees less from one who accepts is no relief, and offered like all else"
    )
    relief_contacts: int = Field(40, ge=1, description="at a constrained node in one run, at most")
    hall_contacts: int = Field(200, ge=1, description="cards for one hall in one run, at most")
    least_score_cny: float = Field(0.0, description="an offer whose score is not above this is not made")
