"""What the error of temperature forecasts adds to the spread of load.

Models are calibrated under the weather that came true, of which there are years; forecasts are kept for weeks, or not
at all. How far those have been off is measured anew at every issue, from what was known then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from features.load.grid import Grid
from features.load.weather import OVERLAID_ISSUES, ForecastIssue
from training.demand.quantiles import median_of

__all__ = ["TemperatureError", "forecast_age_hours", "widened"]

_MOST_ISSUES = 60
_DAYS = 15
_ASSUMED_C, _ASSUMED_GROWTH_C = 1.5, 0.2
"""What is assumed of a provider of whom little is known: °C on the first day, and more with every further day."""
_ASSUMED_ISSUES = 3.0
"""The assumption counts as this many issues: after a few weeks it has next to no say."""


@dataclass(frozen=True)
class TemperatureError:
    """Root mean square error of temperature forecasts in °C, by the days [15] since they became available."""

    by_day_c: np.ndarray

    @classmethod
    def measured(cls, forecasts: Sequence[ForecastIssue], observed: Grid) -> "TemperatureError":
        """Of the last issues among `forecasts`, against `observed` (stations in the order of the forecasts')."""
        squares, counts = np.zeros(_DAYS), np.zeros(_DAYS)
        for issue in [one for one in forecasts if "temperature_c" in one.values][-_MOST_ISSUES:]:
            square, age = _squared_errors(issue, observed)
            known = np.isfinite(square)
            hours = np.bincount(age[known], minlength=_DAYS)
            # An issue counts once a day: its hours are off together.
            squares += np.bincount(age[known], square[known], minlength=_DAYS) / np.maximum(hours, 1)
            counts += hours > 0
        assumed = (_ASSUMED_C + _ASSUMED_GROWTH_C * np.arange(_DAYS)) ** 2
        return cls(np.sqrt((squares + _ASSUMED_ISSUES * assumed) / (counts + _ASSUMED_ISSUES)))

    def at(self, age_hours: np.ndarray) -> np.ndarray:
        """The error in °C [H] at ages [H]; 0 where the age is NaN, as no forecast stands there."""
        day = np.clip(np.nan_to_num(age_hours) / 24, 0, _DAYS - 1).astype(int)
        return np.where(np.isfinite(age_hours), self.by_day_c[day], 0.0)


def _squared_errors(issue: ForecastIssue, observed: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Squared error of a forecast at each of its times [T], mean over stations, NaN where unknown; its age in days.

    Both are averaged over the longer of their two intervals: a day's mean would call the hours of the day errors.
    """
    said, every, step = issue.values["temperature_c"], issue.step_minutes, observed.step_minutes
    minutes = np.arange(said.shape[1]) * every
    place = (minutes + _minutes(issue.start - observed.start)) // step
    age = (minutes + _minutes(issue.start - issue.available_at)) // (24 * 60)
    if every < step:
        first = np.flatnonzero(np.diff(place, prepend=place[:1] - 1))
        first = first[np.diff(first, append=len(place)) == step // every]
        said, place, age = _means(said, first, step // every), place[first], age[first]
    usable = (age >= 0) & (age < _DAYS)
    error = (said - _means(observed.values, place, max(every // step, 1)))[:, usable]
    known = np.isfinite(error)
    count = known.sum(axis=0)
    total = (np.where(known, error, 0.0) ** 2).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), age[usable]


def _means(values: np.ndarray, first: np.ndarray, width: int) -> np.ndarray:
    """Mean [S, F] of `width` columns of `values` [S, T] from each of `first` on; NaN where any is not known."""
    total = np.zeros((len(values), len(first)))
    for column in range(width):
        at = first + column
        inside = (at >= 0) & (at < values.shape[1])
        total += np.where(inside, values[:, np.where(inside, at, 0)], np.nan)
    return total / width


def _minutes(span: pd.Timedelta) -> int:
    return int(span // pd.Timedelta(minutes=1))


def forecast_age_hours(forecasts: Sequence[ForecastIssue], times: pd.DatetimeIndex) -> np.ndarray:
    """Hours [H] from when the latest of `forecasts` that reaches a target became available to that target; NaN where
    none reaches it."""
    age = np.full(len(times), np.nan)
    for issue in [one for one in forecasts if "temperature_c" in one.values][-OVERLAID_ISSUES:]:
        end = issue.start + pd.Timedelta(minutes=issue.step_minutes * issue.values["temperature_c"].shape[1])
        reached = np.asarray((times >= issue.start) & (times < end))
        age[reached] = np.asarray((times[reached] - issue.available_at) / pd.Timedelta(hours=1))
    return age


def widened(quantiles_kw: np.ndarray, spread_kw: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Quantiles [..., levels] with an independent normal error of sd `spread_kw` [...] on top; the median stays.

    The distance d of a quantile from the median becomes √(d² + (z · spread)²), z its normal score: exact where the
    quantiles are normal themselves.
    """
    middle = median_of(quantiles_kw, levels)[..., None]
    score = ndtri(np.array(levels))
    return middle + np.sign(score) * np.hypot(quantiles_kw - middle, score * spread_kw[..., None])
