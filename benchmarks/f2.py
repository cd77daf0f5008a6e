"""F2: GEFCom2012's contest on actual temperature: eight blanked weeks and the week after the history's end.

WRMSE = sqrt(Σ w e² / Σ w) over all hours of the solution; the weights are the solution's own, and the system (zone
21) is the sum of the zones.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.day_ahead import ingested
from benchmarks.result import Measured, require_data, run
from features.load.grid import Grid
from training.outlook import OutlookConfig, TermsConfig, fill_unknown

END = pd.Timestamp("2008-07-08 05:00", tz="UTC")
"""The last scored hour of the contest has ended."""
SYSTEM = 21
HOURS = [f"h{hour}" for hour in range(1, 25)]


def main() -> None:
    run("F2", measure, {"wrmse": [("<=", 44_000)]}, {"wrmse": [("<=", 40_000)]})


def measure() -> Measured:
    """WRMSE of the product in kW, its parts, and the forecast that was shipped with the data."""
    source = require_data("gefcom2012")
    history = ingested("gefcom2012")
    weather = history.weather.actual()["temperature_c"]
    filled = fill_unknown(until(history.loads, END), weather, history.calendar, settings())
    solution = table(source / "Load_solution.csv.gz")
    shipped = table(source / "Load_benchmark.csv.gz").reindex(solution.index)
    ours = pd.Series(forecast(filled, solution.index, history.calendar.local(filled.times)), index=solution.index)
    peers = {"shipped benchmark": scores(solution, shipped["kw"])}
    return scores(solution, ours), peers


def settings() -> OutlookConfig:
    """The product's defaults; the data's clock has no zone, but its evenings follow summer time."""
    return OutlookConfig(terms=TermsConfig(daylight_zone="America/New_York"))


def until(loads: Grid, end: pd.Timestamp) -> Grid:
    """`loads` with unknown hours up to `end`."""
    more = loads.column(end) - loads.values.shape[1]
    return replace(loads, values=np.pad(loads.values, ((0, 0), (0, max(more, 0))), constant_values=np.nan))


def table(path: Path) -> pd.DataFrame:
    """Columns `kw` and `weight` by zone and local hour."""
    wide = pd.read_csv(path, thousands=",")
    wide["day"] = pd.to_datetime(wide[["year", "month", "day"]])
    wide["weight"] = wide.get("weight", 1.0)
    long = wide.melt(["zone_id", "day", "weight"], HOURS, "hour", "kw")
    long["hour"] = long["day"] + pd.to_timedelta(long["hour"].str[1:].astype(int) - 1, unit="h")
    return long.set_index(["zone_id", "hour"])[["kw", "weight"]].astype(float).sort_index()


def forecast(filled: Grid, wanted: pd.MultiIndex, local: pd.DatetimeIndex) -> np.ndarray:
    """kW of each zone and local hour of `wanted`."""
    zones = {int(name.removeprefix("zone-")): row for row, name in enumerate(filled.ids)}
    place = local.get_indexer(pd.DatetimeIndex(wanted.get_level_values("hour")))
    system = filled.values.sum(axis=0)
    numbers = wanted.get_level_values("zone_id")
    rows = [system if zone == SYSTEM else filled.values[zones[zone]] for zone in numbers]
    return np.array([row[at] for row, at in zip(rows, place, strict=True)])


def scores(solution: pd.DataFrame, kw: pd.Series) -> dict[str, float]:
    """WRMSE, and the RMSE of its four parts, which weigh the same."""
    error, weight = (kw - solution["kw"]) ** 2, solution["weight"]
    out = {"wrmse": float(np.sqrt((weight * error).sum() / weight.sum()))}
    system = solution.index.get_level_values("zone_id") == SYSTEM
    ahead = solution.index.get_level_values("hour") >= pd.Timestamp("2008-07-01")
    for name, part in (("zones", ~system), ("system", system)):
        out[f"{name}_backcast"] = float(np.sqrt(error[part & ~ahead].mean()))
        out[f"{name}_forecast"] = float(np.sqrt(error[part & ahead].mean()))
    return {name: round(value, 1) for name, value in out.items()}


if __name__ == "__main__":
    main()
