"""Direct quantiles of the weekly maximum: one LightGBM over all nodes, in units of each node's trailing annual peak.

Its rows are earlier origins with the weeks after them. What it adds to the mean of the same season in past years is
learnt from the recent level, growth, the ratio of the seasons and the calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from training.peak.weekly.config import WeeklyConfig
from training.peak.weekly.weeks import Weeks

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["direct_quantiles"]

_YEAR = 52
_SEASON_DAYS = 17
_SEASON_SD_DAYS = 8.0
_RECENT = 8
_ORIGIN_STEP = 2
_LEAD_STEP = 3


def direct_quantiles(weeks: Weeks, annual_kw: np.ndarray, config: WeeklyConfig, skipped: int = 0) -> np.ndarray | None:
    """Quantiles of the weeks after the last of `weeks`, kW [node, week, level]; None with too short a past.

    `annual_kw` [node] is the trailing annual peak now; `skipped` are whole weeks between the last of `weeks` and
    week 0.
    """
    now = len(weeks.first_day)
    rows = _training_rows(weeks, config)
    if rows is None:
        return None
    x, y = rows
    maker = _Features.of(weeks)
    levels = sorted({*config.levels, 0.5})
    models = [_fit(x, y, level, config) for level in levels]
    found = []
    for lead in range(config.first_week, config.last_week + 1):
        ahead = maker.at(now, lead + skipped, annual_kw)
        said = np.sort(np.stack([model.predict(ahead) for model in models], axis=1) + ahead[:, :1], axis=1)
        found.append(annual_kw[:, None] * _widened(said, levels, config.direct_error))
    kept = [levels.index(level) for level in config.levels]
    return np.stack(found, axis=1)[:, :, kept]


def _widened(said: np.ndarray, levels: Sequence[float], error: float) -> np.ndarray:
    """Quantiles [row, level] of the same variable with a normal error of relative sd `error` beside its own spread.

    All rows of a season share its weather: a few winters look like one, and the quantiles fitted to them are those
    of a year that has been seen. Distances from the median add in squares, as those of independent normal ones do.
    """
    middle = said[:, [levels.index(0.5)]]
    away = np.array([NormalDist().inv_cdf(level) for level in levels])
    return middle + np.sign(away) * np.sqrt((said - middle) ** 2 + (away * error * middle) ** 2)


def _fit(x: np.ndarray, y: np.ndarray, level: float, config: WeeklyConfig) -> "Booster":
    import lightgbm

    params = {
        "objective": "quantile",
        "alpha": level,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_rows_in_leaf,
        "learning_rate": config.learning_rate,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "verbose": -1,
        "num_threads": 1,
        "seed": config.seed,
        "deterministic": True,
    }
    return lightgbm.train(params, lightgbm.Dataset(x, y), config.rounds)


def _training_rows(weeks: Weeks, config: WeeklyConfig) -> tuple[np.ndarray, np.ndarray] | None:
    """Features, and what the peak of a week in units of the annual peak was above the mean of its season."""
    now, maker = len(weeks.first_day), _Features.of(weeks)
    xs, ys, targets = [], [], set()
    for origin in range(_YEAR, now - config.first_week, _ORIGIN_STEP):
        start = config.first_week + origin // _ORIGIN_STEP % _LEAD_STEP
        for lead in range(start, min(config.last_week, now - 1 - origin) + 1, _LEAD_STEP):
            annual = weeks.annual_kw[:, origin]
            xs.append(maker.at(origin, lead, annual))
            ys.append(weeks.peak_kw[:, origin + lead] / annual)
            targets.add(origin + lead)
    if len(targets) < config.direct_weeks:
        return None
    x, y = np.concatenate(xs), np.concatenate(ys)
    y = y - x[:, 0]
    good = np.isfinite(y)
    return (x[good], y[good]) if good.any() else None


@dataclass(frozen=True)
class _Features:
    """What is known at week `origin` of a week `lead` later; nothing from `origin` on is looked at."""

    weeks: Weeks
    middle: np.ndarray  # day of the year of the middle of each week

    @classmethod
    def of(cls, weeks: Weeks) -> "_Features":
        return cls(weeks, weeks.first_day.day_of_year.to_numpy() + 3.0)

    def at(self, origin: int, lead: int, annual_kw: np.ndarray) -> np.ndarray:
        """[node, column]; the first column is the mean of the same season in past years."""
        past = self.weeks.peak_kw[:, :origin] / annual_kw[:, None]
        day = self._day(origin, lead)
        columns = [*self._season(past, day, origin), self._last_year(past, origin + lead - _YEAR)]
        columns += [*_recent(past), *self._shape(past, origin)]
        turn = 2 * np.pi * day / 365.25
        facts = (np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn), float(lead))
        return np.column_stack([*columns, *(np.full(len(past), fact) for fact in facts)])

    def _day(self, origin: int, lead: int) -> float:
        last = origin - 1
        return float((self.middle[last] + 7.0 * (lead + 1)) % 365.25)

    def _season(self, past: np.ndarray, day: float, origin: int) -> list[np.ndarray]:
        far = np.abs((self.middle[:origin] - day + 182.625) % 365.25 - 182.625)
        near = far <= _SEASON_DAYS
        part, weight = past[:, near], np.exp(-0.5 * (far[near] / _SEASON_SD_DAYS) ** 2)
        known = np.isfinite(part)
        total = (known * weight).sum(axis=1)
        mean = (np.where(known, part, 0.0) * weight).sum(axis=1) / np.where(total > 0, total, np.nan)
        return [
            mean,
            np.nanmax(part, axis=1, initial=-1.0),
            np.nanmin(part, axis=1, initial=9.0),
            np.sqrt(_known_mean((part - _known_mean(part)[:, None]) ** 2)),
        ]

    def _last_year(self, past: np.ndarray, week: int) -> np.ndarray:
        inside = 0 <= week < past.shape[1]
        return past[:, week] if inside else np.full(len(past), np.nan)

    def _shape(self, past: np.ndarray, origin: int) -> list[np.ndarray]:
        """Highest week of the past year's winter months (12–2), and of its summer months (6–8)."""
        year = past[:, -_YEAR:]
        quarter = (self.weeks.first_day[:origin][-_YEAR:].month.to_numpy() % 12) // 3
        return [np.nanmax(year[:, quarter == k], axis=1, initial=-1.0) for k in (0, 2)]


def _recent(past: np.ndarray) -> list[np.ndarray]:
    """Growth over the same weeks a year before, of the last weeks and the last year; levels of both."""
    growth = []
    for width in (_RECENT, _YEAR):
        now, then = past[:, -width:], past[:, -width - _YEAR : -_YEAR]
        both = min(now.shape[1], then.shape[1])
        now, then = now[:, now.shape[1] - both :], then[:, then.shape[1] - both :]
        # Growth is of what is drawn: a week that drew nothing, or gave, has none.
        ratio = np.divide(now, then, out=np.full(now.shape, np.nan), where=then > 0)
        growth.append(np.log(_known_mean(np.where(ratio > 0, ratio, np.nan))))
    year = past[:, -_YEAR:]
    return [*growth, _known_mean(past[:, -4:]), _known_mean(year), np.nanmin(year, axis=1, initial=9.0)]


def _known_mean(values: np.ndarray) -> np.ndarray:
    """Mean of each row over what is known of it [n]; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.where(known, values, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)
