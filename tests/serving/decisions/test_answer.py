"""From a history and tables to the answer, through the real model."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.demo import Territory
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from serving.decisions.capacity import capacity_answer
from serving.decisions.limits import valid_at
from serving.decisions.policy import CapacityPolicy
from serving.decisions.seasons import RATING_COLUMNS
from training.peak import PeakConfig, PeakModel, UptakePolicy
from training.peak.uptake import PATHS

QUICK = PeakConfig(
    scenarios=64, calibration_scenarios=50, origins=2, origin_step_days=180, horizons_days=(31, 365), harmonics=2
)
TABLES = ("transformer", "line_segment", "tie", "application")


@pytest.fixture(scope="module")
def history(small_territory: Territory) -> History:
    loads = Grid(small_territory.node_ids, small_territory.start, 60, np.asarray(small_territory.load_kw, dtype=float))
    heat = Grid(small_territory.station_ids, small_territory.start, 60, small_territory.temperature_c)
    weather = Weather({"temperature_c": Versions.from_grid(heat)})
    nodes = valid_at(small_territory.frame("node"), small_territory.end).set_index("node_id")
    return History(Versions.from_grid(loads), weather, nodes, Calendar("Asia/Shanghai", "CN"), small_territory.end)


@pytest.fixture(scope="module")
def tables(small_territory: Territory) -> dict[str, pd.DataFrame]:
    return {name: small_territory.frame(name) for name in TABLES}


@pytest.fixture(scope="module")
def model(history: History, tables: Mapping[str, pd.DataFrame]) -> PeakModel:
    return PeakModel.fit(history, QUICK, tables["application"])


def answer(history: History, tables: Mapping[str, pd.DataFrame], model: PeakModel) -> pd.DataFrame:
    return capacity_answer(history, tables, model, CapacityPolicy(), history.as_of).set_index("node_id")


def test_every_node_is_answered_and_twice_alike(
    history: History, tables: dict[str, pd.DataFrame], model: PeakModel
) -> None:
    first = answer(history, tables, model)
    assert sorted(first.index) == sorted(history.nodes.index)
    known = first[first["reason"] != "DATA_POOR"]
    assert len(known) >= 8
    assert (known["open_kva"] >= 0).all()
    assert (known["peak_p50_kw"] <= known["peak_p95_kw"]).all()
    assert first["kappa_source"].str.len().min() > 0
    pd.testing.assert_frame_equal(first, answer(history, tables, model))


def test_five_years_ahead_are_a_scenario_of_low_confidence_on_a_factor_that_stands_in(
    history: History, tables: dict[str, pd.DataFrame], model: PeakModel
) -> None:
    policy = CapacityPolicy(horizon_days=1826)
    far = capacity_answer(history, tables, model, policy, history.as_of).set_index("node_id")
    year = answer(history, tables, model)
    known = year["reason"] != "DATA_POOR"
    assert far.loc[known, "open_kva"].notna().all()
    assert (far["standing_reason"] == "BEYOND_FIRM_HORIZON").all()
    assert (far["confidence"] == "LOW").all()
    assert far["kappa_source"].str.startswith("stands in for 1826 days").all()
    assert (far["kappa"] >= year["kappa"]).all()
    assert far.loc[known, "peak_p50_kw"].sum() > 0.98 * year.loc[known, "peak_p50_kw"].sum()


def test_months_of_quarter_hours_are_data_poor_and_say_why(model: PeakModel) -> None:
    start, steps = pd.Timestamp("2024-10-01", tz="UTC"), 96 * 120
    wave = 500 * np.sin(2 * np.pi * np.arange(steps) / 96) - 100
    loads = Grid(("L1",), start, 15, wave[None, :])
    nodes = pd.DataFrame(
        {
            "name": "L1",
            "kind": "area",
            "parent_id": None,
            "hall_id": None,
            "power_factor": 0.95,
            "allowed_utilisation": 0.8,
            "rating_kva": 900.0,
            "rating_assumed": True,
            "weather_station_id": None,
        },
        index=pd.Index(["L1"], name="node_id"),
    )
    history = History(Versions.from_grid(loads), Weather({}), nodes, Calendar("Europe/Amsterdam", "NL"), loads.end)
    poor = answer(history, {}, model).loc["L1"]
    assert poor[["reason", "confidence"]].tolist() == ["DATA_POOR", "LOW"]
    assert np.isnan(poor["open_kva"])
    assert "119 days" in poor["note"]
    assert poor["rating_assumed"]


def test_uptake_takes_room_where_it_comes_and_above(
    history: History, tables: dict[str, pd.DataFrame], model: PeakModel
) -> None:
    layer = {"kw_per_adoption": 7.0, "profile": [1.0] * 24, "per_area": {path: [80.0] for path in PATHS}}
    uptake = UptakePolicy.model_validate({"layers": {"ev": layer}})
    before = answer(history, tables, model)
    after = capacity_answer(history, tables, model, CapacityPolicy(), history.as_of, uptake).set_index("node_id")
    known = before["peak_p50_kw"].notna()
    assert (after.loc[known, "peak_p50_kw"] > before.loc[known, "peak_p50_kw"]).all()
    assert (after.loc[known, "own_kva"] <= before.loc[known, "own_kva"]).all()
    assert (after.loc[known, "own_kva"] < before.loc[known, "own_kva"]).any()
    pd.testing.assert_series_equal(after["kappa"], before["kappa"])


def test_a_planted_weak_feeder_is_held_by_voltage_at_a_node_and_an_hour(
    history: History, tables: dict[str, pd.DataFrame], model: PeakModel
) -> None:
    lines = tables["line_segment"]
    feeder = str(lines["feeder_id"].iloc[0])
    weak = lines.copy()
    # Twenty times as long a line: within its ratings, but far away.
    weak.loc[weak["feeder_id"] == feeder, ["r_ohm", "x_ohm"]] *= 20
    bank = tables["transformer"].copy()
    above = ~bank["node_id"].isin(history.nodes.index[history.nodes["kind"] == "area"])
    bank.loc[above, ["rating_kva", *RATING_COLUMNS.values()]] *= 4
    before = answer(history, {**tables, "transformer": bank}, model)
    after = answer(history, {**tables, "transformer": bank, "line_segment": weak}, model)
    below = history.nodes.index[history.nodes["parent_id"] == feeder]
    held = after.loc[below][after.loc[below, "reason"] == "VOLTAGE_LOW"]
    assert len(held) > 0
    assert (held["open_kva"] < before.loc[held.index, "open_kva"]).all()
    assert (held["open_kva"] == held["voltage_kva"]).all()
    assert held["voltage_node_id"].isin(weak.loc[weak["feeder_id"] == feeder, "to_id"]).all()
    assert held["voltage_at"].between(history.as_of - pd.Timedelta(days=366), history.as_of).all()
    assert (after["open_kva"].fillna(0) <= before["open_kva"].fillna(0)).all()
    elsewhere = after.index.difference([*below, feeder])
    pd.testing.assert_frame_equal(after.loc[elsewhere], before.loc[elsewhere])
