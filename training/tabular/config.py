"""Every knob of the tabular classifier, with its default."""

from pydantic import Field

from features.settings import Settings

__all__ = ["BoosterConfig", "ForestConfig", "NetworkConfig", "TabularConfig"]


class BoosterConfig(Settings):
    """Boosted trees (LightGBM), shallow and slow."""

    copies: int = Field(1, ge=0)
    """Models per fold, which differ by their seed alone; 0 leaves the learner out (so for all learners)."""
    rounds: int = Field(350, ge=1)
    learning_rate: float = Field(0.02, gt=0, le=1)
    leaves: int = Field(31, ge=2)
    min_leaf_rows: int = Field(60, ge=1)
    feature_share: float = Field(0.12, gt=0, le=1)
    """Share of the features that a tree may use."""
    row_share: float = Field(0.6, gt=0, le=1)
    l2: float = Field(20.0, ge=0)


class ForestConfig(Settings):
    """Trees with random cuts, grown side by side (extremely randomised trees, Geurts et al. 2006)."""

    copies: int = Field(1, ge=0)
    trees: int = Field(40, ge=1)
    min_leaf_rows: int = Field(5, ge=1)
    feature_share: float = Field(0.2, gt=0, le=1)
    """Share of the features that a cut may use."""
    row_share: float = Field(1.0, gt=0, le=1)


class NetworkConfig(Settings):
    """A small perceptron on the normal scores of the features."""

    copies: int = Field(1, ge=0)
    layers: tuple[int, ...] = (24,)
    l2: float = Field(2.0, ge=0)
    epochs: int = Field(15, ge=1)
    batch_rows: int = Field(256, ge=1)
    learning_rate: float = Field(1e-3, gt=0, le=1)


class TabularConfig(Settings):
    """The classifier. Its parts are fitted once per inner fold; their mean answers."""

    folds: int = Field(8, ge=2)
    booster: BoosterConfig = BoosterConfig()
    forest: ForestConfig = ForestConfig()
    network: NetworkConfig = NetworkConfig()
    mix_l2: float = Field(3.0, ge=0)
    """How strongly the weights of the learners are drawn to equal ones, in cases."""
    threads: int = Field(1, ge=1)
    seed: int = 0
