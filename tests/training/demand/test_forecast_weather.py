"""A territory that keeps weather forecasts but no observations: its demand model still learns from the weather."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts import NODE_LOAD, WEATHER_FORECAST
from features.frames import as_contract
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.load.weather import Weather
from features.workspace import TerritorySettings
from training.demand import DemandConfig, DemandModel

# Models are fitted with and without forecasts.
pytestmark = pytest.mark.slow

DAY = pd.Timedelta(days=1)


def with_forecasts(path: Path, history: History) -> Lake:
    """The history's loads, four per cent higher a degree, and its temperature as forecast daily for three days."""
    lake, rng = Lake(path), np.random.default_rng(0)
    loads, truth = history.loads, history.weather.actual()["temperature_c"]
    warm = loads.values * np.exp(0.04 * (truth.values - truth.values.mean()))
    frame = pd.DataFrame(warm.T, index=loads.times, columns=list(loads.ids)).rename_axis("start_utc")
    rows = frame.reset_index().melt("start_utc", var_name="node_id", value_name="load_kw")
    rows["available_at"] = rows["start_utc"] + pd.Timedelta(hours=1)
    lake.append("node_load", as_contract(NODE_LOAD, rows.reindex(columns=NODE_LOAD.columns)), "loads")
    issues = []
    for first in range(0, truth.values.shape[1] - 72, 24):
        said = truth.values[0, first : first + 72] + rng.normal(0, 0.5)
        issue = pd.DataFrame({"station_id": "W", "start_utc": truth.times[first : first + 72], "temperature_c": said})
        issues.append(issue.assign(issued_at=truth.times[first], available_at=truth.times[first]))
    told = pd.concat(issues).reindex(columns=WEATHER_FORECAST.columns)
    lake.append("weather_forecast", as_contract(WEATHER_FORECAST, told), "forecasts")
    return lake


def test_the_demand_model_uses_them(history_of: Callable[..., History], quick: DemandConfig, tmp_path: Path) -> None:
    history = load_history(with_forecasts(tmp_path, history_of(nodes=2, days=110, noise=0.02)), TerritorySettings())
    learnt = history.until(history.as_of - 20 * DAY)
    model = DemandModel.fit(learnt, quick)
    blind = DemandModel.fit(replace(learnt, weather=Weather({})), quick)
    assert model.weather_variables == ("temperature_c",)
    misses: dict[str, list[float]] = {"model": [], "blind": []}
    for day in range(20, 5, -2):
        issue = history.as_of - day * DAY
        actual = history.loads.values[:, history.loads.column(issue) :][:, :48].reshape(-1)
        found = model.forecast(history, issue, 48)
        assert not found["reason"].str.contains("WEATHER").any()
        misses["model"] += [float(np.mean(np.abs(found["q50"] / actual - 1)))]
        misses["blind"] += [float(np.mean(np.abs(blind.forecast(history, issue, 48)["q50"] / actual - 1)))]
    assert np.mean(misses["model"]) < 0.8 * np.mean(misses["blind"])
