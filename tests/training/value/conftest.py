"""Made-up customers: what they use, and what they are billed, pay and cost."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.behaviour import DailyUse
from features.contracts import CONTRACTS
from features.demo import DemoConfig, simulate
from features.lake import Lake
from training.customers.cases import Cases
from training.value.build import NAMES, joined
from training.value.margin import COMPONENTS

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


MakeCases = Callable[..., Cases]


@pytest.fixture
def make_cases() -> MakeCases:
    """Made-up cases of customers at origins two months apart; `signal` is how much of the change one feature tells.

    `shared` is a change that all customers of an origin have. The outcome of a year overlaps from origin to origin.
    """

    def make(
        customers: int = 400, origins: int = 4, signal: float = 0.0, shared: float = 0.0, seed: int = 5, gap: int = 61
    ) -> Cases:
        rng = np.random.default_rng(seed)
        told = rng.standard_normal(customers)
        size = np.exp(rng.normal(6.0, 1.0, customers))
        last = 0.8 * size
        parts = []
        for number in range(origins):
            at = pd.Timestamp("2022-01-31 16:00", tz="UTC") + pd.Timedelta(days=gap * number)
            change = signal * told + 0.3 * rng.standard_normal(customers) + shared
            features = pd.DataFrame(rng.standard_normal((customers, len(NAMES))), columns=list(NAMES))
            features["trend_share_year"] = told
            rows = pd.DataFrame({"origin": at, "known_at": at + pd.Timedelta(days=395)}, index=range(customers))
            rows["check_known_at"] = at + pd.Timedelta(days=120)
            rows["customer_id"] = [f"K{one:05d}" for one in range(customers)]
            rows["unit"] = "residential"
            rows["value_cny"], rows["kwh"] = last + change * size, 1000.0 * np.exp(0.2 * change)
            rows["bad_debt_cny"], rows["increase_kva"], rows["check_change"] = 0.0, 0.0, change
            rows["weather_share"] = rows["check_weather_share"] = 0.0
            context = {f"last_{name}": np.zeros(customers) for name in COMPONENTS}
            context |= {"last_margin_cny": last, "last_kwh": np.full(customers, 1000.0), "size_cny": size}
            none = np.zeros(customers)
            context |= {"weather_foreseen": none, "weather_sd": none, "check_weather_foreseen": none}
            context |= {"class": np.full(customers, "residential"), "contract_kva": np.full(customers, 8.0)}
            parts.append(Cases(rows, features, context))
        return joined(parts)

    return make


@pytest.fixture(scope="session")
def value_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Sixty demo customers with three years of bills; no test may add to it."""
    made = simulate(
        DemoConfig(substations=1, feeders=2, areas=8, customers=60, years=3, customer_years=3, weather_stations=1)
    )
    lake = Lake(tmp_path_factory.mktemp("value") / "lake")
    names = ("node", "customer", "meter", "consumption", "bill", "payment", "tariff", "cost_to_serve", "application")
    for name in names:
        keys = [*CONTRACTS[name].key, "available_at"]
        lake.append(name, made.frame(name).drop_duplicates(keys, keep="last"), "first")
    return lake
