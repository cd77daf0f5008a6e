"""How models of theft are learnt; `configs/anomaly.yaml` holds the values in force."""

from pydantic import Field

from features.settings import Settings
from training.anomaly.attacks import AttackConfig
from training.anomaly.windows import WindowConfig

__all__ = ["BoosterConfig", "DetectorConfig", "LessonConfig"]


class BoosterConfig(Settings):
    """Gradient-boosted trees, several of them averaged; every second one splits at random thresholds."""

    rounds: int = Field(600, ge=10)
    learning_rate: float = Field(0.04, gt=0, le=1)
    leaves: int = Field(31, ge=2)
    min_leaf_rows: int = Field(10, ge=1)
    feature_fraction: float = Field(0.2, gt=0, le=1)
    row_fraction: float = Field(0.7, gt=0, le=1)
    l2: float = Field(5.0, ge=0)
    bags: int = Field(2, ge=1, description="models averaged, each with its own seed")
    bins: int = Field(127, ge=15)
    threads: int = Field(1, ge=1)


class LessonConfig(Settings):
    """Which cases a model learns from: customers as they are, copies with an attack, and both at earlier days."""

    copies: int = Field(8, ge=0, description="attacked copies of each honest customer at the last day")
    copies_weight: float = Field(1.0, gt=0, description="all copies of a customer weigh so much together")
    earlier_days: tuple[int, ...] = Field((60, 120, 180), description="also learns from so many days before the end")
    earlier_copies: int = Field(3, ge=0)
    earlier_weight: float = Field(0.5, gt=0, description="weight of a case at an earlier day")


class DetectorConfig(Settings):
    """Everything that decides a model of theft at one day."""

    windows: WindowConfig = WindowConfig()
    attacks: AttackConfig = AttackConfig()
    lessons: LessonConfig = LessonConfig()
    booster: BoosterConfig = BoosterConfig()
    seed: int = 7
