"""Loads with a known law: a daily shape plus an hourly autoregression, and the forecaster who knows it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from training.demand.config import LEVELS
from training.demand.quantiles import level_name

START = pd.Timestamp("2023-12-31T16:00Z")
CLOCK = Calendar("Asia/Shanghai", "CN")
SHAPE = 100 + 20 * np.sin(2 * np.pi * (np.arange(24) - 9) / 24)
MEMORY, SD = 0.9, 5.0


def ar_paths(rng: np.random.Generator, first: np.ndarray, steps: int) -> np.ndarray:
    """Noise [..., steps] that goes on from `first` [...]."""
    shocks = rng.normal(0, SD * np.sqrt(1 - MEMORY**2), (*first.shape, steps))
    paths = np.empty_like(shocks)
    last = first
    for step in range(steps):
        last = MEMORY * last + shocks[..., step]
        paths[..., step] = last
    return paths


@dataclass(frozen=True)
class Knowing:
    """Forecasts with the true law, given the last load before the issue; `shift_kw` is added to every quantile."""

    trained_until: pd.Timestamp = START
    shift_kw: float = 0.0

    def forecast(
        self,
        history: History,
        issued_at: pd.Timestamp,
        horizon_hours: int,
        *,
        node_ids: list[str],
        quantiles: tuple[float, ...],
    ) -> pd.DataFrame:
        known = history.versions.grid(issued_at).values[:, : history.loads.column(issued_at)]
        ahead = np.arange(1, horizon_hours + 1)
        times = pd.date_range(issued_at, periods=horizon_hours, freq="h")
        hours = CLOCK.local(times).hour.to_numpy()
        last = known[:, -1] - SHAPE[CLOCK.local(times[:1] - pd.Timedelta(hours=1)).hour[0]]
        mean = SHAPE[hours] + last[:, None] * MEMORY**ahead + self.shift_kw
        sd = SD * np.sqrt(1 - MEMORY ** (2 * ahead))
        values = mean[..., None] + sd[:, None] * ndtri(np.array(quantiles))
        frame = pd.DataFrame({"node_id": np.repeat(np.array(node_ids, dtype=object), horizon_hours), "reason": ""})
        frame["start_utc"] = pd.DatetimeIndex(np.tile(times.tz_localize(None), len(node_ids))).tz_localize("UTC")
        flat = values.reshape(-1, len(quantiles))
        return frame.assign(**{level_name(level): flat[:, place] for place, level in enumerate(quantiles)})


@pytest.fixture(scope="session")
def ar_history() -> Callable[..., History]:
    def make(nodes: int = 12, days: int = 130, seed: int = 1, rating_kva: float = 150.0) -> History:
        rng = np.random.default_rng(seed)
        noise = ar_paths(rng, rng.normal(0, SD, nodes), days * 24)
        ids = tuple(f"N{number}" for number in range(nodes))
        loads = np.tile(SHAPE, days) + noise
        versions = Versions.from_grid(Grid(ids, START, 60, loads))
        columns = {"kind": "area", "parent_id": "F1", "rating_kva": rating_kva, "power_factor": 0.9}
        table = pd.DataFrame(columns, index=pd.Index(ids, name="node_id"))
        return History(versions, Weather({}), table, CLOCK, START + pd.Timedelta(days=days))

    return make


@pytest.fixture(scope="session")
def knowing() -> Callable[..., Knowing]:
    return lambda **changes: replace(Knowing(), **changes)


@pytest.fixture(scope="session")
def levels() -> tuple[float, ...]:
    return LEVELS


@pytest.fixture(scope="session")
def true_chance() -> Callable[..., float]:
    """Monte Carlo of the law: the chance that two hours of tomorrow on end are at or above the limit, from a load at
    noon (local) that lies `above_kw` over its shape."""

    def chance(above_kw: float, limit_kw: float, runs: int = 20_000) -> float:
        rng = np.random.default_rng(5)
        day = SHAPE + ar_paths(rng, np.full(runs, above_kw), 12 + 24)[:, 12:]
        return float((np.minimum(day[:, 1:], day[:, :-1]).max(axis=1) >= limit_kw).mean())

    return chance


@pytest.fixture(scope="session")
def shape_kw() -> np.ndarray:
    return SHAPE
