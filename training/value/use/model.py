"""The model of customers' use over a season: boosters and a linear combination of levels, and last year's season."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.behaviour.use import DailyUse
from features.clock import Calendar
from features.errors import ModelError
from features.settings import parse_settings
from training.value.use.cases import UseCases, UseHistory
from training.value.use.config import UseConfig
from training.value.use.levels import LEVELS, ordinary_days
from training.value.use.linear import least_absolute
from training.value.use.season import learn_weight

__all__ = ["UseModel"]

_FORMAT = 1


@dataclass(frozen=True)
class Base:
    """Without a season: the mean of boosters and the linear combination, in units of each customer's size."""

    boosters: tuple[Any, ...]
    coefficients: np.ndarray
    linear_share: float

    def kwh_day(self, features: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Expected mean of ordinary days [n], never below zero."""
        linear = np.exp(features[:, : len(LEVELS)]) @ self.coefficients
        boosted = np.mean([one.predict(features, num_threads=1) for one in self.boosters], axis=0)
        mixed = self.linear_share * np.maximum(linear, 0) + (1 - self.linear_share) * np.maximum(boosted, 0)
        return np.asarray(mixed * size)


@dataclass(frozen=True)
class UseModel:
    """Fitted; asked for the kWh of each customer over the days from one day on.

    `season_weight` is the part of last year's season that comes again, `rest_share` how much a day off or a day
    around the Spring Festival has of an ordinary one.
    """

    config: UseConfig
    base: Base
    season_weight: float
    rest_share: float
    end_day: pd.Timestamp

    @classmethod
    def fit(cls, use: DailyUse, calendar: Calendar, config: UseConfig) -> "UseModel":
        """Learn from every origin whose season lies within `use`.

        How much of last year's season comes again is learnt at the origins with a year behind them, on a base that
        knew no outcome of theirs. Raises ModelError where there is no origin at all.
        """
        history = UseHistory.of(use, calendar, config)
        origins = history.origins()
        if not origins:
            raise ModelError(f"the use model needs {config.min_history_days + config.horizon_days} days of daily use")
        base = _fit_base(history.cases(origins), config)
        weight = _season_weight(history, origins)
        return cls(config, base, weight, _rest_share(history), use.end_day)

    def predict(self, use: DailyUse, calendar: Calendar, days: int | None = None) -> np.ndarray:
        """kWh [customers] of the `days` (default: the horizon) that follow the last one of `use`."""
        history = UseHistory.of(use, calendar, self.config)
        levels = history.levels(history.width)
        season = np.nan_to_num(history.season(history.width, levels.size), nan=0.0)
        kwh_day = self.base.kwh_day(levels.features, levels.size) * np.exp(self.season_weight * season)
        ahead = pd.date_range(use.end_day, periods=days or self.config.horizon_days, freq="D")
        return kwh_day * np.where(ordinary_days(calendar, ahead), 1.0, self.rest_share).sum()

    def save(self, folder: Path) -> None:
        """Write the artifact: LightGBM texts, one file of arrays, a JSON manifest last."""
        folder.mkdir(parents=True, exist_ok=True)
        for place, one in enumerate(self.base.boosters):
            (folder / f"use-{place}.txt").write_text(one.model_to_string(), encoding="utf-8")
        manifest = {
            "format": _FORMAT,
            "config": self.config.model_dump(mode="json"),
            "boosters": len(self.base.boosters),
            "coefficients": dict(zip(LEVELS, self.base.coefficients.tolist(), strict=True)),
            "season_weight": self.season_weight,
            "rest_share": self.rest_share,
            "end_day": f"{self.end_day:%Y-%m-%d}",
        }
        (folder / "use.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "UseModel":
        """Read what `save` wrote; ModelError when it is missing, damaged or of another format."""
        import lightgbm as lgb

        try:
            told = json.loads((folder / "use.json").read_text(encoding="utf-8"))
            texts = [(folder / f"use-{place}.txt").read_text(encoding="utf-8") for place in range(told["boosters"])]
            boosters = tuple(lgb.Booster(model_str=text) for text in texts)
        except (OSError, ValueError, KeyError, lgb.basic.LightGBMError) as error:
            raise ModelError(f"the use model in {folder} cannot be read: {error}") from error
        if told["format"] != _FORMAT or list(told["coefficients"]) != list(LEVELS):
            raise ModelError(f"the use model in {folder} has another format than {_FORMAT}")
        config = parse_settings(UseConfig, told["config"], f"{folder}: config")
        base = Base(boosters, np.array(list(told["coefficients"].values())), config.linear_share)
        return cls(config, base, told["season_weight"], told["rest_share"], pd.Timestamp(told["end_day"]))


def _fit_base(cases: UseCases, config: UseConfig) -> Base:
    import lightgbm as lgb

    weight = cases.size**config.weight_power
    weight = weight / weight.mean()
    target = cases.target_kwh_day / cases.size
    data = lgb.Dataset(cases.features, target, weight=weight, params=_params(config, 0)).construct()
    boosters = [lgb.train(_params(config, bag), data, config.rounds) for bag in range(config.bags)]
    coefficients = least_absolute(np.exp(cases.features[:, : len(LEVELS)]), target, weight)
    return Base(tuple(boosters), coefficients, config.linear_share)


def _params(config: UseConfig, bag: int) -> dict[str, Any]:
    return {
        "objective": "l1",
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_leaf_rows,
        "feature_fraction": config.feature_fraction,
        "bagging_fraction": config.row_fraction,
        "bagging_freq": 1,
        "lambda_l2": config.l2,
        "feature_pre_filter": False,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": config.seed + bag,
        "verbose": -1,
    }


def _season_weight(history: UseHistory, origins: list[int]) -> float:
    config = history.config
    late = history.with_a_year(origins)
    early = [at for at in origins if late and at + config.horizon_days <= late[0]]
    if len(late) < config.least_season_origins or not early:
        return config.season_weight
    cases = history.cases(late)
    known = np.isfinite(cases.season)
    if not known.any():
        return config.season_weight
    base = _fit_base(history.cases(early), config).kwh_day(cases.features, cases.size)
    weight = cases.size[known] ** (config.weight_power - 1)
    return learn_weight(cases.target_kwh_day[known], base[known], cases.season[known], weight, config.season_weight)


def _rest_share(history: UseHistory) -> float:
    """What all customers use on a day that is not ordinary, as a share of others; 1 where none is known."""
    total = np.where(np.isfinite(history.use.kwh), history.use.kwh, 0.0).sum(axis=0, dtype=np.float64)
    rest, usual = total[~history.ordinary], total[history.ordinary]
    if not len(rest) or not usual.sum() > 0:
        return 1.0
    return float(np.clip(rest.mean() / usual.mean(), 0.0, 1.5))
