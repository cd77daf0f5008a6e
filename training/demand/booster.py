"""The global booster: one LightGBM model per quantile over all nodes, in units of each node's trailing level."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import ModelError
from training.demand.config import BoosterConfig
from training.demand.rows import Rows

__all__ = ["MEMBERS", "Booster"]

MEMBERS = ("ratio", "residual", "share")
"""`ratio` predicts load over level, `residual` what the linear stage leaves, over level, `share` the same over what
the linear stage itself says of the hour; their mean is better than any (measured on GEFCom2012 before July 2007)."""

_FEW_ROWS, _SHARE_OF_FEW = 30_000.0, 0.5
"""A tree is grown on this many rows at least, though on no more than this share because of it."""

_LEAST_SHARE = 0.2
"""`share` counts in units of the linear stage, though never less than this much of the level."""


@dataclass(frozen=True)
class Booster:
    """Fitted models: member → one LightGBM model per level."""

    levels: tuple[float, ...]
    feature_names: tuple[str, ...]
    models: dict[str, list[Any]]

    @classmethod
    def fit(
        cls,
        rows: Rows,
        weight: np.ndarray,
        levels: tuple[float, ...],
        names: tuple[str, ...],
        config: BoosterConfig,
        seed: int,
    ) -> "Booster":
        """Train every level of every member; rows are [n], `weight` [n].

        Models train side by side with one thread each: threads within one LightGBM model wait for each other at
        every leaf, and on a busy machine that costs more than it gives.
        """
        from concurrent.futures import ThreadPoolExecutor

        half = (len(levels) + 1) // 2
        jobs = [(member, part) for member in MEMBERS for part in (levels[:half], levels[half:])]

        def train(job: tuple[str, tuple[float, ...]]) -> list[Any]:
            return _train_member(_label(job[0], rows), rows.features, weight, job[1], names, config, seed)

        with ThreadPoolExecutor(max_workers=min(config.threads, len(jobs))) as pool:
            trained = list(pool.map(train, jobs))
        models: dict[str, list[Any]] = {member: [] for member in MEMBERS}
        for (member, _), part in zip(jobs, trained, strict=True):
            models[member] += part
        return cls(levels, names, models)

    def predict_kw(
        self, features: np.ndarray, scale_kw: np.ndarray, linear_kw: np.ndarray, threads: int = 1
    ) -> np.ndarray:
        """Raw quantiles in kW [n, levels]: the mean over members; not calibrated, may cross."""
        total = np.zeros((len(features), len(self.levels)))
        for member, models in self.models.items():
            unit, base = _unit_kw(member, scale_kw, linear_kw), _base_kw(member, linear_kw)
            for place, model in enumerate(models):
                total[:, place] += model.predict(features, num_threads=threads) * unit + base
        return total / len(self.models)

    def contributions_kw(
        self, features: np.ndarray, scale_kw: np.ndarray, linear_kw: np.ndarray, threads: int = 1
    ) -> np.ndarray:
        """What each feature adds to the model at the level nearest the median, in kW [n, F + 1].

        Exact Shapley values of the trees (Lundberg and others, 2020), the mean over members; the last column is what
        the model says on average. A row adds up to predict_kw less what the members take over from the linear stage.
        """
        place = int(np.argmin(np.abs(np.array(self.levels) - 0.5)))
        total = np.zeros((len(features), len(self.feature_names) + 1))
        for member, models in self.models.items():
            told = models[place].predict(features, num_threads=threads, pred_contrib=True)
            total += told * _unit_kw(member, scale_kw, linear_kw)[:, None]
        return total / len(self.models)

    @property
    def linear_share(self) -> float:
        """The part of predict_kw's linear stage that is added as it is: the share of members that start from it."""
        return float(np.mean([member != "ratio" for member in self.models]))

    def save(self, folder: Path) -> list[str]:
        """Write each model as LightGBM text; the file names written."""
        names = []
        for member, models in self.models.items():
            for level, model in zip(self.levels, models, strict=True):
                name = f"booster-{member}-{level:.3f}.txt"
                (folder / name).write_text(model.model_to_string(), encoding="utf-8")
                names.append(name)
        return names

    @classmethod
    def load(cls, folder: Path, levels: tuple[float, ...], names: tuple[str, ...], members: list[str]) -> "Booster":
        """Read what `save` wrote; ModelError names a file that is missing or unreadable."""
        import lightgbm as lgb

        models: dict[str, list[Any]] = {member: [] for member in members}
        for member in members:
            for level in levels:
                path = folder / f"booster-{member}-{level:.3f}.txt"
                try:
                    models[member].append(lgb.Booster(model_str=path.read_text(encoding="utf-8")))
                except (OSError, lgb.basic.LightGBMError) as error:
                    raise ModelError(f"{path} is not a readable LightGBM model ({error})") from error
        return cls(levels, names, models)


def _train_member(
    label: np.ndarray,
    features: np.ndarray,
    weight: np.ndarray,
    levels: tuple[float, ...],
    names: tuple[str, ...],
    config: BoosterConfig,
    seed: int,
) -> list[Any]:
    import lightgbm as lgb

    binning = {"max_bin": config.bins, "feature_pre_filter": False, "verbose": -1, "num_threads": 1}
    shared = lgb.Dataset(
        features, label.astype(np.float32), weight=weight, feature_name=list(names), params=binning
    ).construct()
    return [lgb.train(_params(config, level, seed, len(features)), shared, config.rounds) for level in levels]


def _unit_kw(member: str, scale_kw: np.ndarray, linear_kw: np.ndarray) -> np.ndarray:
    """What one unit of a member's trees stands for."""
    return np.maximum(np.abs(linear_kw), _LEAST_SHARE * scale_kw) if member == "share" else scale_kw


def _base_kw(member: str, linear_kw: np.ndarray) -> np.ndarray:
    """What a member's trees count from."""
    return np.zeros_like(linear_kw) if member == "ratio" else linear_kw


def _label(member: str, rows: Rows) -> np.ndarray:
    wanted = rows.target_kw - _base_kw(member, rows.linear_kw)
    return wanted / _unit_kw(member, rows.scale_kw, rows.linear_kw)


def _params(config: BoosterConfig, level: float, seed: int, rows: int) -> dict[str, Any]:
    return {
        "objective": "quantile",
        "alpha": level,
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_leaf_rows,
        "feature_fraction": config.feature_fraction,
        "bagging_fraction": max(config.row_fraction, min(_SHARE_OF_FEW, _FEW_ROWS / rows)),
        "bagging_freq": config.redraw_rounds,
        "lambda_l2": config.l2,
        "max_bin": config.bins,
        "feature_pre_filter": False,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "verbose": -1,
    }
