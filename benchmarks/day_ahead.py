"""What the day-ahead bars share: public data ingested as a user would, and the scores of a backtest."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from benchmarks.peering import Asked
from benchmarks.result import require_data
from features.configs import config_path
from features.ingest import ingest
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.load.weather import WEATHER_VARIABLES
from features.workspace import Workspace
from training.scoring import by_node, summary

__all__ = ["ingested", "openstef_scores", "scores"]


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


def openstef_scores(
    asked: Asked, history: History, presets: list[str], levels: tuple[float, ...]
) -> dict[str, dict[str, float]]:
    """Scores and CPU seconds of each preset, and the mean rCRPS of whichever preset is best for each node."""
    found, best = {}, []
    for preset in presets:
        frame = asked.of(preset, history)
        best.append(by_node(frame, levels)["rcrps"])
        cost = {f"cpu_{name}": round(value, 1) for name, value in asked.cost[preset].items()}
        found[f"openstef {preset}"] = {**_rounded(scores(frame, levels)), **cost}
    each = pd.concat(best, axis=1).min(axis=1)
    return {**found, "openstef best of each node": {"rcrps": round(float(each.mean()), 5)}}


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in values.items()}
