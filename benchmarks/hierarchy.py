"""HIERARCHY: day-ahead demand of areas, feeders and substations that adds up, beside each node's own model.

On a demo territory of 36 areas over two years; the last 15 weeks are judged, one fit, weather forecasts as issued.
The ratios are rCRPS of the forecasts made to add up over that of the independent ones: agreeing totals are to cost
nothing worth mentioning.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.result import run, seed
from features.configs import config_path
from features.demo import DemoConfig, generate
from features.ingest import ingest
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import Workspace
from training.backtests.demand import backtest_demand, day_ahead_plan
from training.backtests.hierarchy import hierarchy_scores
from training.demand import DemandConfig

FIRST, LAST = pd.Timestamp("2025-09-01"), pd.Timestamp("2025-12-15")


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Ratio by kind of node, and the whole table."""
    history = territory()
    config = load_settings(DemandConfig, config_path("demo/demand.yaml"))
    scored = backtest_demand(history, config, day_ahead_plan(history, FIRST, LAST, 6))
    parents = dict(zip(history.nodes.index.astype(str), history.nodes["parent_id"], strict=True))
    table = hierarchy_scores(scored.forecasts, history, parents, config.levels)
    ratios = (table["rcrps_coherent"] / table["rcrps_independent"]).to_dict()
    return {f"ratio_{kind}": float(ratio) for kind, ratio in ratios.items()}, table.round(4).to_dict("index")


def territory() -> History:
    """The territory through the gate, as a user would have it."""
    with tempfile.TemporaryDirectory() as folder:
        config = DemoConfig(areas=36, customers=100, years=2, customer_years=1, seed=seed(5))
        generate(config, Path(folder) / "source")
        workspace = Workspace(Path(folder) / "workspace")
        ingest(config_path("sources/demo.yaml"), Path(folder) / "source", workspace)
        return load_history(Lake(workspace.lake), workspace.territory())


if __name__ == "__main__":
    run("HIERARCHY", measure, {f"ratio_{kind}": [("<=", 1.05)] for kind in ("area", "feeder", "substation")})
