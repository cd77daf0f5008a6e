"""The classifier of theft: several boosters on the terms, averaged on the scale of log odds."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.anomaly.config import BoosterConfig
from training.anomaly.lessons import Lessons

if TYPE_CHECKING:
    import lightgbm

__all__ = ["Booster", "fit_booster"]


class Booster:
    """A fitted classifier. `columns` are the terms it was fitted on, in order."""

    def __init__(self, models: "Sequence[lightgbm.Booster]", columns: Sequence[str]) -> None:
        self.models = list(models)
        self.columns = list(columns)

    def log_odds(self, terms: pd.DataFrame) -> np.ndarray:
        """Mean log odds [rows] that what the meter shows is not the use."""
        values = terms[self.columns].to_numpy(np.float32)
        said = [model.predict(values, raw_score=True, num_threads=1) for model in self.models]
        return np.asarray(np.mean(said, axis=0))

    def gains(self) -> dict[str, float]:
        """Term → gain of the splits on it, over all models."""
        total = np.sum([model.feature_importance("gain") for model in self.models], axis=0)
        return {name: float(gain) for name, gain in zip(self.columns, total, strict=True)}

    def save(self, folder: Path) -> None:
        """Write one text file for each model."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, model in enumerate(self.models):
            (folder / f"{number}.txt").write_text(model.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Booster":
        """What `save` wrote. ModelError where there is none."""
        import lightgbm

        files = sorted(folder.glob("*.txt"), key=lambda path: int(path.stem))
        if not files:
            raise ModelError(f"{folder}: no booster of theft is kept here")
        models = [lightgbm.Booster(model_str=path.read_text(encoding="utf-8")) for path in files]
        return cls(models, models[0].feature_name())


def fit_booster(rows: Lessons, config: BoosterConfig, seed: int) -> Booster:
    """Fit on lessons. Raises ModelError where they are of one kind only."""
    import lightgbm

    if rows.stolen.all() or not rows.stolen.any():
        raise ModelError(f"a model of theft needs cases of both kinds; all {len(rows.stolen)} are of one")
    data = lightgbm.Dataset(
        rows.terms.to_numpy(np.float32),
        rows.stolen.astype(float),
        weight=rows.weight,
        feature_name=list(rows.terms.columns),
        params={"max_bin": config.bins, "verbose": -1, "num_threads": config.threads, "feature_pre_filter": False},
        free_raw_data=False,
    )
    models = [lightgbm.train(_params(config, seed, bag), data, config.rounds) for bag in range(config.bags)]
    return Booster(models, list(rows.terms.columns))


def _params(config: BoosterConfig, seed: int, bag: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_leaf_rows,
        "min_sum_hessian_in_leaf": 1e-4,
        "feature_fraction": config.feature_fraction,
        "bagging_fraction": config.row_fraction,
        "bagging_freq": 1,
        "lambda_l2": config.l2,
        "extra_trees": bag % 2 == 1,
        "seed": seed + bag,
        "num_threads": config.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
        "max_bin": config.bins,
        "feature_pre_filter": False,
    }
