"""Made-up customers: what they use, and what they are billed, pay and cost."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.behaviour import DailyUse

MakeUse = Callable[..., DailyUse]


@pytest.fixture
def make_use() -> MakeUse:
    """Daily use of works with their own levels; `season` is a log factor of June to August that comes every year."""

    def make(customers: int = 120, days: int = 640, season: float = 0.0, walk: float = 0.0, seed: int = 1) -> DailyUse:
        rng = np.random.default_rng(seed)
        level = np.exp(rng.normal(5.0, 1.0, customers))
        summer = rng.choice([-season, season], customers)
        dates = pd.date_range("2015-01-01", periods=days, freq="D")
        inside = dates.month.isin([6, 7, 8])
        drift = np.cumsum(walk * rng.standard_normal((customers, days)), axis=1)
        noise = 0.1 * rng.standard_normal((customers, days))
        kwh = level[:, None] * np.exp(summer[:, None] * inside + drift + noise)
        ids = tuple(f"E{one:04d}" for one in range(customers))
        return DailyUse(ids, dates[0], kwh.astype(np.float32))

    return make
