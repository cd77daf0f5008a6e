"""Earlier days as cases: the levels known then, and the mean of the ordinary days that followed."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.behaviour.use import DailyUse
from features.clock import Calendar
from training.value.use.config import UseConfig
from training.value.use.levels import Levels, levels_at, mean_known, ordinary_days
from training.value.use.season import YEAR_DAYS, last_season

__all__ = ["UseCases", "UseHistory"]


@dataclass(frozen=True)
class UseCases:
    """Customers at earlier days: [n] each, `features` [n × F]; `season` is NaN without a year behind."""

    features: np.ndarray
    size: np.ndarray
    target_kwh_day: np.ndarray
    season: np.ndarray


@dataclass(frozen=True)
class UseHistory:
    """Daily use with what its days are; a place is a column: all before it is known, itself and later is not.

    `ordinary` [days] is true for days like others. The first day is one of which something is known.
    """

    use: DailyUse
    ordinary: np.ndarray
    config: UseConfig

    @classmethod
    def of(cls, use: DailyUse, calendar: Calendar, config: UseConfig) -> "UseHistory":
        """The days of `use` from the first one of which anything is known."""
        known = np.isfinite(use.kwh).any(axis=0)
        first = int(np.argmax(known)) if known.any() else use.kwh.shape[1]
        use = replace(use, kwh=use.kwh[:, first:], first_day=use.first_day + pd.Timedelta(days=first))
        return cls(use, ordinary_days(calendar, use.days), config)

    @property
    def width(self) -> int:
        return self.use.kwh.shape[1]

    def origins(self) -> list[int]:
        """Places with an outcome, oldest first, counted back from the last one."""
        last = self.width - self.config.horizon_days
        return list(range(last, self.config.min_history_days - 1, -self.config.origin_step_days))[::-1]

    def with_a_year(self, origins: list[int]) -> list[int]:
        """Those of which half the stretch before last year's season is known."""
        return [at for at in origins if at - YEAR_DAYS >= self.config.season_past_days // 2]

    def levels(self, at: int) -> Levels:
        """Levels of all customers at a place."""
        return levels_at(self.use.kwh[:, :at].astype(np.float64), self.use.days[:at], self.ordinary[:at])

    def season(self, at: int, size: np.ndarray) -> np.ndarray:
        """Last year's season from a place, within the limits of the settings; NaN where it is not known."""
        horizon, past, limit = self.config.horizon_days, self.config.season_past_days, self.config.season_limit
        found = last_season(self.use.kwh[:, :at].astype(np.float64), self.ordinary[:at], size, horizon, past)
        return np.clip(found, -limit, limit)

    def cases(self, origins: list[int]) -> UseCases:
        """All customers that teach something at the given places."""
        parts = [self._at(at) for at in origins]
        joined = [np.concatenate([part[place] for part in parts]) for place in range(4)]
        return UseCases(*joined)

    def _at(self, at: int) -> tuple[np.ndarray, ...]:
        levels = self.levels(at)
        after = slice(at, at + self.config.horizon_days)
        following = np.where(self.ordinary[None, after], self.use.kwh[:, after].astype(np.float64), np.nan)
        quarter = mean_known(self.use.kwh[:, max(at - 90, 0) : at])
        taught = (quarter > self.config.least_kwh_day) & (quarter <= self.config.most_share * quarter.sum())
        taught &= np.isfinite(following).sum(axis=1) >= self.config.horizon_days // 4
        values = (levels.features, levels.size, mean_known(following), self.season(at, levels.size))
        return tuple(value[taught] for value in values)
