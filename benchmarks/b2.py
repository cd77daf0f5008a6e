"""B2: GEFCom2012 day-ahead demand, through ingest and backtest as a user would run them."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import require_data, run, seed
from features.configs import config_path
from features.ingest import ingest
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.workspace import Workspace
from training.backtests.demand import BacktestPlan, Scored, backtest_demand, day_ahead_plan
from training.demand import DemandConfig
from training.metrics import coverage, rcrps

FIRST, LAST = pd.Timestamp("2007-07-01"), pd.Timestamp("2008-06-29")
REFITS = (pd.Timestamp("2007-07-01"), pd.Timestamp("2008-01-01"))
# The last known load of the protocol is the hour that begins at 05:00.
ISSUE_HOUR = 6


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Scores of the product, and of a seasonal naive forecast of the same days."""
    history, config = gefcom2012(), DemandConfig(seed=seed(DemandConfig().seed))
    scored = day_ahead(history, config)
    print(scored.nodes.round(4).to_string())
    return scored.summary(), {"seasonal_naive": naive(history, plan(history).issues, config.levels)}


def gefcom2012() -> History:
    """The public data, ingested as a user would."""
    source = require_data("gefcom2012")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        ingest(config_path("sources/gefcom2012.yaml"), source, workspace)
        return load_history(Lake(workspace.lake), workspace.territory())


def plan(history: History) -> BacktestPlan:
    """The protocol: a year day ahead, fitted twice, on the temperature that came."""
    return day_ahead_plan(history, FIRST, LAST, ISSUE_HOUR, refit_days=REFITS, actual_weather=True)


def day_ahead(history: History, config: DemandConfig) -> Scored:
    """The scores of one configuration under the protocol."""
    return backtest_demand(history, config, plan(history))


def naive(history: History, issues: tuple[pd.Timestamp, ...], levels: tuple[float, ...]) -> dict[str, float]:
    """The load of a week before, with the quantiles of that rule's own errors over the year before the issue."""
    truth = history.loads.values
    lead, week = 24 - ISSUE_HOUR, 168
    error = np.full_like(truth, np.nan)
    error[:, week:] = truth[:, week:] - truth[:, :-week]
    scores, inside = [], []
    for row in range(len(truth)):
        forecasts, actual = [], []
        for issue in issues:
            at = history.loads.column(issue)
            past = error[row, at - 8760 : at]
            spread = np.nanquantile(past, levels)
            forecasts.append(truth[row, at + lead - week : at + lead + 24 - week, None] + spread)
            actual.append(truth[row, at + lead : at + lead + 24])
        values, seen = np.concatenate(forecasts), np.concatenate(actual)
        good = np.isfinite(seen) & np.isfinite(values).all(axis=1)
        scores.append(rcrps(seen[good], values[good], levels))
        inside.append(coverage(seen[good], values[good, 0], values[good, -1]))
    return {"rcrps": round(float(np.mean(scores)), 5), "coverage": round(float(np.mean(inside)), 5)}


if __name__ == "__main__":
    run("B2", measure, {"rcrps": [("<=", 0.0262)], "coverage": [(">=", 0.87), ("<=", 0.93)]})
