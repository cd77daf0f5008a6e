"""C4: Yangzhong, each customer's kWh of 2016-06-01..2016-08-31 from data to 2016-05-31, origins to 2016-02-29.

Through ingest, lake and `read_known` as of the end of May. Counted are customers over 10 kWh a day in the quarter
before, the largest one left out. WAPE = sum |error| / sum of actual use. How the model is made was chosen at eight
origins from September 2015 to March 2016 whose seasons were over by the end of May, each trained on what was known then
(ORIGINS=1 prints them); the summer of 2016 is reported, not chosen by.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.result import Measured, require_data, run
from features.behaviour import DailyUse, read_known
from features.behaviour.metering import midnights
from features.clock import Calendar
from features.configs import config_path
from features.ingest import ingest
from features.lake import Lake
from features.settings import load_settings
from features.workspace import Workspace
from training.value.use import UseConfig, UseForecast, forecast_of, forecast_use

START, END = pd.Timestamp("2016-06-01"), pd.Timestamp("2016-09-01")
DAYS = (END - START).days
EARLIER = (
    "2015-09-15",
    "2015-10-15",
    "2015-11-15",
    "2015-12-15",
    "2016-01-15",
    "2016-02-01",
    "2016-02-15",
    "2016-03-01",
)
LEAST_KWH_DAY = 10.0


def main() -> None:
    run(
        "C4",
        measure,
        {"wape": [("<=", 0.195)], "spearman": [(">=", 0.928)]},
        {"wape": [("<=", 0.18)], "spearman": [(">=", 0.935)]},
    )


def measure() -> Measured:
    """WAPE and rank correlation of the product, and of rules anybody would try first."""
    source, config = require_data("yangzhong"), load_settings(UseConfig, config_path("value.use.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        ingest(config_path("sources/yangzhong.yaml"), source, workspace)
        lake, territory = Lake(workspace.lake), workspace.territory()
        calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
        edge = midnights(calendar, START, DAYS + 1)
        told = forecast_use(lake, territory, config, edge[0])
        whole = read_known(lake, territory, edge[-1]).use
    if os.environ.get("ORIGINS"):
        for day in map(pd.Timestamp, EARLIER):
            print(f"{day:%Y-%m-%d}", judged(forecast_of(told.known.until(day), calendar, config), whole))
    return judged(told, whole)


def judged(told: UseForecast, whole: DailyUse) -> Measured:
    """Scores of the season ahead, which `whole` knows."""
    first = (told.known.end_day - whole.first_day).days
    actual = whole.kwh[:, first : first + DAYS].astype(float).sum(axis=1)
    quarter = told.customers["use_90d_kwh_day"].to_numpy()
    counted = quarter > LEAST_KWH_DAY
    counted[np.argmax(quarter)] = False
    kwh = told.known.kwh.astype(float)
    rules = {f"last {days} days": kwh[counted, -days:].mean(axis=1) * DAYS for days in (7, 14, 31, 90)}
    metrics = scores(actual[counted], told.customers["expected_kwh"].to_numpy()[counted])
    metrics |= {"season_weight": told.model.season_weight}
    return metrics, {name: scores(actual[counted], rule) for name, rule in rules.items()}


def scores(actual: np.ndarray, told: np.ndarray) -> dict[str, float]:
    """WAPE and Spearman over customers, the sum of actual use over that told, and how many they are."""
    from scipy.stats import spearmanr

    return {
        "wape": round(float(np.abs(told - actual).sum() / actual.sum()), 4),
        "spearman": round(float(spearmanr(told, actual)[0]), 4),
        "actual_of_told": round(float(actual.sum() / told.sum()), 3),
        "customers": len(actual),
    }


if __name__ == "__main__":
    main()
