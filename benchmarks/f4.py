"""F4: four Dutch locations, day-ahead, 15-minute, from 90 days of history."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.day_ahead import ingested, scores
from benchmarks.result import run, seed
from features.load.history import History
from training.backtests.demand import BacktestPlan, backtest_demand, day_ahead_plan
from training.demand import DemandConfig

FIRST, LAST = pd.Timestamp("2021-01-01"), pd.Timestamp("2021-01-28")
LEVELS = (0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95)
TRAILING_DAYS, REFIT_DAYS, ISSUE_HOUR = 90, 7, 6


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Scores of the product under the protocol."""
    history, config = ingested("liander"), settings()
    scored = backtest_demand(history, config, plan(history))
    print(scored.nodes.round(4).to_string())
    return scores(scored.forecasts, LEVELS), {}


def settings() -> DemandConfig:
    """The product's defaults at the levels of the protocol."""
    return DemandConfig(levels=LEVELS, seed=seed(DemandConfig().seed))


def plan(
    history: History,
    first: pd.Timestamp = FIRST,
    last: pd.Timestamp = LAST,
    trailing_days: int = TRAILING_DAYS,
) -> BacktestPlan:
    """UTC days from `first` to `last`, issued at 06:00 UTC of the day before; the files hold no weather forecasts."""
    return day_ahead_plan(
        history,
        first,
        last,
        ISSUE_HOUR,
        actual_weather=True,
        zone="UTC",
        refit_every_days=REFIT_DAYS,
        trailing_days=trailing_days,
    )


if __name__ == "__main__":
    run("F4", measure, {"rcrps": [("<=", 0.066)], "coverage": [(">=", 0.86), ("<=", 0.94)]})
