"""The learner that boosts trees: LightGBM, stored as its text."""

from typing import Any

import numpy as np

from training.tabular.config import BoosterConfig

__all__ = ["Booster", "fit_booster"]

_ALWAYS = {"verbose": -1, "bagging_freq": 1, "deterministic": True, "force_row_wise": True}


class Booster:
    """A LightGBM model that gives log-odds; `text` is all it is."""

    def __init__(self, text: str) -> None:
        import lightgbm as lgb

        self.text = text
        self._model = lgb.Booster(model_str=text)

    def logits(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of every row of `X` [rows × features]."""
        return np.asarray(self._model.predict(X, raw_score=True), dtype=np.float64)

    def gains(self) -> np.ndarray:
        """Share of the gain that each feature has in the cuts; zeros where there are none."""
        gain = np.asarray(self._model.feature_importance("gain"), dtype=np.float64)
        return gain / max(float(gain.sum()), 1e-300)


def fit_booster(X: np.ndarray, y: np.ndarray, config: BoosterConfig, threads: int, seed: int) -> Booster:
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
    return Booster(_trained(X, y, settings, config.rounds, threads, seed))


def _trained(X: np.ndarray, y: np.ndarray, settings: dict[str, Any], rounds: int, threads: int, seed: int) -> str:
    import lightgbm as lgb

    names = [f"f{place}" for place in range(X.shape[1])]
    data = lgb.Dataset(X, y, feature_name=names, free_raw_data=False)
    given = {**_ALWAYS, **settings, "num_threads": threads, "seed": seed}
    return str(lgb.train(given, data, rounds).model_to_string())
