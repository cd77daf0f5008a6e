"""When a daily score becomes an alarm: a threshold that a stated share of honest customers reaches in half a year."""

import numpy as np
from pydantic import Field

from features.settings import Settings

__all__ = ["AlarmConfig", "alarm_days", "alive", "clean_threshold"]


class AlarmConfig(Settings):
    """What share of honest customers may be alarmed, and whom the threshold is learnt from."""

    clean_alarm_share_180d: float = Field(0.01, gt=0, lt=0.5, description="honest customers ever alarmed in 180 days")
    calibration_days: int = Field(180, ge=30, description="the last days, on which the threshold is learnt")
    alive_days: int = Field(180, ge=30, description="days that decide who is alive")
    alive_share: float = Field(0.8, ge=0, le=1, description="share of days with use above `alive_day_kwh`")
    alive_day_kwh: float = Field(0.2, ge=0)
    alive_mean_kwh: float = Field(1.0, ge=0, description="mean use, kWh/day")


def alive(kwh: np.ndarray, config: AlarmConfig) -> np.ndarray:
    """Mask [n] of customers in use over the last days of `kwh` [n × days].

    It must be judged on days *before* those a threshold is learnt on. Customers are watched because they were alive
    when the watch began, and some of them close later on; who is picked for being alive during the very days of
    calibration never closes in them, and the threshold comes out too low for the days to come.
    """
    last = kwh[:, -config.alive_days :]
    used = np.mean(last > config.alive_day_kwh, axis=1) >= config.alive_share
    return np.asarray(used & (last.mean(axis=1) >= config.alive_mean_kwh))


def clean_threshold(scores: np.ndarray, share_180d: float) -> float:
    """The score that a share `share_180d` of honest customers passes on some day of 180.

    `scores` [customers × days], out of sample; where days are not 180, alarms are taken to come evenly over time.
    """
    share = 1 - (1 - share_180d) ** (scores.shape[1] / 180)
    return float(np.quantile(scores.max(axis=1), 1 - share))


def alarm_days(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Days [n] since the present alarm began, 0 on its first day; NaN without one on the last day of `scores`."""
    quiet = scores[:, ::-1] <= threshold
    run = np.where(quiet.any(axis=1), quiet.argmax(axis=1), scores.shape[1])
    return np.where(run > 0, run - 1.0, np.nan)
