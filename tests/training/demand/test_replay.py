"""Features of past issue times, rebuilt from what was available then, equal the bulk training features bit for bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts import NODE_LOAD, WEATHER_COLUMNS
from features.lake import Lake
from features.load.grid import Versions
from features.load.history import History
from features.load.issue import build_features
from features.load.reading import load_history
from features.workspace import TerritorySettings
from training.demand import DemandConfig
from training.demand.assembly import Assembler, Issue
from training.demand.model import fit_linear

HOUR = pd.Timedelta(hours=1)


def fill_lake(lake: Lake, history: History, seed: int) -> None:
    """The history's loads and weather with late rows, corrections of load and weather, and daily forecasts."""
    rng = np.random.default_rng(seed)
    loads = long(history.versions, "node_id", "load_kw")
    late = rng.random(len(loads)) < 0.03
    loads["available_at"] += pd.to_timedelta(np.where(late, rng.integers(1, 200, len(loads)), 0), unit="h")
    fixed = loads.sample(frac=0.02, random_state=seed).copy()
    fixed["load_kw"] *= rng.uniform(0.5, 1.5, len(fixed))
    fixed["available_at"] += pd.to_timedelta(rng.integers(1, 500, len(fixed)), unit="h")
    for field in NODE_LOAD.columns:
        for frame in (loads, fixed):
            if field not in frame:
                frame[field] = np.nan
    lake.append("node_load", loads[list(NODE_LOAD.columns)], "first")
    lake.append("node_load", fixed[list(NODE_LOAD.columns)], "corrections")
    weather = long(history.weather.observed["temperature_c"], "station_id", "temperature_c")
    mended = weather.sample(frac=0.01, random_state=seed).copy()
    mended["temperature_c"] += 3.0
    mended["available_at"] += pd.to_timedelta(rng.integers(1, 300, len(mended)), unit="h")
    columns = ["station_id", "start_utc", *WEATHER_COLUMNS, "available_at"]
    lake.append("weather_observed", weather.reindex(columns=columns), "first")
    lake.append("weather_observed", mended.reindex(columns=columns), "corrections")
    lake.append(
        "weather_forecast", forecasts(weather, rng).reindex(columns=["station_id", "issued_at", *columns[1:]]), "all"
    )


def long(versions: Versions, id_column: str, value_column: str) -> pd.DataFrame:
    step = pd.Timedelta(minutes=versions.step_minutes)
    return pd.DataFrame(
        {
            id_column: np.array(versions.ids, dtype=object)[versions.row],
            "start_utc": versions.start + versions.column * step,
            value_column: versions.value,
            "available_at": pd.to_datetime(versions.available, unit="us", utc=True),
        }
    )


def forecasts(weather: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One forecast a day at 00:00 UTC for four days, a little wrong."""
    parts = []
    for day in pd.date_range(weather["start_utc"].min(), weather["start_utc"].max(), freq="D"):
        ahead = weather[(weather["start_utc"] >= day) & (weather["start_utc"] < day + 96 * HOUR)].copy()
        ahead["temperature_c"] += rng.normal(0, 1, len(ahead))
        parts.append(ahead.assign(issued_at=day, available_at=day + HOUR))
    return pd.concat(parts)


@pytest.mark.parametrize("seed", [3, 4])
def test_replay_equals_bulk(history_of: Callable[..., History], quick: DemandConfig, tmp_path: Path, seed: int) -> None:
    made = history_of(nodes=3, days=120, seed=seed)
    lake, territory = Lake(tmp_path / "lake"), TerritorySettings()
    fill_lake(lake, made, seed)
    bulk = load_history(lake, territory)
    stage = fit_linear(bulk, quick, bulk.loads.end)
    assembler = Assembler(bulk, stage, actual_weather=True)
    offsets = np.arange(0, 48)
    changed = 0
    for issue in (made.as_of - pd.Timedelta(days=days, hours=5) for days in (60, 31, 30, 12, 3)):
        expected, scale = build_features(assembler.inputs(Issue(issue, offsets)))
        then = load_history(lake, territory, as_of=issue)
        assert then.loads.end <= issue
        found, replayed = build_features(Assembler(then, stage, actual_weather=False).inputs(Issue(issue, offsets)))
        assert found.tobytes() == expected.tobytes()
        assert replayed.tobytes() == scale.tobytes()
        known_now = replace(bulk, as_of=issue)
        changed += int(
            not np.array_equal(
                known_now.loads.values[:, : then.loads.values.shape[1]],
                bulk.loads.values[:, : then.loads.values.shape[1]],
                equal_nan=True,
            )
        )
    assert changed == 5, "corrections after each issue must exist, or the test proves nothing"
