"""How the probabilities of foreseen crossings are learnt; `configs/foreseen.yaml` holds the values in force."""

from pydantic import Field, field_validator

from features.settings import Settings

__all__ = ["ForeseenConfig"]


class ForeseenConfig(Settings):
    """Which days are forecast again to learn from, and what counts as a crossing."""

    run_minutes: int = Field(120, ge=1, description="a level counts when it is held for so long without a break")
    longest_lead_days: int = Field(7, ge=1, le=13, description="local days ahead that are foreseen")
    weeks: int = Field(26, ge=4, le=104, description="the last weeks, which the backtested model has not seen")
    every_days: int = Field(2, ge=1, le=7, description="days from one backtested issue to the next")
    issue_hours: tuple[int, ...] = Field((12, 18, 6, 0), description="local hours of issue, taken in turn")
    least_issues: int = Field(20, ge=5, description="a lead with fewer backtested issues is given no probability")
    half_life_days: float = Field(45.0, gt=0, description="age at which a backtested issue counts half")
    high_share: float = Field(0.8, ge=0, lt=1, description="days of a node with forecasts above this share are high")
    ordinary_weight: float = Field(0.1, gt=0, le=1, description="weight of a day that is not high for its node")
    ridge_issues: float = Field(1.0, ge=0, description="slopes are drawn to 0 as if so many issues had shown none")
    node_days: float = Field(30.0, ge=0, description="a node's own offset weighs days / (days + this)")
    shrink_cases: float = Field(2000.0, ge=0, description="a kind of node weighs n / (n + this) against all nodes")

    @field_validator("issue_hours")
    @classmethod
    def _hours_of_the_day(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or any(not 0 <= hour <= 23 for hour in value):
            raise ValueError("at least one local hour of issue, each from 0 to 23")
        return value
