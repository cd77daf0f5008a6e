"""What the meters made of the truth: gaps, late and corrected rows, voltages, theft, stale meters."""

from dataclasses import dataclass

import numpy as np

from features.demo.config import DemoConfig
from features.demo.customers import Customers
from features.demo.load import Load
from features.demo.network import Network

__all__ = ["Readings", "take_readings"]


@dataclass(frozen=True)
class Readings:
    """`current_kw` [nodes × hours] as read in the end, NaN in gaps."""

    current_kw: np.ndarray


def take_readings(
    config: DemoConfig, network: Network, load: Load, customers: Customers, rng: np.random.Generator
) -> Readings:
    """Read the load, with gaps of hours to days at some nodes."""
    current = np.round(load.load_kw, 3)
    N, T = current.shape
    for _ in range(max(1, N * T // 40_000)):
        node, begin = int(rng.integers(0, N)), int(rng.integers(0, T))
        current[node, begin : begin + int(rng.integers(1, 60))] = np.nan
    return Readings(current)
