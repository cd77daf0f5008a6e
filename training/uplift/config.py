"""Every knob of uplift, with its default."""

from pydantic import Field

from features.settings import Settings

__all__ = ["TreesConfig", "UpliftConfig"]


class TreesConfig(Settings):
    """Boosted trees (LightGBM)."""

    rounds: int = Field(60, ge=1)
    learning_rate: float = Field(0.05, gt=0, le=1)
    leaves: int = Field(4, ge=2)
    min_leaf_rows: int = Field(60, ge=1)
    feature_share: float = Field(0.5, gt=0, le=1)
    """Share of the features that a tree may use."""
    row_share: float = Field(0.7, gt=0, le=1)
    l2: float = Field(20.0, ge=0)


class UpliftConfig(Settings):
    """The learner and what it takes for it to be used."""

    folds: int = Field(6, ge=3, description="by person; from the third on each is judged by those before it")
    outcome: TreesConfig = TreesConfig()
    """Who takes it, offered or not: it takes noise out of what is compared, and no more."""
    effect: TreesConfig = TreesConfig(rounds=80, learning_rate=0.03, leaves=3, min_leaf_rows=100, l2=50.0)
    """What the offer changes: shallow and slow, for what it learns from is mostly noise."""
    least_persons: int = Field(100, ge=20, description="in each arm; with fewer nothing is learnt")
    least_successes: int = Field(30, ge=5, description="in both arms together")
    draws: int = Field(1000, ge=100, description="of the bootstrap by person")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the interval whose lower end has to be above zero")
    window_days: int = Field(60, ge=1, le=365, description="days after a contact within which its outcome counts")
    threads: int = Field(1, ge=1)
    seed: int = 0
