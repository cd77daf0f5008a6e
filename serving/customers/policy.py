"""When something is said of a customer; `configs/policy/portrait.yaml` holds the values in force."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from features.configs import config_path
from features.settings import Settings, load_settings

__all__ = ["PortraitPolicy", "load_portrait_policy"]


class PortraitPolicy(Settings):
    """Frozen policy of portraits; shares are of 1."""

    band_tags: dict[str, Literal["high", "medium", "low"]] = Field(
        {"high_value": "high", "medium_value": "medium", "low_value": "low"},
        description="tags that say the band; where none of them is held the rank within the class does",
    )
    high_rank: float = Field(0.9, gt=0, lt=1, description="expected margin above that of this share of the class: high")
    medium_rank: float = Field(0.5, gt=0, lt=1, description="above this: medium; below: low")
    noticeable_share: float = Field(0.05, ge=0, description="a smaller change of use is none")
    season_share: float = Field(0.25, ge=0, description="summer or winter that much above spring and autumn")
    weekend_share: float = Field(0.2, ge=0, description="weekends that much above or below working days")
    part_of_day_factor: float = Field(1.3, ge=1, description="that many times an even share of the day's hours")
    slope_share_c: float = Field(0.02, ge=0, description="use that grows so much with each degree")
    vacancy_days: int = Field(14, ge=1, description="near-zero days on end")
    shift_days: int = Field(180, ge=1, description="how long a lasting change of level is news")
    late_share: float = Field(0.25, ge=0, description="share of bills paid late")
    arrears_cny: float = Field(1.0, ge=0, description="what is open of bills that are due")
    counter_share: float = Field(0.5, ge=0, description="share of payments made at a counter")
    contract_use_share: float = Field(0.85, ge=0, description="highest load over the agreed capacity")
    valley_share: float = Field(
        0.4, ge=0, description="use in cheap hours that makes a tariff by the hour worth a look"
    )
    outage_days: int = Field(3, ge=1, description="days of faults in a year")
    repeats: int = Field(2, ge=1, description="concerns raised again within a week, in a year")
    more_capacity: float = Field(0.3, ge=0, le=1, description="probability, next 12 months")
    electrify: float = Field(0.3, ge=0, le=1, description="probability, next 12 months")
    leave: float = Field(0.3, ge=0, le=1, description="probability, next 12 months")
    theft_score: float = Field(0.5, ge=0, le=1, description="or a standing alarm")

    @model_validator(mode="after")
    def _high_is_above_medium(self) -> "PortraitPolicy":
        if self.high_rank <= self.medium_rank:
            raise ValueError("high_rank has to be above medium_rank")
        return self


def load_portrait_policy(path: Path | None = None) -> PortraitPolicy:
    """The policy of `path`, or the one in force."""
    return load_settings(PortraitPolicy, path or config_path("policy/portrait.yaml"))
