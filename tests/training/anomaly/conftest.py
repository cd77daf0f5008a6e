"""Made-up customers of like courses, some of whom steal."""

from collections.abc import Callable

import numpy as np
import pytest

MakeCrowd = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def make_crowd() -> MakeCrowd:
    """Daily kWh [customers × days] with a common course, weeks of their own, and some scatter."""

    def make(customers: int = 80, days: int = 400, seed: int = 1, scatter: float = 0.08) -> np.ndarray:
        rng = np.random.default_rng(seed)
        common = 0.15 * np.sin(np.arange(days) / 40) + 0.05 * rng.standard_normal(days)
        week = rng.normal(0, 0.25, (customers, 7))[:, np.arange(days) % 7]
        level = np.exp(rng.normal(4.5, 0.8, (customers, 1)))
        return np.asarray(level * np.exp(common + week + scatter * rng.standard_normal((customers, days))))

    return make
