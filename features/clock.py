"""The only place where local time exists: calendar of a territory, with holidays and moved working days."""

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from features.errors import ConfigError

__all__ = ["Calendar", "time_zone"]

_OFFSET = re.compile(r"^(?:UTC)?([+-])(\d{2}):?(\d{2})$")
FAR_DAYS = 30
"""Days from the Spring Festival beyond which distance no longer matters."""


def time_zone(name: str) -> dt.tzinfo:
    """An IANA zone or a fixed offset such as `-05:00`; ConfigError when it is neither."""
    if match := _OFFSET.match(name):
        sign = -1 if match[1] == "-" else 1
        offset = sign * dt.timedelta(hours=int(match[2]), minutes=int(match[3]))
    try:
        return dt.timezone(offset) if match else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"time zone {name!r} is neither an IANA name nor an offset such as -05:00") from error


@dataclass(frozen=True)
class Calendar:
    """Local days of one territory. `country` (ISO 3166) chooses the holidays; None has weekends only."""

    time_zone: str = "UTC"
    country: str | None = None
    subdivision: str | None = None

    def local(self, times: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Wall-clock time of UTC instants, without zone."""
        return times.tz_convert(time_zone(self.time_zone)).tz_localize(None)

    def days(self, days: pd.DatetimeIndex) -> pd.DataFrame:
        """What each local day is: one row per distinct day of `days`, indexed by day.

        Columns: `weekday` 0–6; `holiday` (public holiday, not a mere substitute day); `off` (nobody is expected at
        work: weekend or day off, unless moved); `moved_work` (a weekend day turned into a working day); `eve` and
        `after` (the neighbouring day is off and this one is not); `festival` (days from the Spring Festival,
        within ±30, else 30; always 30 outside China).
        """
        unique = days.normalize().unique().sort_values()
        table = _day_table(self.country, self.subdivision, unique[0].year - 1, unique[-1].year + 1)
        return table.loc[unique]

    def holiday_names(self, days: pd.DatetimeIndex) -> pd.Series:
        """Name of the public holiday of each distinct local day of `days`, indexed by day; empty where there is none.

        A day off in lieu of a holiday is called as the holiday with "(observed)" or "Day off" in it.
        """
        unique = days.normalize().unique().sort_values()
        names, _, _ = _public_days(self.country, self.subdivision, unique[0].year - 1, unique[-1].year + 1)
        return pd.Series([names.get(day.date(), "") for day in unique], index=unique, dtype=object)


@lru_cache(maxsize=256)
def _day_table(country: str | None, subdivision: str | None, first_year: int, last_year: int) -> pd.DataFrame:
    """Every day of the years between first and last, judged with a day of the neighbouring years at each end."""
    every = pd.date_range(f"{first_year}-12-31", f"{last_year}-01-01", freq="D")
    names, workdays, festivals = _public_days(country, subdivision, first_year, last_year)
    stamps = [stamp.date() for stamp in every]
    weekday = every.day_of_week.to_numpy()
    named = np.array([day in names for day in stamps])
    substitute = np.array([names.get(day, "").startswith("Day off") for day in stamps])
    moved = np.array([day in workdays for day in stamps])
    off = ((weekday >= 5) | named) & ~moved
    return pd.DataFrame(
        {
            "weekday": weekday,
            "holiday": named & ~substitute,
            "off": off,
            "moved_work": moved,
            "eve": ~off & np.append(off[1:], False),
            "after": ~off & np.append(False, off[:-1]),
            "festival": _distance(every, festivals),
        },
        index=every,
    )


@lru_cache(maxsize=64)
def _public_days(
    country: str | None, subdivision: str | None, first_year: int, last_year: int
) -> tuple[dict[dt.date, str], frozenset[dt.date], tuple[dt.date, ...]]:
    """Names of days off, weekend days that are worked, and Spring Festival days, of a span of years."""
    if country is None:
        return {}, frozenset(), ()
    import holidays

    try:
        # English names whatever the machine's language, since the names are compared.
        found = holidays.country_holidays(
            country, subdiv=subdivision, years=range(first_year, last_year + 1), language="en_US"
        )
    except NotImplementedError as error:
        raise ConfigError(f"no public holidays are known for {country!r} {subdivision or ''}".rstrip()) from error
    names = {day: str(name) for day, name in found.items()}
    workdays = frozenset(getattr(found, "weekend_workdays", ()))
    festivals: list[dt.date] = []
    for day, name in sorted(names.items()):
        new_year = country == "CN" and "Spring Festival" in name and "observed" not in name
        if new_year and (not festivals or (day - festivals[-1]).days > FAR_DAYS):
            festivals.append(day)
    return names, workdays, tuple(festivals)


def _distance(days: pd.DatetimeIndex, festivals: tuple[dt.date, ...]) -> np.ndarray:
    """Signed days from the nearest festival, FAR_DAYS where none is near."""
    distance = np.full(len(days), FAR_DAYS)
    for festival in festivals:
        offset = (days - pd.Timestamp(festival)).days.to_numpy()
        near = np.abs(offset) < FAR_DAYS
        distance[near] = offset[near]
    return distance
