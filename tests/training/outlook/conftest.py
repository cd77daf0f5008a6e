"""A small planted world: three years of two nodes and three stations."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.grid import Grid

START = pd.Timestamp("2020-01-01", tz="UTC")
HOURS = 3 * 365 * 24


def _fading(rng: np.random.Generator, size: int, hours: float) -> np.ndarray:
    """An AR(1) of unit variance whose memory is `hours`."""
    keep = np.exp(-1.0 / hours)
    shocks = rng.normal(0.0, np.sqrt(1 - keep**2), size)
    out = np.empty(size)
    out[0] = rng.normal()
    for place in range(1, size):
        out[place] = keep * out[place - 1] + shocks[place]
    return out


@pytest.fixture(scope="session")
def world() -> SimpleNamespace:
    """`loads` [2, T] follow the first station of `weather`; `quiet_kw` is the load without noise.

    Heating below 15 degC, cooling above 20, quieter weekends and holidays, growth, noise of one percent.
    """
    rng = np.random.default_rng(3)
    calendar = Calendar("UTC", "US")
    times = pd.date_range(START, periods=HOURS, freq="h")
    local = calendar.local(times)
    hour, day = times.hour.to_numpy(), times.day_of_year.to_numpy()
    cycle = 13 - 11 * np.cos(2 * np.pi * (day - 20) / 365.25) - 4 * np.cos(2 * np.pi * (hour - 3) / 24)
    warm = np.stack([cycle + 4 * _fading(rng, HOURS, 48.0) for _ in range(3)])
    off = calendar.days(local)["off"].loc[local.normalize()].to_numpy()
    shape = 100 + 20 * np.sin(2 * np.pi * (hour - 9) / 24) - 15 * off + 3 * np.arange(HOURS) / 8766
    degrees = 1.5 * np.maximum(15 - warm[0], 0) + 2.5 * np.maximum(warm[0] - 20, 0)
    quiet = np.stack([shape + degrees, 0.5 * (shape + 2 * degrees)])
    loads = Grid(("a", "b"), START, 60, quiet * (1 + 0.01 * rng.normal(size=quiet.shape)))
    weather = Grid(("near", "far", "farther"), START, 60, warm)
    return SimpleNamespace(loads=loads, weather=weather, quiet_kw=quiet, calendar=calendar)


@pytest.fixture
def fading() -> Callable[[np.random.Generator, int, float], np.ndarray]:
    """A maker of series that keep a memory of some hours."""
    return _fading
