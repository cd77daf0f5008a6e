"""The learners made of trees: a booster, and a forest of random cuts, both LightGBM and stored as its text."""

from typing import Any

import numpy as np

from training.tabular.config import BoosterConfig, ForestConfig
from training.tabular.logits import logit

__all__ = ["Trees", "fit_booster", "fit_forest"]

_ALWAYS = {"verbose": -1, "bagging_freq": 1, "deterministic": True, "force_row_wise": True}


class Trees:
    """A LightGBM model that gives log-odds. `shares` says that its own output is a probability."""

    def __init__(self, text: str, shares: bool) -> None:
        import lightgbm as lgb

        self.text, self.shares = text, shares
        self._model = lgb.Booster(model_str=text)

    def logits(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of every row of `X` [rows × features]."""
        # What LightGBM calls raw of a forest is the sum over its trees; only the finished answer is their mean.
        given = np.asarray(self._model.predict(X, raw_score=not self.shares), dtype=np.float64)
        return logit(given) if self.shares else given

    def gains(self) -> np.ndarray:
        """Share of the gain that each feature has in the cuts; zeros where there are none."""
        gain = np.asarray(self._model.feature_importance("gain"), dtype=np.float64)
        return gain / max(float(gain.sum()), 1e-300)


def fit_booster(X: np.ndarray, y: np.ndarray, config: BoosterConfig, threads: int, seed: int) -> Trees:
    """Boosting on the log-loss of `y` (0 or 1)."""
    settings = {
        "objective": "binary",
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_leaf_rows,
        "feature_fraction": config.feature_share,
        "bagging_fraction": config.row_share,
        "lambda_l2": config.l2,
    }
    return Trees(_trained(X, y, settings, config.rounds, threads, seed), shares=False)


def fit_forest(X: np.ndarray, y: np.ndarray, config: ForestConfig, threads: int, seed: int) -> Trees:
    """A forest on the squares of `y` (0 or 1): a leaf holds the share of ones, and variance is Gini's index."""
    settings = {
        "objective": "regression",
        "boosting": "rf",
        "extra_trees": True,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_leaf_rows,
        "max_bin": config.bins,
        # A tree sees some of the features, a cut half of those: histograms are made for what the tree sees only.
        "feature_fraction": min(2 * config.feature_share, 1.0),
        "feature_fraction_bynode": 0.5,
        "bagging_fraction": config.row_share,
    }
    return Trees(_trained(X, y, settings, config.trees, threads, seed), shares=True)


def _trained(X: np.ndarray, y: np.ndarray, settings: dict[str, Any], rounds: int, threads: int, seed: int) -> str:
    import lightgbm as lgb

    names = [f"f{place}" for place in range(X.shape[1])]
    data = lgb.Dataset(X, y, feature_name=names, free_raw_data=False)
    given = {**_ALWAYS, **settings, "num_threads": threads, "seed": seed}
    return str(lgb.train(given, data, rounds).model_to_string())
