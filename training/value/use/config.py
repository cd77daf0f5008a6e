"""What steers the forecast of customers' use over a season."""

from pydantic import Field

from features.settings import Settings

__all__ = ["UseConfig"]


class UseConfig(Settings):
    """Frozen settings of the forecast of use. The defaults were chosen on earlier origins of Yangzhong, rolling."""

    horizon_days: int = Field(92, ge=7, le=366)
    origin_step_days: int = Field(7, ge=1, description="distance between the origins it learns from")
    min_history_days: int = Field(77, ge=56, description="known days before the first origin")
    least_kwh_day: float = Field(10.0, ge=0, description="customers below this level of a quarter teach it nothing")
    most_share: float = Field(0.2, gt=0, le=1, description="a customer with more of all use than this teaches nothing")

    weight_power: float = Field(0.25, ge=0, le=1, description="a case weighs by its level to this power: 1 is kWh")
    rounds: int = Field(150, ge=1)
    learning_rate: float = Field(0.05, gt=0, le=1)
    leaves: int = Field(31, ge=2)
    min_leaf_rows: int = Field(200, ge=1)
    feature_fraction: float = Field(0.5, gt=0, le=1)
    row_fraction: float = Field(0.7, gt=0, le=1)
    l2: float = Field(5.0, ge=0)
    bags: int = Field(4, ge=1, description="boosters of different seeds that are averaged")
    linear_share: float = Field(0.5, ge=0, le=1, description="part of the linear combination of levels in the mean")

    season_past_days: int = Field(56, ge=14, description="last year's season is told from so many days before it")
    season_limit: float = Field(0.5, gt=0, description="a log ratio of last year counts up to here")
    season_weight: float = Field(0.35, ge=0, le=1, description="part of it that comes again, where it was not learnt")
    least_season_origins: int = Field(3, ge=1, description="origins with a year behind them, to learn that part")
    seed: int = 7
