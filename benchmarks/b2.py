"""B2: GEFCom2012 day-ahead demand, through ingest and backtest as a user would run them."""

import pandas as pd

from benchmarks.day_ahead import ingested, naive_week, rounded, scores
from benchmarks.result import Measured, run, seed
from features.load.history import History
from training.backtests.demand import BacktestPlan, Scored, backtest_demand, day_ahead_plan
from training.demand import DemandConfig

FIRST, LAST = pd.Timestamp("2007-07-01"), pd.Timestamp("2008-06-29")
REFITS = (pd.Timestamp("2007-07-01"), pd.Timestamp("2008-01-01"))
# The last known load of the protocol is the hour that begins at 05:00.
ISSUE_HOUR = 6


def measure() -> Measured:
    """Scores of the product, and of a seasonal naive forecast of the same days."""
    history, config = gefcom2012(), DemandConfig(seed=seed(DemandConfig().seed))
    scored = day_ahead(history, config)
    print(scored.nodes.round(4).to_string())
    return scored.summary(), {"seasonal_naive": naive(history, config.levels)}


def gefcom2012() -> History:
    """The public data, ingested as a user would."""
    return ingested("gefcom2012")


def plan(history: History) -> BacktestPlan:
    """The protocol: a year day ahead, fitted twice, on the temperature that came."""
    return day_ahead_plan(history, FIRST, LAST, ISSUE_HOUR, refit_days=REFITS, actual_weather=True)


def day_ahead(history: History, config: DemandConfig) -> Scored:
    """The scores of one configuration under the protocol."""
    return backtest_demand(history, config, plan(history))


def naive(history: History, levels: tuple[float, ...]) -> dict[str, float]:
    """Scores of the load of a week before."""
    return rounded(scores(naive_week(history, plan(history), levels), levels))


if __name__ == "__main__":
    run("B2", measure, {"rcrps": [("<=", 0.0262)], "coverage": [(">=", 0.87), ("<=", 0.93)]})
