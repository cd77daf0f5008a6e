"""How a study is run; the YAML files of the search spaces hold the values in force."""

from pydantic import Field

from features.settings import Settings
from training.tuning.space import Space

__all__ = [
    "CustomerSpace",
    "CustomerTuning",
    "DemandSpace",
    "DemandTuning",
    "PeakSpace",
    "PeakTuning",
    "TuningSettings",
]


class TuningSettings(Settings):
    """What studies of every model share."""

    folds: int = Field(3, ge=1, description="rolling origins, each scored on what came after it")
    seed: int = Field(11, ge=0, description="of the sampler; the model's own seed is the same in all trials")
    startup_trials: int = Field(6, ge=1, description="trials at random before the sampler learns from them")
    prune_after_trials: int = Field(4, ge=1, description="complete trials before any is given up early")
    prune_percentile: float = Field(33.0, gt=0, le=100, description="a fold's mean above it ends the trial")
    dead_after_hours: float = Field(6.0, gt=0, description="age at which another machine's open trial counts as dead")


class DemandTuning(TuningSettings):
    """Folds and fidelity of the demand model's study.

    A trial is a model of fewer rows and fewer levels than the final one: differences between settings are much the
    same, at a fraction of the time. The best few are then scored with all rows the final model would have.
    """

    validation_days: int = Field(365, ge=14, description="the stretch before the end that the folds share out")
    share: float = Field(0.4, gt=0, lt=0.9, description="the stretch is never longer than this share of the history")
    max_rows: int = Field(60_000, ge=500, description="training rows of a fold, at most")
    max_scored_rows: int = Field(40_000, ge=500, description="scored rows of a fold, at most")
    finalists: int = Field(2, ge=0, description="the best that are scored again with all rows of the final model")
    levels: tuple[float, ...] = Field((0.1, 0.5, 0.9), min_length=2, description="quantile levels trained and scored")
    block_issues: int = Field(7, ge=1, description="neighbouring issues that are calibrated or scored together")
    kept_preparations: int = Field(12, ge=1, description="linear stages with their rows kept in memory")


class PeakTuning(TuningSettings):
    """Origins and fidelity of the peak model's study."""

    folds: int = Field(4, ge=1, description="rolling origins, each scored on what came after it")
    origin_step_days: int = Field(182, ge=7, description="distance between origins")
    horizon_days: int = Field(365, ge=7, description="days after the origin whose peak is scored")
    scenarios: int = Field(96, ge=50, description="scenarios of a trial; the final model draws more")


class CustomerTuning(TuningSettings):
    """Folds of the studies of customer models."""

    least_cases: int = Field(100, ge=1, description="cases known at an origin, for it to be a fold")
    unit_customers: int = Field(60, ge=1, description="units with fewer customers are scored together")


class CustomerSpace(Space):
    """The search spaces of value, anomaly and prospects."""

    study: CustomerTuning = CustomerTuning()


class DemandSpace(Space):
    """configs/demand.space.yaml."""

    study: DemandTuning = DemandTuning()


class PeakSpace(Space):
    """configs/peak.space.yaml."""

    study: PeakTuning = PeakTuning()
