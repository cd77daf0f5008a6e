"""Every knob of the demand model, with its default."""

from pydantic import Field

from features.settings import Settings

__all__ = ["LEVELS", "BoosterConfig", "CalibrationConfig", "DemandConfig", "LinearConfig"]

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""The quantile levels forecast by default."""


class LinearConfig(Settings):
    """How the linear stage is fitted."""

    ridge: float = 3e-3
    """Penalty on standardised terms, relative to the weight of the data."""
    half_life_years: float = 3.0
    """Age at which a reading counts half."""
    robust_passes: int = 1
    """Reweighting passes that tame outliers (Huber weights at 3 scaled median deviations)."""
    stations: int = 3
    """How many of the best-fitting weather stations are averaged, at most."""


class BoosterConfig(Settings):
    """The global LightGBM stage: one model per quantile on one shared dataset."""

    rounds: int = Field(200, ge=10)
    learning_rate: float = Field(0.2, gt=0, le=1)
    leaves: int = Field(8, ge=2)
    min_leaf_rows: int = Field(100, ge=1)
    feature_fraction: float = Field(0.5, gt=0, le=1)
    row_fraction: float = Field(0.33, gt=0, le=1)
    """Share of the rows that a tree is grown on."""
    redraw_rounds: int = Field(3, ge=1)
    """After so many trees another share of the rows is drawn: drawing for every tree costs time and gains nothing."""
    l2: float = Field(5.0, ge=0)
    bins: int = Field(63, ge=15)
    max_rows: int = Field(150_000, ge=1000)
    threads: int = Field(2, ge=1)


class CalibrationConfig(Settings):
    """Conformal calibration on the last stretch before the end of training, forecast by models that never saw it."""

    days: int = Field(365, ge=7)
    share: float = Field(0.3, gt=0, lt=0.9)
    """The stretch is never longer than this share of the history."""
    max_issues: int = Field(120, ge=5)
    shrink_days: float = Field(45.0, ge=0)
    """A node's own correction weighs days / (days + this); the rest is the correction of all nodes together."""


class DemandConfig(Settings):
    """The demand model. `issue_hours` and `lead_hours` are local hours of issue, and leads, it is trained for."""

    levels: tuple[float, ...] = LEVELS
    horizon_hours: int = Field(336, ge=1, le=336)
    issue_hours: tuple[int, ...] = (0, 6, 12, 18)
    first_lead_hours: int = Field(0, ge=0)
    linear: LinearConfig = LinearConfig()
    booster: BoosterConfig = BoosterConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    seed: int = 7
