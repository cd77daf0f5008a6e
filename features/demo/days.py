"""The territory's own days: working days with the moved ones, festivals, and the hours of the simulation in UTC."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import overload

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.demo.config import TIME_ZONE, DemoConfig

__all__ = ["Days", "days_of"]


@dataclass(frozen=True)
class Days:
    """Local days [D] and what people do on them; the hour axis is D × 24, with no DST.

    `rest` is 1 on days off; `festival` runs from 0 to 1 as work winds down in the ten days before Spring Festival
    and is back two weeks after it; `year` counts calendar years from 0; `year_part` is the day of the year in 0..1.
    """

    dates: pd.DatetimeIndex
    start_utc: pd.Timestamp
    rest: np.ndarray
    festival: np.ndarray
    year: np.ndarray
    year_part: np.ndarray

    @property
    def hours(self) -> pd.DatetimeIndex:
        """Starts of all hours, UTC [D × 24]."""
        return pd.date_range(self.start_utc, periods=24 * len(self.dates), freq="h", unit="us")

    @overload
    def utc(self, day: int) -> pd.Timestamp: ...

    @overload
    def utc(self, day: np.ndarray) -> pd.DatetimeIndex: ...

    def utc(self, day: int | np.ndarray) -> pd.Timestamp | pd.DatetimeIndex:
        """Local midnight of day number `day`, as UTC."""
        return (self.start_utc + pd.to_timedelta(day, unit="D")).as_unit("us")

    @property
    def period(self) -> np.ndarray:
        """Whole years since the first day [D]: the 12 months by which annual peaks are compared, 0 for the first."""
        first = self.dates[0]
        before = (self.dates.month < first.month) | ((self.dates.month == first.month) & (self.dates.day < first.day))
        return self.dates.year.to_numpy() - first.year - before

    def part(self, inside: np.ndarray) -> "Days":
        """Only the days where `inside` is true; its hour axis has no meaning unless they follow each other."""
        facts = {name: getattr(self, name)[inside] for name in ("dates", "rest", "festival", "year", "year_part")}
        return replace(self, **facts)

    def number(self, day: date) -> int:
        """How many days after the first one `day` is (negative before it)."""
        return (pd.Timestamp(day) - self.dates[0]).days


def days_of(config: DemoConfig, extra_days: int = 0) -> Days:
    """The days of `config`, from `years` before its end to `extra_days` after it."""
    start = date(config.end.year - config.years, config.end.month, min(config.end.day, 28))
    dates = pd.date_range(start, config.end + timedelta(days=extra_days), inclusive="left", unit="us")
    facts = Calendar(TIME_ZONE, "CN").days(dates)
    start_utc = pd.Timestamp(start, tz=TIME_ZONE).tz_convert("UTC").as_unit("us")
    return Days(
        dates=dates,
        start_utc=start_utc,
        rest=facts["off"].to_numpy(dtype=float),
        festival=np.interp(facts["festival"].to_numpy(), [-11, -3, 6, 16], [0.0, 1.0, 1.0, 0.0]),
        year=dates.year.to_numpy() - start.year,
        year_part=(dates.day_of_year.to_numpy() - 1) / 365.25,
    )
