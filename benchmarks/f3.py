"""F3: GEFCom2014's load track, tasks 4 to 15: each month of 2011 from what was released with its task.

99 quantiles, temperature of the month unknown, mean pinball loss of the twelve tasks. Task t is scored on the load
that came with task t + 1, the last one on its solution. Stamps are the ends of hours.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.result import Measured, require_data, run
from features.clock import Calendar
from features.load.grid import Grid
from training.metrics import pinball
from training.outlook import MemberConfig, OutlookConfig, TermsConfig, outlook_quantiles, seasonal_quantiles

TASKS = range(4, 16)
LEVELS = tuple(number / 100 for number in range(1, 100))
CALENDAR = Calendar("-05:00", "US")
FAHRENHEIT_ZERO, FAHRENHEIT_DEGREE = 32.0, 1.8


def main() -> None:
    run("F3", measure, {"pinball": [("<=", 7.05)]}, {"pinball": [("<=", 6.74)]})


def measure() -> Measured:
    """Mean pinball of the product, and of two peers on the same hours."""
    folder = require_data("gefcom2014")
    frame = pd.read_parquet(folder / "load_train_all.parquet")
    last = pd.read_csv(folder / "solution15_L.csv")["LOAD"].to_numpy(dtype=float)
    official = pd.read_parquet(folder / "benchmark_quantiles.parquet")
    losses: dict[str, list[float]] = {"ours": [], "official": [], "seasonal empirical": []}
    for task in TASKS:
        released = Release.of(frame[frame["task"] <= task])
        after = frame.loc[frame["task"] == task + 1, "LOAD"].to_numpy(dtype=float)
        actual = after if task < max(frame["task"]) else last
        quantiles = {
            "ours": ours(released, len(actual)),
            "official": official.loc[official["task"] == task, [f"{level:g}" for level in LEVELS]].to_numpy(),
            "seasonal empirical": seasonal_empirical(released, len(actual)),
        }
        for name, values in quantiles.items():
            losses[name].append(mean_pinball(actual, values))
        print(task, {name: round(values[-1], 3) for name, values in losses.items()}, flush=True)
    means = {name: round(float(np.mean(values)), 4) for name, values in losses.items()}
    peers = {name: {"pinball": value} for name, value in means.items() if name != "ours"}
    return {"pinball": means["ours"]}, peers


@dataclass(frozen=True)
class Release:
    """What a task may use: hourly load and temperature up to the month in question."""

    loads: Grid
    weather: Grid

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Release":
        """From rows in the order of time; load begins later than temperature."""
        local = pd.DatetimeIndex(rows["ts"]) - pd.Timedelta(hours=1)
        utc = local.tz_localize(CALENDAR.time_zone).tz_convert("UTC")
        first = int(np.flatnonzero(rows["LOAD"].notna())[0])
        stations = [name for name in rows.columns if name.startswith("w")]
        celsius = (rows[stations].to_numpy(dtype=float).T - FAHRENHEIT_ZERO) / FAHRENHEIT_DEGREE
        load = rows["LOAD"].to_numpy(dtype=float)[None, first:]
        return cls(Grid(("load",), utc[first], 60, load), Grid(tuple(stations), utc[0], 60, celsius))


def settings() -> OutlookConfig:
    """One member on six of the 25 stations, chosen on the months of 2009 and 2010.

    The defaults of the scenarios were chosen there too: the level's share on actual temperature (mean pinball 2.20
    and 2.51 without, 2.05 and 2.16 with it), since in 2010 scenarios of past years gave 7 % less load than came.
    """
    member = MemberConfig(stations=6, ridge=1e-3)
    return OutlookConfig(terms=TermsConfig(daylight_zone="America/New_York"), members=(member,))


def ours(released: Release, hours: int) -> np.ndarray:
    """The product's quantiles [hours, levels]."""
    config = settings()
    start = released.loads.end
    return outlook_quantiles(released.loads, released.weather, CALENDAR, start, hours, LEVELS, config)[0]


def seasonal_empirical(released: Release, hours: int) -> np.ndarray:
    """Quantiles [hours, levels] of the loads of past years at the same season and hour."""
    return seasonal_quantiles(released.loads, CALENDAR, released.loads.end, hours, LEVELS)[0]


def mean_pinball(actual: np.ndarray, quantiles: np.ndarray) -> float:
    losses = [pinball(actual, quantiles[:, place], level) for place, level in enumerate(LEVELS)]
    return float(np.mean(losses))


if __name__ == "__main__":
    main()
