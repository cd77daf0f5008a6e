"""Daily scores and alarms: no look ahead, an honest threshold, planted thieves."""

from collections.abc import Callable

import numpy as np
import pytest

from training.anomaly.alarms import AlarmConfig, alarm_days, alive, clean_threshold
from training.anomaly.config import BoosterConfig
from training.anomaly.daily import DailyConfig, DailyDetector, fit_daily
from training.anomaly.windows import WindowConfig

MakeCrowd = Callable[..., np.ndarray]
CONFIG = DailyConfig(
    windows=WindowConfig(window_days=60, history_days=150, turned=False),
    every_days=30,
    copies=1,
    folds=2,
    alarms=AlarmConfig(clean_alarm_share_180d=0.05, calibration_days=60, alive_days=60),
    booster=BoosterConfig(rounds=40, learning_rate=0.1, leaves=7, bags=1),
)


@pytest.fixture(scope="module")
def crowd(make_crowd: MakeCrowd) -> np.ndarray:
    return make_crowd(customers=120, days=300)


@pytest.fixture(scope="module")
def detector(crowd: np.ndarray) -> DailyDetector:
    return fit_daily(crowd[:, :240], np.arange(120) % 2, CONFIG)


def test_a_score_knows_no_later_day(crowd: np.ndarray, detector: DailyDetector) -> None:
    fold = np.arange(120) % 2
    later = crowd.copy()
    later[:, 270:] = 0.0
    days = range(262, 271, 4)
    np.testing.assert_array_equal(detector.scores(crowd, fold, days), detector.scores(later, fold, days))


def test_planted_thieves_are_alarmed_and_few_others(crowd: np.ndarray, detector: DailyDetector) -> None:
    fold, kwh = np.arange(120) % 2, crowd.copy()
    kwh[:12, 245:] *= 0.3
    alarm = (detector.scores(kwh, fold, range(246, 301, 6)) > detector.threshold).any(axis=1)
    assert alarm[:12].mean() >= 0.8
    assert alarm[12:].mean() <= 0.15


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_the_threshold_is_passed_by_the_share_asked_for(share: float) -> None:
    rng = np.random.default_rng(4)
    walks = np.cumsum(rng.standard_normal((8000, 360)) * 0.2, axis=1) - np.arange(360) * 0.0
    noise = rng.standard_normal((8000, 360)) + 0.2 * np.sin(walks)
    threshold = clean_threshold(noise[:4000, :180], share)
    assert (noise[4000:, 180:] > threshold).any(axis=1).mean() == pytest.approx(share, rel=0.5)
    # Half the days are passed by half of them.
    shorter = clean_threshold(noise[:4000, :90], share)
    assert shorter == pytest.approx(threshold, abs=0.35)


def test_alive_is_who_uses_on_most_days() -> None:
    kwh = np.full((3, 200), 5.0)
    kwh[1, -100:] = 0.0
    kwh[2] = 0.5
    assert alive(kwh, AlarmConfig()).tolist() == [True, False, False]


def test_days_since_an_alarm_began() -> None:
    scores = np.array([[0.0, 2.0, 2.0], [2.0, 2.0, 0.0], [2.0, 2.0, 2.0], [0.0, 0.0, 2.0]])
    np.testing.assert_array_equal(alarm_days(scores, 1.0), [1.0, np.nan, 2.0, 0.0])
