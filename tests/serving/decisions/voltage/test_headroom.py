"""What voltage leaves open at the areas of a little territory whose lines are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from serving.decisions.capacity import open_capacity
from serving.decisions.policy import CapacityPolicy
from serving.decisions.voltage import power_flow, read_line, voltage_room

PARENTS = {"A1": "F1", "A2": "F1", "F1": "S", "S": None}
PEAK_KW = {"A1": 300.0, "A2": 500.0, "F1": 720.0, "S": 720.0}
EVENING = 19


def past(nodes, days=40):
    """Loads at a half of the peak, but for one evening hour of the last week, when they are at their peak."""
    hours = 24 * days
    start = pd.Timestamp("2024-11-01", tz="UTC")
    kw = np.full((len(nodes), hours), 0.5) * np.array([[PEAK_KW[one]] for one in nodes])
    kw[:, hours - 7 * 24 + EVENING] *= 2
    grid = Grid(tuple(nodes), start, 60, kw)
    frame = pd.DataFrame({"kind": "area"}, index=list(nodes))
    return History(Versions.from_grid(grid), Weather({}), frame, Calendar("UTC", "CN"), grid.end)


@pytest.fixture
def weak(make_frame):
    """A1 near the substation, A2 at the end of a long thin line."""
    rows = [
        {"node_id": one, "name": one, "kind": {"A": "area", "F": "feeder", "S": "substation"}[one[0]]}
        | {"parent_id": above, "power_factor": 0.9, "allowed_utilisation": 0.8, "rating_kva": 5000.0}
        | {"rating_assumed": False}
        for one, above in PARENTS.items()
    ]
    line = [
        {"segment_id": "1", "from_id": "S", "to_id": "J", "r_ohm": 0.5, "x_ohm": 1.0},
        {"segment_id": "2", "from_id": "J", "to_id": "A1", "r_ohm": 0.1, "x_ohm": 0.1},
        {"segment_id": "3", "from_id": "J", "to_id": "A2", "r_ohm": 6.0, "x_ohm": 5.0},
    ]
    segments = make_frame("line_segment", [{"feeder_id": "F1", "thermal_limit_kva": 5000.0} | one for one in line])
    return make_frame("node", rows).set_index("node_id"), segments


def kept(nodes):
    """κ · P50 by block, kVA: the peak in the evening, half of it otherwise."""
    peak = np.array([PEAK_KW[one] for one in nodes.index]) / 0.9
    shape = np.full(6, 0.5)
    shape[EVENING // 4] = 1.0
    return peak[:, None] * shape


def room_of(weak, policy=None, headroom=5000.0):
    nodes, segments = weak
    own = np.full((len(nodes), 6), headroom)
    return voltage_room(nodes, segments, kept(nodes), own, past(nodes.index), policy or CapacityPolicy())


def test_what_fits_is_where_power_flow_meets_the_limit(weak) -> None:
    segments = weak[1]
    room = room_of(weak, CapacityPolicy(voltage_tolerance_kva=0.1))
    line, fault = read_line("F1", frozenset({"S", "F1"}), segments, 10.0)
    assert line is not None, fault
    # The feeder's own peak is 720, its areas' 800: all carry nine tenths of their peaks at once.
    base = np.array([{"J": 0.0, "A1": 270.0, "A2": 450.0}[one] for one in line.points])
    more = np.array([0.9 if one == "A2" else 0.0 for one in line.points])
    slope = np.tan(np.arccos(0.9))
    for kva, inside in ((room.kva.loc["A2", 4], True), (room.kva.loc["A2", 4] * 1.01 + 1, False)):
        kw = (base + more * kva)[:, None]
        assert (power_flow(line, kw, kw * slope, 1.0)[0].min() >= 0.93) is np.bool_(inside)


def test_the_far_end_is_named_with_the_hour_that_decides(weak) -> None:
    room = room_of(weak)
    assert room.kva.loc["A2"].idxmin() == EVENING // 4
    assert room.point["A2"] == "A2"
    assert room.at["A2"] == pd.Timestamp("2024-12-04 19:00", tz="UTC")
    assert (room.kva.loc["A1"] > room.kva.loc["A2"]).all()


def test_a_lower_voltage_where_the_feeder_begins_leaves_less(weak) -> None:
    strong, low = room_of(weak), room_of(weak, CapacityPolicy(source_pu=0.98))
    assert (low.kva < strong.kva).all(axis=None)


def test_screened_figures_stand_where_the_rating_leaves_less(weak) -> None:
    asked, screened = room_of(weak), room_of(weak, headroom=1.0)
    assert (screened.kva <= asked.kva + 1e-9).all(axis=None)
    assert (screened.kva.loc["A2"] > 0.9 * asked.kva.loc["A2"]).all()


def test_an_area_that_was_never_measured_counts_with_what_is_kept_for_it(weak) -> None:
    nodes, segments = weak
    whole = past(nodes.index)
    part = whole.with_nodes(["A2", "F1", "S"])
    own = np.full((len(nodes), 6), 5000.0)
    found = [voltage_room(nodes, segments, kept(nodes), own, one, CapacityPolicy()) for one in (whole, part)]
    assert found[1].kva.loc["A2"].min() == pytest.approx(found[0].kva.loc["A2"].min(), rel=0.02)
    assert (found[1].kva.loc["A2"] <= found[0].kva.loc["A2"] + 1).all()


def test_segments_that_make_no_tree_say_nothing_and_are_told(weak, caplog) -> None:
    nodes, segments = weak
    room = room_of((nodes, segments.assign(from_id=["elsewhere", "J", "J"])))
    assert room.kva.empty
    assert "voltage of feeder F1 is not computed: no line segment of F1 starts at F1 or S" in caplog.text


def test_without_segments_nothing_is_said(weak) -> None:
    nodes, segments = weak
    assert room_of((nodes, segments.iloc[:0])).kva.empty


def test_open_capacity_is_the_lower_of_rating_and_voltage(case, make_frame) -> None:
    row = {"segment_id": "1", "feeder_id": "F1", "from_id": "S", "thermal_limit_kva": 900.0}
    far = make_frame("line_segment", [row | {"to_id": "A1", "r_ohm": 40.0, "x_ohm": 10.0}])
    past_of_case = replace(past(["A2"]), nodes=case.nodes)
    reserved = np.full((len(case.nodes), 6), 100.0)
    room = voltage_room(case.nodes, far, reserved, np.full((len(case.nodes), 6), 500.0), past_of_case, case.policy)
    told = open_capacity(case.nodes, case.limits(), case.peaks, case.kappas, case.policy, case.now, room)
    told = told.set_index("node_id")
    before = case.answer()
    assert told.loc["A1", "open_kva"] < before.loc["A1", "open_kva"]
    assert told.loc["A1", "open_kva"] == told.loc["A1", "own_kva"] == told.loc["A1", "voltage_kva"]
    assert told.loc["A1", ["reason", "binding_node_id", "voltage_node_id"]].tolist() == ["VOLTAGE_LOW", "A1", "A1"]
    others = ["A2", "A3", "A4", "F1", "F2", "S"]
    pd.testing.assert_frame_equal(told.loc[others], before.loc[others], check_dtype=False)


def test_voltage_that_leaves_more_than_the_rating_changes_no_reason(case, make_frame) -> None:
    row = {"segment_id": "1", "feeder_id": "F1", "from_id": "S", "thermal_limit_kva": 900.0}
    near = make_frame("line_segment", [row | {"to_id": "A1", "r_ohm": 0.1, "x_ohm": 0.1}])
    past_of_case = replace(past(["A1"]), nodes=case.nodes)
    reserved = np.full((len(case.nodes), 6), 100.0)
    room = voltage_room(case.nodes, near, reserved, np.full((len(case.nodes), 6), 500.0), past_of_case, case.policy)
    told = open_capacity(case.nodes, case.limits(), case.peaks, case.kappas, case.policy, case.now, room)
    before = case.answer()
    assert told.set_index("node_id").loc["A1", "reason"] == "AREA_THERMAL"
    assert told.set_index("node_id")["open_kva"].equals(before["open_kva"])
    assert told.set_index("node_id").loc["A1", "voltage_kva"] > 1000
