"""Daily scores: log odds that a customer's meter does not show its use, from the days until then."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from features.errors import ModelError
from features.settings import Settings
from training.anomaly.alarms import AlarmConfig, alive, clean_threshold
from training.anomaly.attacks import AttackConfig
from training.anomaly.booster import Booster, fit_booster
from training.anomaly.config import BoosterConfig, DetectorConfig
from training.anomaly.lessons import Lessons, lessons_at
from training.anomaly.windows import WindowConfig, window_terms

__all__ = ["DailyConfig", "DailyDetector", "daily_lessons", "fit_daily", "smoothed"]


class DailyConfig(Settings):
    """How the model of daily alarms learns; its window is short, since it has to tell a theft soon."""

    windows: WindowConfig = WindowConfig(window_days=90, history_days=279, turned=False)
    attacks: AttackConfig = AttackConfig(least_days=5, most_days=90)
    every_days: int = Field(12, ge=1, description="days from one day it learns from to the next")
    copies: int = Field(2, ge=1, description="attacked copies of each customer at each of these days")
    smooth_days: int = Field(5, ge=1, description="a score is the mean of so many days' log odds")
    folds: int = Field(5, ge=2, description="every customer is scored by a model that has not learnt from it")
    alarms: AlarmConfig = AlarmConfig()
    booster: BoosterConfig = BoosterConfig(rounds=400, leaves=31, min_leaf_rows=20, bags=1)
    seed: int = 7

    @property
    def least_days(self) -> int:
        """Days of readings that fitting needs."""
        return self.windows.history_days + self.alarms.calibration_days


@dataclass(frozen=True)
class DailyDetector:
    """`models` by fold; `threshold` of the smoothed log odds. A customer's fold must not change."""

    models: Sequence[Booster]
    threshold: float
    config: DailyConfig

    def scores(
        self, kwh: np.ndarray, fold: np.ndarray, days: Sequence[int], rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Smoothed log odds [rows × days]: the column of `day` knows the first `day` readings of `kwh` [n × T] only.

        `fold` [n] is that of each customer, `rows` the places of those wanted (default: all). The first days are
        smoothed over fewer, so ask from `smooth_days` - 1 before the first that matters.
        """
        return smoothed(_log_odds(self.models, kwh, fold, days, self.config.windows, rows), self.config.smooth_days)


def fit_daily(kwh: np.ndarray, fold: np.ndarray, config: DailyConfig, floor: float = 0.0) -> DailyDetector:
    """Fit on readings [n × days] of customers held honest (nothing unknown), and learn the threshold out of fold.

    Learns from attacks on days of the calibration period; the customers are those that were alive before it or are
    at its end, the threshold's only those that were alive before it. ModelError where the readings are too few.
    """
    days = kwh.shape[1]
    since = days - config.alarms.calibration_days
    if since < config.windows.history_days:
        raise ModelError(f"daily scores of theft need {config.least_days} days of readings; there are {days}")
    began = alive(kwh[:, :since], config.alarms)
    learnt = np.flatnonzero(began | alive(kwh, config.alarms))
    if not began.any():
        raise ModelError(f"none of {len(kwh)} customers was in use before the days that calibrate the alarms")
    rows = daily_lessons(kwh, learnt, range(days, since - 1, -config.every_days), config, floor)
    models = [
        fit_booster(rows.take(fold[rows.customer] != one), config.booster, config.seed) for one in range(config.folds)
    ]
    detector = DailyDetector(models, float("nan"), config)
    clean = detector.scores(kwh, fold, range(since + 1, days + 1), np.flatnonzero(began))
    return DailyDetector(models, clean_threshold(clean, config.alarms.clean_alarm_share_180d), config)


def daily_lessons(
    kwh: np.ndarray, honest: np.ndarray, days: Iterable[int], config: DailyConfig, floor: float
) -> Lessons:
    """Lessons at each of `days` (counts of the readings known then) of the customers `honest` (places)."""
    rng = np.random.default_rng([config.seed, 2])
    detector = DetectorConfig(windows=config.windows, attacks=config.attacks)
    parts = [lessons_at(kwh[:, :day], honest, config.copies, 1.0, detector, rng, floor) for day in days]
    return Lessons.joined(parts)


def smoothed(log_odds: np.ndarray, days: int) -> np.ndarray:
    """Mean of the last `days` columns at each column; of fewer at the beginning."""
    cum = np.concatenate([np.zeros((len(log_odds), 1)), np.cumsum(log_odds, axis=1)], axis=1)
    end = np.arange(1, log_odds.shape[1] + 1)
    begin = np.maximum(end - days, 0)
    return np.asarray((cum[:, end] - cum[:, begin]) / (end - begin))


def _log_odds(
    models: Sequence[Booster],
    kwh: np.ndarray,
    fold: np.ndarray,
    days: Sequence[int],
    windows: WindowConfig,
    rows: np.ndarray | None,
) -> np.ndarray:
    rows = np.arange(len(kwh)) if rows is None else rows
    mine = fold[rows]
    out = np.zeros((len(rows), len(days)))
    for column, day in enumerate(days):
        terms = window_terms(kwh[rows, :day], kwh[:, :day], windows, rows)
        for one in np.unique(mine):
            out[mine == one, column] = models[one].log_odds(terms[mine == one])
    return out
