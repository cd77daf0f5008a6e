"""Two published feeders (Baran and Wu, IEEE Transactions on Power Delivery, 1989: vol. 4 no. 2 p. 1401, 33 buses, and
vol. 4 no. 1 p. 725, 69 buses; 12.66 kV), and feeders drawn by a seed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.decisions.voltage import Line, Loads, read_line

SLOPE = float(np.tan(np.arccos(0.95)))


@dataclass(frozen=True)
class Feeder:
    """A line and its loads, kW and kvar [point]."""

    line: Line
    p_kw: np.ndarray
    q_kvar: np.ndarray

    def loads(self, factors: np.ndarray) -> Loads:
        """The loads times each factor as hours; additions at every point with power factor .95."""
        here = np.eye(len(self.p_kw)) * 0.95
        return Loads(self.p_kw[:, None] * factors, self.q_kvar[:, None] * factors, here, here * SLOPE)


def published(buses: int) -> Feeder:
    table = pd.read_csv(Path(__file__).parent / f"baran_wu_{buses}.csv", dtype={"from_bus": str, "to_bus": str})
    segments = table.rename(columns={"from_bus": "from_id", "to_bus": "to_id"})
    segments = segments.assign(segment_id=segments["to_id"], nominal_kv=12.66)
    line, fault = read_line("F", frozenset({"1"}), segments, 10.0)
    assert line is not None, fault
    placed = table.set_index("to_bus").loc[list(line.points)]
    return Feeder(line, placed["p_kw"].to_numpy(dtype=float), placed["q_kvar"].to_numpy(dtype=float))


def drawn(seed: int, points: int = 12) -> Feeder:
    rng = np.random.default_rng(seed)
    above = np.array([int(rng.integers(-1, i)) if i else -1 for i in range(points)])
    km = rng.uniform(0.2, 3.0, points)
    line = Line(tuple(f"P{i}" for i in range(points)), above, 0.27 * km / 1e5, 0.35 * km / 1e5, 10.0)
    p = rng.uniform(0, 250, points)
    return Feeder(line, p, p * rng.uniform(0.2, 0.5, points))


@pytest.fixture(scope="session")
def published_feeder():
    return published


@pytest.fixture(scope="session")
def drawn_feeder():
    return drawn
