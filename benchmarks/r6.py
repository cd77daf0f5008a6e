"""R6: does `headroom monitor models` find what was planted within seven days, and keep quiet where nothing was?

Simulated territories, a small champion of each trained by the job and promoted by the gate, then more data: as much
as came (quiet), or with one thing planted into them. Watching is the use case the command calls, with the shipped
policy, asked at the end of every day after the plant until it names the planted node or station.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.result import run, seed
from features.configs import config_path
from features.demo import DemoConfig, Territory, simulate
from features.demo.plants import bias_forecasts, offset_station, shift_level
from features.lake import Lake
from features.settings import load_settings
from features.workspace import TerritorySettings, Workspace
from serving.watching import monitor_models
from training.demand import DemandConfig
from training.jobs import train_demand
from training.promotion import PromotionPolicy, promote_challenger
from training.registry import log_to_run, start_run
from training.watch import ALARM

QUIET, PLANTED = 20, 3
WITHIN_DAYS, LIVE_DAYS = 7, 14
BAR = {"drift_found": [(">=", 1.0)], "shift_found": [(">=", 1.0)], "quiet_alarmed": [("<=", 2.0)]}
LEDGERS = ("org_unit", "node", "transformer", "line_segment", "tie", "application")
MEASURED = ("weather_observed", "weather_forecast", "node_load")
SMALL = DemandConfig.model_validate(
    {
        "horizon_hours": 48,
        "booster": {"rounds": 20, "learning_rate": 0.25, "leaves": 15, "max_rows": 8_000, "threads": 1, "bins": 63},
        "calibration": {"days": 60, "max_issues": 10},
    }
)


@dataclass(frozen=True)
class Plant:
    """One thing planted: the table it changes, how, and which kinds and subjects of findings name it."""

    name: str
    table: str
    change: Callable[[Territory, pd.DataFrame, pd.Timestamp], pd.DataFrame]
    kinds: frozenset[str]
    subjects: frozenset[str]
    shift: bool = False


@dataclass
class Found:
    """Per kind of plant (whether a shift, its name), the days until it was named (None: not within the bar), and
    alarms of its kind that named others, too."""

    days: dict[tuple[bool, str], list[int | None]] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)


def plants(territory: Territory, number: int) -> list[Plant]:
    """What is planted into this territory; station and area take turns."""
    station = territory.station_ids[number % len(territory.station_ids)]
    areas = territory.area_ids
    up, down = areas[number % len(areas)], areas[(number + 3) % len(areas)]
    off = frozenset({"STATION_OFF"})

    def moved(area: str, factor: float) -> Callable[[Territory, pd.DataFrame, pd.Timestamp], pd.DataFrame]:
        return lambda t, frame, since: shift_level(t, frame, area, since, factor)

    return [
        Plant(
            "station +4 degC",
            "weather_observed",
            lambda _, frame, since: offset_station(frame, station, since, 4.0),
            off,
            frozenset({station}),
        ),
        Plant(
            "station drifting to +4 degC in 5 days",
            "weather_observed",
            lambda _, frame, since: offset_station(frame, station, since, 4.0, ramp_days=5.0),
            off,
            frozenset({station}),
        ),
        Plant(
            "weather forecasts +3 degC",
            "weather_forecast",
            lambda _, frame, since: bias_forecasts(frame, since, 3.0),
            frozenset({"FORECAST_BIAS"}),
            frozenset(territory.station_ids),
        ),
        Plant("level x1.4", "node_load", moved(up, 1.4), frozenset({"LEVEL_SHIFT"}), frozenset({up}), shift=True),
        Plant("level x0.7", "node_load", moved(down, 0.7), frozenset({"LEVEL_SHIFT"}), frozenset({down}), shift=True),
    ]


def territory_of(number: int) -> Territory:
    return simulate(
        DemoConfig(
            substations=1,
            feeders=2,
            areas=8,
            customers=30,
            years=2,
            customer_years=1,
            weather_stations=3,
            forecast_days=160,
            voltage_days=0,
            seed=number,
        )
    )


def empty_store(root: Path) -> Workspace:
    """A workspace with an MLflow store in which nothing is: making one takes longer than training."""
    workspace = Workspace(root)
    root.mkdir()
    log_to_run(workspace, start_run(workspace, "empty", "empty"), finish="FINISHED")
    return workspace


def with_champion(root: Path, territory: Territory, empty: Workspace) -> Workspace:
    """Everything known `LIVE_DAYS` before the end, and a champion trained on it."""
    workspace = Workspace(Path(shutil.copytree(empty.root, root)))
    lake, cut = Lake(workspace.lake), territory.end - pd.Timedelta(days=LIVE_DAYS)
    for name in LEDGERS:
        lake.append(name, territory.frame(name), "all")
    for name in MEASURED:
        frame = territory.frame(name)
        lake.append(name, frame[frame["available_at"] <= cut].reset_index(drop=True), "first")
    (root / "territory.yaml").write_text(TerritorySettings(name="small").model_dump_json(), encoding="utf-8")
    train_demand(workspace, SMALL)
    promote_challenger(workspace, "demand", load_settings(PromotionPolicy, config_path("policy/promotion.yaml")))
    return workspace


def gone_on(
    workspace: Workspace, root: Path, territory: Territory, plant: Plant | None, since: pd.Timestamp
) -> Workspace:
    """A copy of the workspace with the data of the last days, and what was planted into them."""
    shutil.copytree(workspace.root, root)
    later, cut = Workspace(root), territory.end - pd.Timedelta(days=LIVE_DAYS)
    for name in MEASURED:
        frame = territory.frame(name)
        if plant is not None and name == plant.table:
            frame = plant.change(territory, frame, since)
        Lake(later.lake).append(name, frame[frame["available_at"] > cut].reset_index(drop=True), "later")
    return later


def alarms(workspace: Workspace, now: pd.Timestamp | None = None) -> pd.DataFrame:
    found = monitor_models(workspace, now).watched.findings
    return found[found["severity"] == ALARM]


def days_until_named(workspace: Workspace, plant: Plant, since: pd.Timestamp, found: Found) -> int | None:
    """Whole days from the plant until an alarm of its kind names it; alarms that name others are counted."""
    for day in range(1, WITHIN_DAYS + 1):
        raised = alarms(workspace, since + pd.Timedelta(days=day, hours=3))
        named = raised["kind"].isin(plant.kinds) & raised["subject"].isin(plant.subjects)
        if named.any():
            others = raised[~named & raised["kind"].isin(plant.kinds)]
            found.others[plant.name] = found.others.get(plant.name, 0) + len(others)
            return day
    return None


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Share of plants named within the days, alarms on quiet territories, and the days until each was named."""
    first, found, quiet = seed(0), Found(), {}
    with tempfile.TemporaryDirectory() as folder:
        empty = empty_store(Path(folder) / "empty")
        for number in range(first, first + QUIET):
            territory = territory_of(number)
            base = with_champion(Path(folder) / str(number) / "base", territory, empty)
            since = territory.end - pd.Timedelta(days=WITHIN_DAYS + 1)
            raised = alarms(gone_on(base, base.root.parent / "quiet", territory, None, since))
            if len(raised):
                quiet[str(number)] = raised["sentence"].tolist()
            print(f"seed {number}: alarms where nothing was planted: {quiet.get(str(number), 'none')}", flush=True)
            for plant in plants(territory, number) if number - first < PLANTED else []:
                place = base.root.parent / plant.name.replace(" ", "-")
                days = days_until_named(gone_on(base, place, territory, plant, since), plant, since, found)
                found.days.setdefault((plant.shift, plant.name), []).append(days)
            shutil.rmtree(base.root.parent)
    return _figures(found) | {"quiet_alarmed": float(len(quiet))}, {
        "days": {name: days for (_, name), days in found.days.items()},
        "named_beside": found.others,
        "quiet": quiet,
    }


def _figures(found: Found) -> dict[str, float]:
    def share(shift: bool) -> float:
        mine = [day for (kind, _), days in found.days.items() if kind is shift for day in days]
        return sum(day is not None for day in mine) / max(len(mine), 1)

    known = [day for days in found.days.values() for day in days if day is not None]
    slowest = float(max(known, default=WITHIN_DAYS + 1))
    return {"drift_found": share(False), "shift_found": share(True), "slowest_days": slowest}


if __name__ == "__main__":
    run("R6", measure, BAR)
