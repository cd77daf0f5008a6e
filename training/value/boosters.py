"""LightGBM as the value models use it: one thread, text on disk, a seed that settles everything."""

from pathlib import Path
from typing import Any

import numpy as np

from features.errors import ModelError
from training.value.config import HeadConfig

__all__ = ["fit_booster", "load_booster", "save_booster"]


def fit_booster(
    features: np.ndarray, target: np.ndarray, config: HeadConfig, seed: int, objective: str, level: float = 0.5
) -> Any:
    """A booster of `target` [n] on `features` [n × F]; `level` is that of the objective "quantile"."""
    import lightgbm as lgb

    params = {
        "objective": objective,
        "alpha": level,
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": min(config.min_leaf_rows, max(len(target) // 10, 1)),
        "feature_fraction": config.feature_fraction,
        "bagging_fraction": config.row_fraction,
        "bagging_freq": 1,
        "lambda_l2": config.l2,
        "max_bin": 63,
        "feature_pre_filter": False,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "verbose": -1,
    }
    return lgb.train(params, lgb.Dataset(features, target, params=params), config.rounds)


def save_booster(booster: Any, path: Path) -> None:
    """Write one as LightGBM text."""
    path.write_text(booster.model_to_string(), encoding="utf-8")


def load_booster(path: Path) -> Any:
    """Read one that `save_booster` wrote; ModelError when it is missing or unreadable."""
    import lightgbm as lgb

    try:
        return lgb.Booster(model_str=path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, lgb.basic.LightGBMError) as error:
        raise ModelError(f"{path} is not a readable LightGBM model ({error})") from error
