"""Net load that the sun turns negative at noon: planted truth, forecast as it is and never clipped; 90 days do."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.day_ahead import naive_week
from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from training.backtests.demand import Scored, backtest_demand, day_ahead_plan
from training.demand import DemandConfig, DemandModel
from training.scoring import summary

# Models are fitted on exporting nodes.
pytestmark = pytest.mark.slow

START = pd.Timestamp("2023-03-01", tz="UTC")
ROOFS_KW = (0.0, 120.0, 260.0)
"""Of three nodes of 100 kW: one without roofs, one that exports at clear noons, one at most noons."""
QUANTILES = ["q05", "q10", "q25", "q50", "q75", "q90", "q95"]


@dataclass(frozen=True)
class Sunny:
    """A history and, for every node and interval, the load without its noise, kW [N, T]."""

    history: History
    expected_kw: np.ndarray


def sunny(days: int, step_minutes: int, seed: int, *, measured: bool) -> Sunny:
    """Three nodes under one sky; the radiation is measured, or nothing of the weather is known but the season."""
    rng = np.random.default_rng(seed)
    per_day = 1440 // step_minutes
    hours = np.arange(days * per_day) / per_day * 24
    season = np.sin(2 * np.pi * (hours / 24 - 20) / 365.25)
    clear = 1000 * (0.75 + 0.25 * season) * np.maximum(np.sin(2 * np.pi * (hours - 6) / 24), 0.0)
    # Cloud holds for about half a day; where nobody measures it, it is small.
    sky = np.repeat(rng.uniform(0.25, 1.0, 2 * days) if measured else rng.uniform(0.85, 1.0, 2 * days), per_day // 2)
    radiation = clear * sky
    use = 100 * (1 + 0.3 * np.sin(2 * np.pi * (hours - 12) / 24))
    expected = use - np.array(ROOFS_KW)[:, None] * radiation / 1000
    loads = expected + rng.normal(0, 4.0, expected.shape)
    ids = tuple(f"N{row}" for row in range(len(ROOFS_KW)))
    hourly = slice(None, None, per_day // 24)
    figures = {"temperature_c": 15 + 8 * season[hourly], "radiation_wm2": _hourly_mean(radiation, per_day // 24)}
    observed = {name: Versions.from_grid(Grid(("W",), START, 60, values[None])) for name, values in figures.items()}
    nodes = pd.DataFrame(
        {"kind": "area", "parent_id": "F", "rating_kva": 300.0, "weather_station_id": None}, index=list(ids)
    )
    versions = Versions.from_grid(Grid(ids, START, step_minutes, loads))
    end = START + pd.Timedelta(days=days)
    weather = Weather(observed if measured else {})
    return Sunny(History(versions, weather, nodes, Calendar("UTC", "CN"), end), expected)


def small(config: DemandConfig) -> DemandConfig:
    """A smaller one still, for what is not a matter of sharpness."""
    booster = config.booster.model_copy(update={"rounds": 20, "max_rows": 6000})
    calibration = config.calibration.model_copy(update={"max_issues": 12})
    return config.model_copy(update={"booster": booster, "calibration": calibration})


def _hourly_mean(values: np.ndarray, per_hour: int) -> np.ndarray:
    found: np.ndarray = values.reshape(-1, per_hour).mean(axis=1)
    return found


def judged(made: Sunny, config: DemandConfig, days: int, trailing_days: int | None = None) -> Scored:
    """The last `days` days, each forecast at six o'clock of the day before by one fit."""
    last = pd.Timestamp(made.history.as_of.tz_localize(None).normalize()) - pd.Timedelta(days=1)
    first = last - pd.Timedelta(days=days - 1)
    plan = day_ahead_plan(made.history, first, last, 6, actual_weather=True, trailing_days=trailing_days)
    return backtest_demand(made.history, config, plan)


@pytest.fixture(
    scope="module", params=[pytest.param(True, marks=pytest.mark.slow, id="measured"), pytest.param(False, id="season")]
)
def scored(request: pytest.FixtureRequest, quick: DemandConfig) -> tuple[Sunny, pd.DataFrame]:
    made = sunny(150 if request.param else 110, 60, 11, measured=request.param)
    found = judged(made, quick if request.param else small(quick), 16).forecasts
    column = ((found["start_utc"] - START) // pd.Timedelta(hours=1)).to_numpy()
    row = found["node_id"].str[1:].astype(int).to_numpy()
    return made, found.assign(expected_kw=made.expected_kw[row, column])


def test_noons_of_export_are_forecast_negative_and_nothing_is_clipped(scored: tuple[Sunny, pd.DataFrame]) -> None:
    _, found = scored
    deep = found[found["expected_kw"] < -40]
    assert len(deep) >= 40
    assert (deep["q50"] < 0).mean() >= 0.97
    assert (deep["q95"] < 0).any()
    assert not (found[QUANTILES] == 0).any(axis=None)
    assert (np.diff(found[QUANTILES].to_numpy(), axis=1) >= 0).all()


def test_the_middle_lies_near_the_truth_and_the_band_holds_it(scored: tuple[Sunny, pd.DataFrame]) -> None:
    made, found = scored
    # Where clouds move the load, bands are wider than they need be, of nodes without roofs too.
    most = 1.0 if made.history.weather.variables else 0.98
    for node, part in found.groupby("node_id"):
        inside = part["load_kw"].between(part["q05"], part["q95"]).mean()
        assert 0.8 <= inside <= most, node
        # By day, when roofs differ, as by night.
        noon = part[part["start_utc"].dt.hour.between(10, 14)]
        assert noon["load_kw"].between(noon["q05"], noon["q95"]).mean() >= 0.72, node
        assert (part["q50"] - part["expected_kw"]).abs().mean() < 0.06 * np.ptp(part["expected_kw"]), node


def test_a_node_without_roofs_is_never_said_to_export(scored: tuple[Sunny, pd.DataFrame]) -> None:
    _, found = scored
    assert (found.loc[found["node_id"] == "N0", "q05"] > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("measured", [True, False], ids=["measured", "season"])
def test_ninety_days_of_quarter_hours_beat_the_week_before(quick: DemandConfig, measured: bool) -> None:
    made = sunny(104, 15, 12, measured=measured)
    last = pd.Timestamp(made.history.as_of.tz_localize(None).normalize()) - pd.Timedelta(days=1)
    plan = day_ahead_plan(made.history, last - pd.Timedelta(days=13), last, 6, actual_weather=True, trailing_days=90)
    ours = backtest_demand(made.history, quick, plan).summary()
    naive = summary(naive_week(made.history, plan, quick.levels), quick.levels)
    assert ours["rcrps"] < naive["rcrps"]
    # Where clouds move the load most the band is too wide rather than too narrow.
    assert ours["coverage"] >= 0.85


def without_first(history: History, row: int, kept_days: int) -> History:
    """The same history, of one node with its last days only."""
    versions = history.versions
    keep = (versions.row != row) | (versions.column >= versions.width - kept_days * 24)
    cut = {name: getattr(versions, name)[keep] for name in ("row", "column", "value", "available")}
    return replace(history, versions=replace(versions, **cut))


@pytest.mark.parametrize("seen", [True, False], ids=["trained", "since"])
def test_a_young_exporter_is_not_taken_for_a_node_without_roofs(quick: DemandConfig, seen: bool) -> None:
    """Whether it was there when the model was trained or came since, its siblings must not hide its export."""
    made = sunny(85, 60, 13, measured=True)
    young = without_first(made.history, 2, 40)
    issue = young.as_of - pd.Timedelta(days=2)
    model = DemandModel.fit((young if seen else young.with_nodes(["N0", "N1"])).until(issue), small(quick))
    found = model.forecast(young, issue, 48, node_ids=["N2"], actual_weather=True)
    expected = made.expected_kw[2, -48:]
    assert (found["reason"].str.contains("SHORT_HISTORY")).all()
    assert (expected < -40).any()
    assert (found["q50"].to_numpy()[expected < -40] < 0).mean() >= 0.8
    assert (found["q50"] - expected).abs().mean() < 0.2 * np.ptp(expected)
