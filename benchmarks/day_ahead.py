"""What the day-ahead bars share: public data ingested as a user would, and the scores of a backtest."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import cpu_seconds
from benchmarks.peering import ask
from benchmarks.result import require_data, seed
from features.configs import config_path
from features.ingest import ingest
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.load.weather import WEATHER_VARIABLES
from features.workspace import Workspace
from training.backtests.demand import BacktestPlan, backtest_demand
from training.demand import DemandConfig
from training.demand.quantiles import level_name
from training.scoring import beside_truth, by_node, summary

__all__ = [
    "OPENSTEF_LEVELS",
    "asked_presets",
    "ingested",
    "naive_week",
    "openstef",
    "ours",
    "rounded",
    "scores",
    "settings",
]

OPENSTEF_LEVELS = (0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95)
"""The levels of bars that OpenSTEF is judged in: those of its own examples."""

Score = Callable[[pd.DataFrame], Mapping[str, float]]


def ingested(name: str, weather_variables: tuple[str, ...] = WEATHER_VARIABLES) -> History:
    """The data set `name`, through the mapping of that name."""
    source = require_data(name)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        ingest(config_path(f"sources/{name}.yaml"), source, workspace)
        return load_history(Lake(workspace.lake), workspace.territory(), weather_variables=weather_variables)


def settings() -> DemandConfig:
    """The product's defaults at OpenSTEF's levels."""
    return DemandConfig(levels=OPENSTEF_LEVELS, seed=seed(DemandConfig().seed))


def ours(history: History, config: DemandConfig, plan: BacktestPlan) -> tuple[pd.DataFrame, float]:
    """The product's forecasts under the protocol and the CPU seconds they took; scores by node are printed."""
    began = cpu_seconds()
    scored = backtest_demand(history, config, plan)
    spent = cpu_seconds() - began
    print(scored.nodes.round(4).to_string())
    return scored.forecasts, spent


def asked_presets(usual: str) -> list[str]:
    """OpenSTEF's presets asked for by PRESETS=, or the `usual` ones."""
    return (os.environ.get("PRESETS") or usual).split()


def scores(forecasts: pd.DataFrame, levels: tuple[float, ...], after: str = "") -> Mapping[str, float]:
    """rCRPS, coverage and worst coverage, means over nodes, their names ending in `after`."""
    found = summary(forecasts, levels)
    return {f"{name}{after}": found[name] for name in ("rcrps", "coverage", "coverage_worst")}


def naive_week(history: History, plan: BacktestPlan, levels: tuple[float, ...]) -> pd.DataFrame:
    """The load of a week before, with the quantiles of that rule's own errors over the year before each issue.

    Rows as `backtest_demand` has them: node_id, issued_at, start_utc, one column a level, load_kw.
    """
    grid = history.loads
    truth, an_hour = grid.values, 60 // grid.step_minutes
    week, year = 168 * an_hour, 8760 * an_hour
    error = np.full_like(truth, np.nan)
    error[:, week:] = truth[:, week:] - truth[:, :-week]
    parts = []
    for issue in sorted(plan.issues):
        at = grid.column(issue)
        spread = np.stack([np.nanquantile(row[max(at - year, 0) : at], levels) for row in error])
        ahead = np.arange(at + plan.first_lead_hours * an_hour, at + plan.horizon_hours * an_hour)
        values = (truth[:, ahead - week, None] + spread[:, None, :]).reshape(-1, len(levels))
        table = pd.DataFrame(values, columns=[level_name(level) for level in levels])
        start = grid.start + ahead * pd.Timedelta(minutes=grid.step_minutes)
        table["node_id"], table["start_utc"] = np.repeat(grid.ids, len(ahead)), np.tile(start, len(grid.ids))
        parts.append(table.assign(issued_at=issue))
    return beside_truth(pd.concat(parts, ignore_index=True), grid)


def openstef(
    history: History, frame: pd.DataFrame, request: Mapping[str, Any], presets: list[str], score: Score
) -> dict[str, dict[str, Any]]:
    """Scores and CPU seconds of each of OpenSTEF's presets, by `score`; nothing where it is not installed.

    Beside them, where there are several, the mean rCRPS of whichever preset is best for each node.
    """
    found, each = {}, []
    levels = tuple(request["quantiles"])
    for preset in presets:
        # Leads of three days, as its users set for a day ahead: a little better for it than the 42 hours of the terms.
        asked = ask("openstef_presets", frame, {**request, "horizon_hours": 72, "presets": [preset]})
        if asked is None:
            return {}
        rows = asked.of(preset, history)
        each.append(by_node(rows, levels)["rcrps"])
        found[f"openstef {preset}"] = {**rounded(score(rows)), **asked.spent(preset)}
    if len(presets) < 2:
        return found
    best = float(pd.concat(each, axis=1).min(axis=1).mean())
    return {**found, "openstef best of each node": {"rcrps": round(best, 5)}}


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """To five decimals, as results are told."""
    return {name: round(float(value), 5) for name, value in values.items()}
