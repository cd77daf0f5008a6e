"""Features of daily use: level, ratios of days, vacancy; with the fitted ones from `slopes` and `shifts`."""

import numpy as np
import pandas as pd

from features.behaviour.dayplan import WIDTH, DayPlan, day_plan
from features.behaviour.figures import blocks, mean_over, ratio
from features.behaviour.known import Known, last_days
from features.behaviour.shifts import level_shifts, week_design
from features.behaviour.slopes import slope_design, slopes
from features.behaviour.vacancy import vacancy

__all__ = ["daily_features"]

_LEAST = {
    "28": 14,
    "90": 45,
    "365": 183,
    "summer": 20,
    "winter": 20,
    "mild": 20,
    "weekend": 12,
    "work": 30,
    "holiday": 3,
    "ordinary": 100,
    "festival": 4,
    "around": 10,
}
"""Known days without which the mean of a set of days is not known."""

_RATIOS = {
    "summer_ratio": ("summer", "mild"),
    "winter_ratio": ("winter", "mild"),
    "weekend_ratio": ("weekend", "work"),
    "holiday_ratio": ("holiday", "ordinary"),
    "spring_festival_ratio": ("festival", "around"),
}


def daily_features(known: Known) -> pd.DataFrame:
    """Index customer_id; every feature of the group "daily use". Of a territory without readings, NaN."""
    if not np.isfinite(known.use.kwh).any():
        return pd.DataFrame(index=known.customers.index)
    plan = day_plan(known)
    daily, weekly = slope_design(plan), week_design(plan)
    age = _account_days(known)
    parts = []
    for rows in blocks(known.count):
        kwh = last_days(known.use, known.today, WIDTH, rows)
        level = _levels(kwh, plan)
        part = level | _changes(kwh, level["use_90d_kwh_day"]) | vacancy(kwh[:, -365:])
        part |= slopes(kwh, daily) | level_shifts(kwh, weekly)
        part["use_known_share"] = _known_share(kwh[:, -365:], age[rows])
        parts.append(part)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return pd.DataFrame(columns, index=known.customers.index)


def _levels(kwh: np.ndarray, plan: DayPlan) -> dict[str, np.ndarray]:
    mean = {name: mean_over(kwh, days, _LEAST[name]) for name, days in plan.sets.items()}
    level = {"use_28d_kwh_day": mean["28"], "use_90d_kwh_day": mean["90"], "use_365d_kwh": 365 * mean["365"]}
    return level | {name: ratio(mean[over], mean[under]) for name, (over, under) in _RATIOS.items()}


def _changes(kwh: np.ndarray, mean: np.ndarray) -> dict[str, np.ndarray]:
    """Against the same weekdays a year ago (364 days), and a week ago."""
    now, year, week = kwh[:, -90:], kwh[:, -454:-364], kwh[:, -97:-7]
    both = np.isfinite(now) & np.isfinite(year)
    enough = both.sum(axis=1) >= 45
    sums = [np.where(both, part, 0.0).sum(axis=1) for part in (now, year)]
    apart = np.abs(now - week)
    distance = mean_over(apart, np.ones(90, dtype=bool), 30)
    return {
        "year_on_year_share": ratio(np.where(enough, sums[0], np.nan), sums[1]) - 1,
        "volatility": ratio(distance, mean),
    }


def _account_days(known: Known) -> np.ndarray:
    """Whole local days from the one on which each account began to today; one of unknown age is old."""
    began = known.calendar.local(pd.DatetimeIndex(known.customers["since"])).normalize()
    return np.nan_to_num(np.asarray((known.today - began).days, dtype=float), nan=np.inf)


def _known_share(year: np.ndarray, age: np.ndarray) -> np.ndarray:
    of = np.clip(age, 0, year.shape[1])
    mine = np.arange(year.shape[1], 0, -1)[None, :] <= of[:, None]
    return ratio((np.isfinite(year) & mine).sum(axis=1).astype(float), of)
