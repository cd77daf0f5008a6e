"""COLD: areas without any load, day ahead: siblings by customer mix and agreed capacity, beside siblings by feeder.

Demo territories of 80 areas over two years, two seeds that nothing was chosen on; a fifth of the areas keep their place
in the ledgers and their customers, but no reading of theirs is seen, by a fit or by a forecast. Judged are twelve days
of the last two months, weather forecasts as issued. `ratio` is rCRPS over that of the same forecasts without customers.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.day_ahead import rounded, scores
from benchmarks.result import run, seed
from features.configs import config_path
from features.demo import DemoConfig, simulate
from features.lake import Lake
from features.load.history import History
from features.load.mix import no_customers
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import TerritorySettings
from training.demand import DemandConfig, DemandModel
from training.scoring import beside_truth

SEEDS, FOLDS = 2, 5
DAYS_BACK = range(58, 0, -5)
LEAD_HOURS, HORIZON_HOURS = 16, 40
TABLES = ("node", "transformer", "customer", "weather_observed", "weather_forecast", "node_load")


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Scores of cold areas with and without what is known of customers."""
    config = load_settings(DemandConfig, config_path("demo/demand.yaml"))
    first = seed(5)
    found = [cold_forecasts(territory(number), config, number) for number in range(first, first + SEEDS)]
    with_mix, without = (pd.concat(parts, ignore_index=True) for parts in zip(*found, strict=True))
    ours, before = scores(with_mix, config.levels), scores(without, config.levels)
    return {**ours, "ratio": ours["rcrps"] / before["rcrps"]}, {"siblings by feeder and rating": rounded(before)}


def cold_forecasts(history: History, config: DemandConfig, number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecasts of the cold areas beside what came, with customers known and without."""
    areas = [node for node in history.node_ids if history.nodes.at[node, "kind"] == "area"]
    cold = sorted(np.random.default_rng(number).permutation(areas)[: len(areas) // FOLDS].tolist())
    seen = replace(history.with_nodes([node for node in areas if node not in cold]), nodes=history.nodes)
    days = [history.loads.end.floor("D") - pd.Timedelta(days=back) for back in DAYS_BACK]
    issues = [day - pd.Timedelta(hours=LEAD_HOURS) for day in days]
    config = config.model_copy(update={"horizon_hours": HORIZON_HOURS, "first_lead_hours": LEAD_HOURS})
    model = DemandModel.fit(seen.until(issues[0]), config)

    def forecasts(known: History) -> pd.DataFrame:
        parts = [
            model.forecast(known, issue, first_lead_hours=LEAD_HOURS, node_ids=cold).assign(issued_at=issue)
            for issue in issues
        ]
        found = beside_truth(pd.concat(parts, ignore_index=True), history.loads)
        return found.assign(node_id=f"{number} " + found["node_id"].astype(str))

    return forecasts(seen), forecasts(replace(seen, customers=no_customers()))


def territory(number: int) -> History:
    """A territory's history with its customers."""
    made = simulate(
        DemoConfig(substations=2, feeders=8, areas=80, customers=2600, years=2, customer_years=1, seed=number)
    )
    with TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        for name in TABLES:
            lake.append(name, made.frame(name), "all")
        return load_history(lake, TerritorySettings())


if __name__ == "__main__":
    run("COLD", measure, {"ratio": [("<=", 0.85)]})
