"""What steers the value models; `configs/value.yaml` holds the values in force."""

from pydantic import Field

from features.settings import Settings

__all__ = ["HeadConfig", "ValueConfig"]


class HeadConfig(Settings):
    """The boosters behind every figure: small trees, much shrinkage, since customers are few and their years fewer."""

    rounds: int = Field(120, ge=1)
    learning_rate: float = Field(0.05, gt=0, le=1)
    leaves: int = Field(12, ge=2)
    min_leaf_rows: int = Field(80, ge=1)
    feature_fraction: float = Field(0.5, gt=0, le=1)
    row_fraction: float = Field(0.6, gt=0, le=1)
    l2: float = Field(5.0, ge=0)


class ValueConfig(Settings):
    """Frozen settings of the value models."""

    policy_file: str = Field("policy/value.yaml", description="below configs/: costs of energy, losses, bad debt")
    horizon_days: int = Field(365, ge=90, le=365, description="shorter where the books are young; put on a year")
    origin_step_months: int = Field(2, ge=1, le=12, description="distance between the origins it learns from")
    most_origins: int = Field(12, ge=1, description="the latest ones are kept")
    levels: tuple[float, float, float] = (0.1, 0.5, 0.9)
    heads: HeadConfig = HeadConfig()
    believed_share: float = Field(0.5, ge=0, le=1, description="part of the told change of the median that is believed")
    common_sd: float = Field(
        0.07, ge=0, le=0.5, description="how far a year moves all together beside the weather, of their size"
    )
    weather_gain: float = Field(
        1.3, ge=0, le=3, description="margin moves so many times as far as use, by the dearer steps of tariffs; 0: off"
    )
    held_out_share: float = Field(0.3, gt=0, lt=1, description="customers by whom ranges are calibrated")
    least_cases: int = Field(300, ge=50, description="cases below which nothing is learnt")
    least_increases: int = Field(
        40, ge=1, description="increases of capacity below which their rate is that of the class"
    )
    least_gain: float = Field(0.01, ge=0, lt=1, description="share of the error by which a model must beat last period")
    check_days: int = Field(90, ge=30, le=300, description="a shorter outcome to judge by, where years overlap")
    least_size_cny: float = Field(30.0, gt=0, description="a year's margin below which customers count as alike")
    seed: int = 7
