"""What the day-ahead bars share: public data ingested as a user would, and the scores of a backtest."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from benchmarks.result import require_data
from features.configs import config_path
from features.ingest import ingest
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.load.weather import WEATHER_VARIABLES
from features.workspace import Workspace
from training.scoring import summary

__all__ = ["ingested", "scores"]


def ingested(name: str, weather_variables: tuple[str, ...] = WEATHER_VARIABLES) -> History:
    """The data set `name`, through the mapping of that name."""
    source = require_data(name)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        ingest(config_path(f"sources/{name}.yaml"), source, workspace)
        return load_history(Lake(workspace.lake), workspace.territory(), weather_variables=weather_variables)


def scores(forecasts: pd.DataFrame, levels: tuple[float, ...], after: str = "") -> Mapping[str, float]:
    """rCRPS, coverage and worst coverage, means over nodes, their names ending in `after`."""
    found = summary(forecasts, levels)
    return {f"{name}{after}": found[name] for name in ("rcrps", "coverage", "coverage_worst")}
