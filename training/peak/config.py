"""What steers the peak model; `configs/peak.yaml` holds the values in force."""

from pydantic import Field

from features.settings import Settings
from training.peak.steps import StepRule

__all__ = ["PeakConfig"]


class PeakConfig(Settings):
    """Frozen settings of the peak model. Times are local days unless said."""

    seed: int = 20
    scenarios: int = Field(256, ge=50, description="scenarios shared by all nodes")
    calibration_scenarios: int = Field(96, ge=50, description="scenarios per earlier origin")
    horizons_days: tuple[int, ...] = Field((7, 31, 92, 365), description="horizons for which a factor is calibrated")
    min_history_days: int = Field(350, ge=30, description="known days a node needs before its peak is stated")
    enough_of_block: float = Field(0.75, gt=0, le=1, description="share of a block that must be known")
    harmonics: int = Field(4, ge=1, le=12, description="Fourier pairs of the year")
    half_life_days: float = Field(730.0, gt=0, description="age at which a day counts half in the point model")
    ridge: float = Field(3.0, gt=0, description="penalty in days of evidence, on standardised features")
    trend_ridge: float = Field(400.0, gt=0, description="how strongly a node's own trend leans on that of its level")
    recent_share: float = Field(1.0, ge=0, le=1, description="share of the recent gap taken into the level")
    recent_half_life_days: float = Field(20.0, gt=0)
    recent_common_nodes: float = Field(5.0, ge=0, description="nodes whose shared gap is half put down to the weeks")
    anchor_half_life_days: float = Field(500.0, gt=0, description="age at which a past peak counts half")
    anchor_lean: float = Field(1.5, ge=0, description="years of peaks that the model's own word is worth")
    steps: StepRule = Field(StepRule(), description="level steps: flagged, and the past raised to the new level")
    residual_block_days: int = Field(14, ge=1, description="length of the blocks in which residuals are drawn")
    season_days: int = Field(28, ge=0, description="residuals come from within so many days of the season")
    weather_shift_days: int = Field(10, ge=0, description="a past weather year is moved by up to so many days")
    tail_quantile: float = Field(0.995, gt=0.5, lt=1, description="beyond it residuals are extrapolated")
    node_error: float = Field(0.08, ge=0, description="prior sd of a node's own error of a year's peak")
    common_error: float = Field(0.04, ge=0, description="prior sd of the shock all nodes of a year share")
    target_coverage: float = Field(0.95, gt=0.5, lt=1)
    origin_step_days: int = Field(91, ge=7, description="distance between earlier origins")
    origins: int = Field(12, ge=0, description="most earlier origins used")
    prior_kappa: dict[str, float] = Field(
        {"area": 1.16, "feeder": 1.11, "substation": 1.10},
        min_length=1,
        description="conformal factor of each level without any evidence",
    )
    prior_years: float = Field(2.0, ge=0, description="years of evidence the prior is worth")
