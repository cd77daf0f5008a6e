"""Columns of the outlook's regressions: calendar with named holidays, trend, and bent responses to temperature."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.clock import Calendar, time_zone
from training.outlook.config import TermsConfig

__all__ = ["PAD_HOURS", "dated_terms", "weather_terms"]

PAD_HOURS = 168
"""Hours of temperature needed before the first hour."""

_YEAR_DAYS = 365.2425


def dated_terms(
    local: pd.DatetimeIndex, calendar: Calendar, reference: pd.Timestamp, config: TermsConfig
) -> dict[str, np.ndarray]:
    """Calendar and trend columns by name, each [T], the constant first.

    `local` are the wall-clock starts of T hours; `reference` is the local moment at which the trend is zero.
    """
    days = calendar.days(local)
    day = days.loc[local.normalize()]
    phase = 2 * np.pi * (local.day_of_year.to_numpy() + local.hour.to_numpy() / 24) / _YEAR_DAYS
    columns = {"const": np.ones(len(local))}
    columns["trend"] = (local - reference).total_seconds().to_numpy() / 86_400 / _YEAR_DAYS
    for order in (1, 2, 3, 4):
        columns[f"year_sin{order}"], columns[f"year_cos{order}"] = np.sin(order * phase), np.cos(order * phase)
    weekday = day["weekday"].to_numpy()
    for number in range(7):
        columns[f"weekday_{number}"] = (weekday == number).astype(float)
    for name in ("off", "moved_work", "eve", "after"):
        columns[name] = day[name].to_numpy(dtype=float)
    for order in (1, 2):
        for wave in ("sin", "cos"):
            columns[f"off_{wave}{order}"] = columns["off"] * columns[f"year_{wave}{order}"]
    festival = day["festival"].to_numpy(dtype=float)
    columns["festival_before"] = np.where(festival < 0, np.exp(festival / 4), 0.0)
    columns["festival_after"] = np.where(festival >= 0, np.exp(-festival / 5), 0.0)
    columns["summer_time"] = _summer_time(local, config.daylight_zone or calendar.time_zone)
    columns |= dict(_holidays(local, calendar, config))
    return columns


def _summer_time(local: pd.DatetimeIndex, zone: str) -> np.ndarray:
    """1 on days of summer time at `zone`, judged at noon."""
    noon = (local.normalize().unique() + pd.Timedelta(hours=12)).tz_localize(time_zone(zone))
    flags = pd.Series([float(bool(stamp.dst())) for stamp in noon], index=local.normalize().unique())
    return flags.loc[local.normalize()].to_numpy()


def _holidays(local: pd.DatetimeIndex, calendar: Calendar, config: TermsConfig) -> Iterator[tuple[str, np.ndarray]]:
    """Each public holiday is a day of its own, and so are the days before and after it."""
    today = local.normalize()
    one = pd.Timedelta(days=1)
    # Tomorrow's holiday may begin just after the hours that are asked for.
    unique = today.unique()
    names = calendar.holiday_names(unique.union(unique - one).union(unique + one))
    for name in sorted({found for found in names if found}):
        kept = pd.DatetimeIndex(names.index[names == name])
        for offset, tag in ((-1, "before"), (0, "on"), (1, "after")):
            yield f"day_{tag} {name}", today.isin(kept + offset * one).astype(float)
    if config.year_end:
        month, number = local.month.to_numpy(), local.day.to_numpy()
        for which in (23, 24, 26, 27, 28, 29, 30, 31):
            yield f"december_{which}", ((month == 12) & (number == which)).astype(float)
        yield "january_2", ((month == 1) & (number == 2)).astype(float)


def weather_terms(temperature: np.ndarray, dated: dict[str, np.ndarray], config: TermsConfig) -> dict[str, np.ndarray]:
    """Temperature columns by name, each [T]; `temperature` (degC) starts PAD_HOURS before the T hours of `dated`.

    Piecewise linear temperature with lags and means is the recency effect of Wang, Liu and Hong (2016), with hinges
    for their cubics: these run away beyond the temperatures that were seen.
    """
    series = (temperature - 15.0) / 10.0
    steps = len(series) - PAD_HOURS
    sums = np.concatenate([[0.0], np.cumsum(series)])

    def lagged(hours: int) -> np.ndarray:
        return series[PAD_HOURS - hours : PAD_HOURS - hours + steps]

    def mean(first: int, last: int) -> np.ndarray:
        at = np.arange(steps) + PAD_HOURS
        return (sums[at - first + 1] - sums[at - last + 1]) / (last - first)

    parts = {"now": lagged(0), "day": mean(1, 25), "two": mean(25, 73), "week": mean(73, 169)}
    parts |= {f"lag{hours}": lagged(hours) for hours in config.lags}
    parts |= {f"fade{life:g}": _faded(series, life)[PAD_HOURS:] for life in config.half_lives}
    columns: dict[str, np.ndarray] = {}
    for name, values in parts.items():
        columns |= {f"temp_{name}{tag}": bent for tag, bent in _bent(values, config.knots)}
    for name in ("now", "day"):
        for tag, bent in _bent(parts[name], (0.0, 0.5)):
            columns[f"temp_off_{name}{tag}"] = bent * dated["off"]
            columns[f"temp_trend_{name}{tag}"] = bent * dated["trend"]
            for wave in ("sin1", "cos1"):
                columns[f"temp_{wave}_{name}{tag}"] = bent * dated[f"year_{wave}"]
    columns["temp_cross"] = parts["now"] * parts["day"]
    return columns


def _bent(values: np.ndarray, knots: tuple[float, ...]) -> Iterator[tuple[str, np.ndarray]]:
    yield "", values
    for knot in knots:
        yield f">{knot:g}", np.maximum(values - knot, 0.0)


def _faded(series: np.ndarray, half_life: float) -> np.ndarray:
    """Exponential mean of the past, the present included."""
    from scipy.signal import lfilter

    keep = 0.5 ** (1.0 / half_life)
    return lfilter([1 - keep], [1, -keep], series, zi=[keep * series[0]])[0]
