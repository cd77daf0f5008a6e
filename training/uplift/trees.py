"""The trees: LightGBM on squares, stored as its text."""

import numpy as np

from training.uplift.config import TreesConfig

__all__ = ["Trees", "fit_trees"]

_ALWAYS = {"objective": "regression", "verbose": -1, "bagging_freq": 1, "deterministic": True, "force_row_wise": True}


class Trees:
    """A fitted model; `text` is all it is."""

    def __init__(self, text: str) -> None:
        import lightgbm as lgb

        self.text = text
        self._model = lgb.Booster(model_str=text)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The mean expected of every row of `X` [rows × features]."""
        return np.asarray(self._model.predict(X), dtype=np.float64)

    def gains(self) -> np.ndarray:
        """Share of the gain that each feature has in the cuts; zeros where there are none."""
        gain = np.asarray(self._model.feature_importance("gain"), dtype=np.float64)
        return gain / max(float(gain.sum()), 1e-300)


def fit_trees(X: np.ndarray, y: np.ndarray, config: TreesConfig, threads: int, seed: int) -> Trees:
    """Boosting on the squared error of `y`, from its mean on: with few rows it stays there."""
    import lightgbm as lgb

    settings = {
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_leaf_rows,
        "feature_fraction": config.feature_share,
        "bagging_fraction": config.row_share,
        "lambda_l2": config.l2,
        "num_threads": threads,
        "seed": seed,
    }
    names = [f"f{place}" for place in range(X.shape[1])]
    data = lgb.Dataset(X, y, feature_name=names, free_raw_data=False)
    return Trees(str(lgb.train({**_ALWAYS, **settings}, data, config.rounds).model_to_string()))
