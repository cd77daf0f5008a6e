"""F8: two Chinese areas, day-ahead, 15-minute, a year with its Spring Festival, from two years of history."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.day_ahead import ingested, scores
from benchmarks.result import run, seed
from features.load.history import History
from training.backtests.demand import BacktestPlan, backtest_demand, day_ahead_plan
from training.demand import DemandConfig

FIRST, LAST = pd.Timestamp("2014-01-01"), pd.Timestamp("2014-12-31")
FESTIVAL = (pd.Timestamp("2014-01-30"), pd.Timestamp("2014-02-13"))
LEVELS = (0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95)
TRAILING_DAYS, ISSUE_HOUR = 731, 6


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Scores of the product over the year, and over the weeks around the Spring Festival."""
    history, config = ingested("power_areas_cn"), settings()
    scored = backtest_demand(history, config, plan(history))
    print(scored.nodes.round(4).to_string())
    return by_season(scored.forecasts, history), {}


def settings() -> DemandConfig:
    """The product's defaults at the levels of the protocol."""
    return DemandConfig(levels=LEVELS, seed=seed(DemandConfig().seed))


def plan(
    history: History,
    first: pd.Timestamp = FIRST,
    last: pd.Timestamp = LAST,
    trailing_days: int = TRAILING_DAYS,
) -> BacktestPlan:
    """Local days from `first` to `last`, issued at 06:00 the day before, fitted anew with every month."""
    months = tuple(pd.date_range(first, last, freq="MS"))
    return day_ahead_plan(history, first, last, ISSUE_HOUR, refit_days=months, trailing_days=trailing_days)


def by_season(
    forecasts: pd.DataFrame, history: History, festival: tuple[pd.Timestamp, pd.Timestamp] = FESTIVAL
) -> dict[str, float]:
    """Scores of all days, and of the local days of `festival`, both included."""
    day = history.calendar.local(pd.DatetimeIndex(forecasts["start_utc"])).normalize()
    inside = (day >= festival[0]) & (day <= festival[1])
    return {**scores(forecasts, LEVELS), **scores(forecasts[inside], LEVELS, "_festival")}


if __name__ == "__main__":
    run("F8", measure, {})
