"""Settings of the anomaly family: which cases it learns from, and how; `configs/anomaly.yaml` holds the defaults."""

from pydantic import Field

from features.settings import Settings
from training.anomaly.attacks import AttackConfig
from training.anomaly.config import BoosterConfig
from training.anomaly.daily import DailyConfig
from training.anomaly.windows import WindowConfig

__all__ = ["AnomalyConfig"]


class AnomalyConfig(Settings):
    """What `headroom train anomaly` reads."""

    windows: WindowConfig = WindowConfig(window_days=180, history_days=630, turned=False)
    attacks: AttackConfig = AttackConfig(most_days=600)
    booster: BoosterConfig = BoosterConfig(rounds=200, learning_rate=0.08, leaves=15, bags=1)
    daily: DailyConfig = DailyConfig(
        every_days=30, copies=1, booster=BoosterConfig(rounds=150, learning_rate=0.08, leaves=15, bags=1)
    )
    alarms: bool = Field(True, description="also fit the daily scores; else there are no alarms")
    max_origins: int = Field(6, ge=1, description="the newest origins, a month apart, that cases are made at")
    horizon_days: int = Field(90, ge=7, le=90, description="an inspection within so many days tells what a case was")
    least_days: int = Field(270, ge=240, description="days of use known before an origin, of half of the customers")
    least_known_days: int = Field(150, ge=60, description="a customer with fewer known days is given no score")
    max_customers: int = Field(6000, ge=50, description="customers of an origin that a model learns from, at most")
    max_daily_customers: int = Field(1500, ge=50, description="customers that the daily scores learn from, at most")
    copies: int = Field(2, ge=0, description="more attacked copies of each honest case")
    inspected_weight: float = Field(3.0, gt=0, description="weight of a case that was looked at on site")
    prior_share: float = Field(0.015, gt=0, lt=0.5, description="customers with abnormal use, as far as is known")
    told_from_score: float = Field(0.1, ge=0, le=1, description="lost energy is told from this theft score on")
    seed: int = 7
