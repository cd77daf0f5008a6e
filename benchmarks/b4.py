"""B4: train and forecast 1,000 nodes × 2 years of hourly load."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import run, seed
from features.clock import Calendar
from features.demo import DemoConfig, simulate
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from training.demand import DemandConfig, DemandModel

NODES, YEARS, HORIZON_HOURS = 1000, 2, 168


def history(number: int) -> History:
    """Areas of the demo territory over two years, each repeated with its own level and noise up to 1,000 nodes."""
    territory = simulate(DemoConfig(areas=100, customers=400, years=YEARS, customer_years=1, seed=number))
    rng = np.random.default_rng(number)
    base = territory.load_kw[-len(territory.area_ids) :]
    rows = np.arange(NODES) % len(base)
    noise = rng.normal(1.0, 0.05, (NODES, base.shape[1])).astype(np.float32)
    loads = base[rows] * rng.lognormal(0.0, 0.5, (NODES, 1)) * noise
    ids = tuple(f"A{place:04d}" for place in range(NODES))
    grid = Grid(ids, territory.start, 60, loads)
    observed = Versions.from_grid(Grid(tuple(territory.station_ids), territory.start, 60, territory.temperature_c))
    nodes = pd.DataFrame({"kind": "area", "parent_id": None, "rating_kva": np.nan}, index=list(ids))
    return History(
        Versions.from_grid(grid), Weather({"temperature_c": observed}), nodes, Calendar("Asia/Shanghai", "CN"), grid.end
    )


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Seconds and CPU seconds a node of training on all but the last week, then forecasting that week for everyone."""
    whole = history(seed(7))
    issue = whole.as_of - pd.Timedelta(hours=HORIZON_HOURS)
    started, used = time.perf_counter(), time.process_time()
    model = DemandModel.fit(whole.until(issue), DemandConfig())
    trained = time.perf_counter() - started
    found = model.forecast(whole, issue, HORIZON_HOURS, actual_weather=True)
    total = time.perf_counter() - started
    truth = whole.loads
    actual = truth.values[:, truth.column(issue) :].reshape(-1)
    good = np.isfinite(actual)
    inside = ((actual >= found["q05"]) & (actual <= found["q95"])).to_numpy()[good].mean()
    return {
        "seconds": total,
        "seconds_train": trained,
        "cpu_seconds_per_node": (time.process_time() - used) / NODES,
        "rows_forecast": float(len(found)),
        "coverage": float(inside),
        "peak_mib": _peak_mib(),
    }, {}


def _peak_mib() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    run("B4", measure, {"seconds": [("<=", 900.0)], "peak_mib": [("<=", 8192.0)]})
