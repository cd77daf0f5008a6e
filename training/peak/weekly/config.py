"""What steers forecasts of weekly maxima; `configs/weekly.yaml` holds the values in force."""

from pydantic import Field, field_validator, model_validator

from features.settings import Settings
from training.peak.steps import StepRule
from training.standing import FIRM_DAYS

__all__ = ["WeeklyConfig"]


class WeeklyConfig(Settings):
    """Frozen settings of the weekly maximum."""

    seed: int = 20
    levels: tuple[float, ...] = Field((0.5, 0.9, 0.95), min_length=1)
    first_week: int = Field(4, ge=0, description="weeks from the origin to the first week stated")
    last_week: int = Field(26, ge=0, le=520, description="weeks from the origin to the last week stated")
    min_history_days: int = Field(350, ge=30, description="known days a node needs before its peak is stated")
    enough_of_block: float = Field(0.75, gt=0, le=1, description="share of a block that must be known")
    firm_days: int = Field(FIRM_DAYS, ge=1, description="beyond it a figure is a scenario, not a firm figure")

    scenarios: int = Field(240, ge=50)
    stations: int = Field(3, ge=1, description="the stations that explain a node best, averaged")
    harmonics: int = Field(4, ge=1, le=12, description="Fourier pairs of the year")
    half_life_days: float = Field(730.0, gt=0, description="age at which a day counts half")
    ridge: float = Field(3.0, gt=0, description="penalty in days of evidence, on standardised features")
    trend_ridge: float = Field(400.0, gt=0, description="how strongly a node's own trend is held")
    recent_share: float = Field(0.9, ge=0, le=1, description="share of the recent residual taken into the level")
    recent_half_life_days: float = Field(45.0, gt=0)
    residual_block_days: int = Field(14, ge=1, description="length of the blocks in which residuals are drawn")
    season_days: int = Field(28, ge=0, description="residuals come from within so many days of the season")
    weather_shift_days: int = Field(21, ge=0, description="a past weather year is moved by up to so many days")
    whole_weather_share: float = Field(
        0.5, ge=0, le=1, description="share of scenarios whose past weather keeps the season it comes from"
    )
    tail_quantile: float = Field(0.995, gt=0.5, lt=1, description="beyond it residuals are extrapolated")
    level_error: float = Field(0.07, ge=0, description="sd of the log error of a node's level, months ahead")

    direct_share: float = Field(0.35, ge=0, le=1, description="weight of the direct quantiles beside the scenarios")
    direct_error: float = Field(
        0.11, ge=0, description="sd of the relative error of the direct quantiles, year to year"
    )
    direct_weeks: int = Field(26, ge=1, description="weeks of targets the direct member needs before it is heard")
    leaves: int = Field(4, ge=2)
    rounds: int = Field(100, ge=1)
    learning_rate: float = Field(0.08, gt=0, le=1)
    min_rows_in_leaf: int = Field(300, ge=1)

    steps: StepRule = Field(StepRule(days=28, floor=0.4), description="level steps, judged sooner than for a year")

    @field_validator("levels")
    @classmethod
    def _rising(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < low < high < 1 for low, high in zip((1e-9, *levels), levels, strict=False)):
            raise ValueError("levels lie between 0 and 1 and rise")
        return levels

    @model_validator(mode="after")
    def _in_order(self) -> "WeeklyConfig":
        if self.last_week < self.first_week:
            raise ValueError("last_week lies before first_week")
        return self
