"""A small made-up history with known structure: daily shape, weather response, noise."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from training.demand import DemandConfig
from training.demand.config import BoosterConfig, CalibrationConfig

START = pd.Timestamp("2023-01-01", tz="UTC")


def make_history(
    nodes: int = 4,
    days: int = 200,
    step_minutes: int = 60,
    seed: int = 1,
    with_weather: bool = True,
    noise: float = 0.05,
    offset_kw: float = 0.0,
) -> History:
    """Loads of 100 kW and more with a daily shape and a response to temperature; ids N0, N1, …"""
    rng = np.random.default_rng(seed)
    per_day = 24 * 60 // step_minutes
    steps = days * per_day
    hours = np.arange(steps) / per_day * 24
    temperature = 15 - 12 * np.cos(2 * np.pi * hours / 8766) + 4 * np.sin(2 * np.pi * (hours - 8) / 24)
    temperature += np.repeat(rng.normal(0, 2, days), per_day)
    shape = 1 + 0.3 * np.sin(2 * np.pi * (hours - 6) / 24) + (0.002 * (temperature - 18) ** 2 if with_weather else 0)
    level = np.arange(1, nodes + 1)[:, None] * 100.0
    loads = level * shape * np.exp(rng.normal(0, noise, (nodes, steps))) - offset_kw
    ids = tuple(f"N{number}" for number in range(nodes))
    versions = Versions.from_grid(Grid(ids, START, step_minutes, loads))
    hourly = temperature[:: max(per_day // 24, 1)][None]
    observed = {"temperature_c": Versions.from_grid(Grid(("W",), START, 60, hourly))} if with_weather else {}
    table = pd.DataFrame(
        {"kind": "area", "parent_id": "F1", "rating_kva": level[:, 0] * 2.0, "weather_station_id": None},
        index=pd.Index(ids, name="node_id"),
    )
    end = START + pd.Timedelta(days=days)
    return History(versions, Weather(observed), table, Calendar("Asia/Shanghai", "CN"), end)


@pytest.fixture(scope="session")
def history_of() -> Callable[..., History]:
    return make_history


@pytest.fixture(scope="session")
def quick() -> DemandConfig:
    """Few trees and rows: seconds, not minutes."""
    return DemandConfig(
        horizon_hours=72,
        booster=BoosterConfig(rounds=30, learning_rate=0.2, leaves=15, max_rows=12_000, threads=1, min_leaf_rows=30),
        calibration=CalibrationConfig(days=60, max_issues=40),
    )
