"""A small town of which everything is known: six areas on two feeders of one substation, three years, hourly."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.grid import Grid
from training.peak.config import PeakConfig
from training.peak.inputs import PeakInputs

LOSSES = 1.02
QUICK = PeakConfig(
    scenarios=64, calibration_scenarios=50, origins=3, origin_step_days=120, horizons_days=(31, 365), harmonics=2
)


def town(years: int = 3, seed: int = 1, areas: int = 6) -> PeakInputs:
    """Areas use more when it is cold or hot; feeders and the substation carry their sums plus two per cent."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2021-01-01", tz="UTC")
    hours = years * 365 * 24
    day, hour = np.arange(hours) / 24, np.arange(hours) % 24
    spell = np.repeat(rng.normal(0, 3, hours // 72 + 1), 72)[:hours]
    temperature = 15 - 12 * np.cos(2 * np.pi * day / 365.25) + 4 * np.cos(2 * np.pi * (hour - 15) / 24) + spell
    need = 1 + 0.06 * np.clip(temperature - 22, 0, None) + 0.03 * np.clip(12 - temperature, 0, None)
    shape = 0.6 + 0.4 * np.cos(2 * np.pi * (hour - 19) / 24)
    size = np.linspace(60, 160, areas)
    noise = np.exp(0.04 * rng.standard_normal((areas, hours)))
    area = size[:, None] * need * shape * noise
    half = areas // 2
    feeder = np.stack([area[:half].sum(axis=0), area[half:].sum(axis=0)]) * LOSSES
    loads = np.vstack([area, feeder, feeder.sum(axis=0)])
    ids = (*(f"A{k}" for k in range(areas)), "F0", "F1", "S")
    nodes = pd.DataFrame(
        {
            "kind": ["area"] * areas + ["feeder"] * 2 + ["substation"],
            "parent_id": ["F0"] * half + ["F1"] * (areas - half) + ["S", "S", None],
            "weather_station_id": "W",
        },
        index=pd.Index(ids, name="node_id"),
    )
    weather = Grid(("W",), start, 60, temperature[None, :])
    return PeakInputs.of(Grid(ids, start, 60, loads), weather, nodes, Calendar("UTC"), None, 0.75)


@pytest.fixture(scope="session")
def three_years() -> PeakInputs:
    return town()


@pytest.fixture(scope="session")
def four_years() -> PeakInputs:
    return town(years=4)


@pytest.fixture(scope="session")
def quick() -> PeakConfig:
    return QUICK


def application(**values: object) -> pd.DataFrame:
    """One approved application for 100 kVA, with some of its columns set."""
    row: dict[str, object] = {
        "application_id": "Y1",
        "customer_id": None,
        "node_id": "A0",
        "kind": "new",
        "customer_class": "commercial",
        "requested_kva": 100.0,
        "status": "approved",
        "submitted_at": pd.Timestamp("2023-10-01", tz="UTC"),
        "surveyed_at": pd.Timestamp("2023-10-05", tz="UTC"),
        "approved_at": pd.Timestamp("2023-11-01", tz="UTC"),
        "energised_at": pd.NaT,
        "closed_at": pd.NaT,
        "expected_energised_at": pd.NaT,
        "source_constrained": None,
        "available_at": pd.Timestamp("2023-11-01", tz="UTC"),
    }
    frame = pd.DataFrame([row | values])
    for name in frame.columns:
        if name.endswith("_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def with_step(inputs: PeakInputs, node: int, day: int, factor: float) -> PeakInputs:
    """`inputs` in which one node draws `factor` times as much from a day on."""
    peak = inputs.peak_kw.copy()
    peak[node, day:] *= factor
    return replace(inputs, peak_kw=peak)


@pytest.fixture(scope="session")
def stepped():
    return with_step


@pytest.fixture
def apply():
    return application
