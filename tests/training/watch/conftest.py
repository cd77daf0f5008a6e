"""A demo territory as a history, with some of its tables replaced; no model is trained."""

from collections.abc import Callable

import pandas as pd
import pytest

from features.demo import Territory
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.workspace import TerritorySettings
from training.demand import DemandConfig
from training.demand.linear import LinearStage
from training.demand.model import fit_linear

TABLES = ("node", "transformer", "weather_observed", "weather_forecast", "node_load")


@pytest.fixture(scope="session")
def history_with(
    small_territory: Territory, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[dict[str, pd.DataFrame]], History]:
    """A function that makes the history of the territory, with the given tables in place of its own."""

    def make(instead: dict[str, pd.DataFrame]) -> History:
        lake = Lake(tmp_path_factory.mktemp("watched"))
        for name in TABLES:
            lake.append(name, instead[name] if name in instead else small_territory.frame(name), "all")
        return load_history(lake, TerritorySettings())

    return make


@pytest.fixture(scope="session")
def quiet_history(history_with: Callable[[dict[str, pd.DataFrame]], History]) -> History:
    return history_with({})


@pytest.fixture(scope="session")
def stage(quiet_history: History) -> LinearStage:
    """The linear stage, fitted until three weeks before the end."""
    end = quiet_history.loads.end - pd.Timedelta(days=21)
    return fit_linear(quiet_history.until(end), DemandConfig(), end)
