"""Every knob of prospects, with its default."""

from pydantic import Field

from features.settings import Settings
from training.tabular import BoosterConfig, ForestConfig, NetworkConfig, TabularConfig

__all__ = ["OutcomeConfig", "ProspectsConfig"]


class OutcomeConfig(Settings):
    """From when on use that changed counts as one of the outcomes. Shares are relative to the use before."""

    growth_share: float = Field(0.3, gt=0)
    """Growth from one year to the next by which a customer needs more capacity, whether he asks for it or not."""
    electric_share: float = Field(0.3, gt=0)
    """Rise of a home's use, lasting or of each winter, that tells of electric heat or a car."""
    winter_over_rest: float = Field(1.25, ge=1)
    """How much more winter rises than the warm months beside it, where it is for heat."""
    sudden_share: float = Field(0.7, gt=0, le=1)
    """How much of a rise comes within two months, where it is an appliance and no growth."""
    gone_share: float = Field(0.03, gt=0, lt=1)
    """Use below this share of what it was counts as none."""
    gone_days: int = Field(60, ge=7)
    """A customer has left whose use was none for so many days to the end of the outcome."""
    least_kwh_day: float = Field(0.5, gt=0)
    """Customers who used less per day before say nothing of growth, and cannot be seen to leave."""
    least_known_share: float = Field(0.6, gt=0, le=1)


def _words() -> dict[str, tuple[str, ...]]:
    return {
        "capacity": ("增容", "扩建", "用电容量", "三相电"),
        "charger": ("充电桩",),
        "leaving": ("销户", "退租", "过户"),
    }


class ProspectsConfig(Settings):
    """The family's settings. `origin_step_months` lie between origins; `least_cases` of an outcome are needed to learn
    it, else its base rate by class is said.
    """

    words: dict[str, tuple[str, ...]] = Field(default_factory=_words)
    """What customers speak of before they turn: one feature per name, the work orders of 12 months with such a word."""
    origin_step_months: int = Field(3, ge=1, le=12)
    most_origins: int = Field(12, ge=1)
    least_cases: int = Field(40, ge=5)
    outcome: OutcomeConfig = OutcomeConfig()
    classifier: TabularConfig = TabularConfig(
        folds=4,
        booster=BoosterConfig(rounds=150, leaves=6, learning_rate=0.04, feature_share=0.4, min_leaf_rows=60),
        forest=ForestConfig(trees=40, min_leaf_rows=20),
        network=NetworkConfig(copies=0),
    )
