"""What a stream of readings makes of events: opening, going on, closing, being taken back."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError, DataError
from features.settings import parse_settings
from serving.decisions.monitoring import EVENT_COLUMNS, MonitoringPolicy, MonitoringState

HIGH, LOW = 110.0, 50.0


def at(build: SimpleNamespace, slot: int) -> pd.Timestamp:
    return build.SINCE + pd.Timedelta(minutes=15 * slot)


@pytest.fixture
def state(build: SimpleNamespace) -> MonitoringState:
    return MonitoringState(build.nodes_of("A1"), build.policy_of("a"), build.SINCE)


def test_an_overload_opens_goes_on_and_closes(build: SimpleNamespace, state: MonitoringState) -> None:
    assert state.update(build.loads(LOW, *[HIGH] * 7)).changes.empty
    opened = state.update(build.loads(HIGH, first=8)).changed("opened")
    assert sorted(opened["kind"]) == ["heavy", "overload"]
    assert opened["start_utc"].tolist() == [at(build, 1)] * 2
    worse = state.update(build.loads(130.0, first=9)).changed("extended").set_index("kind")
    assert worse.loc["overload", ["worst_value", "worst_at", "points"]].tolist() == [1.3, at(build, 9), 9]
    closed = state.update(build.loads(LOW, first=10)).changed("closed").set_index("kind")
    row = closed.loc["overload"]
    assert (row["start_utc"], row["end_utc"], row["state"]) == (at(build, 1), at(build, 10), "closed")
    assert (row["duration_minutes"], row["threshold"], row["unit"], row["customers"]) == (135.0, 1.0, "1", 7)
    assert row["event_id"] == worse.loc["overload", "event_id"]
    assert state.update(build.loads(LOW, first=11)).changes.empty


def test_a_late_correction_takes_the_ground_away(build: SimpleNamespace, state: MonitoringState) -> None:
    opened = state.update(build.loads(LOW, *[HIGH] * 12, LOW)).changed("opened")
    gone = state.update(build.loads(LOW, first=6, version=9)).changed("withdrawn")
    assert sorted(gone["event_id"]) == sorted(opened["event_id"])
    assert state.events().empty


def test_a_late_reading_joins_two_events(build: SimpleNamespace, state: MonitoringState) -> None:
    state.update(build.loads(*[HIGH] * 8, None, None, None, *[HIGH] * 8))
    assert len(state.events()) == 4
    update = state.update(build.loads(HIGH, first=9))
    assert sorted(update.changes["change"]) == ["extended", "extended", "withdrawn", "withdrawn"]
    assert state.events()["points"].tolist() == [17, 17]


def test_an_older_version_changes_nothing(build: SimpleNamespace, state: MonitoringState) -> None:
    state.update(build.loads(*[HIGH] * 8, version=5))
    before = state.events()
    assert state.update(build.loads(*[LOW] * 8, version=4)).changes.empty
    pd.testing.assert_frame_equal(state.events(), before)


def test_of_versions_known_at_once_the_larger_counts_in_any_order(build: SimpleNamespace) -> None:
    for values in ((HIGH, LOW), (LOW, HIGH)):
        state = MonitoringState(build.nodes_of("A1"), build.policy_of("a"), build.SINCE)
        for value in values:
            state.update(build.loads(*[value] * 8))
        assert len(state.events()) == 2


def test_silence_ends_what_goes_on_and_is_an_event(build: SimpleNamespace, state: MonitoringState) -> None:
    update = state.update(build.loads(*[HIGH] * 8), now=at(build, 24))
    assert update.changed("opened")["state"].tolist() == ["open", "open"]
    later = state.update(build.loads(), now=at(build, 25))
    assert sorted(later.changed("closed")["kind"]) == ["heavy", "overload"]
    silence = later.changed("opened").iloc[0]
    assert (silence["kind"], silence["start_utc"], silence["state"]) == ("stale", at(build, 8), "open")
    assert (silence["worst_value"], silence["threshold"], silence["unit"]) == (255.0, 240.0, "min")


def test_a_node_never_heard_of_is_silent_since_the_beginning(build: SimpleNamespace) -> None:
    state = MonitoringState(build.nodes_of("A1", "A2"), build.policy_of("a"), build.SINCE)
    state.update(build.loads(*[LOW] * 40))
    assert state.events()[["node_id", "kind", "start_utc"]].to_numpy().tolist() == [["A2", "stale", build.SINCE]]


def test_rows_that_are_not_taken_in_are_counted(build: SimpleNamespace) -> None:
    state = MonitoringState(build.nodes_of("A1"), build.policy_of("a", correct_days=1), build.SINCE)
    state.update(build.loads(LOW, first=200))
    odd = [build.loads(LOW, LOW, node_id="A9", first=199), build.loads(LOW, first=20), build.loads(9999.99, first=150)]
    stray, early = build.loads(LOW, first=198), build.loads(LOW, first=197)
    stray["start_utc"] += pd.Timedelta(minutes=1)
    early["available_at"] = early["start_utc"] - pd.Timedelta(minutes=1)
    odd[2][["voltage_v_min", "voltage_v_max"]] = np.nan
    update = state.update(pd.concat([*odd, stray, early]))
    assert (update.unknown, update.too_late, update.invalid, update.off_grid, update.future) == (2, 1, 1, 1, 1)


def test_a_run_older_than_what_is_kept_keeps_its_start_and_worst(build: SimpleNamespace) -> None:
    state = MonitoringState(build.nodes_of("A1"), build.policy_of("a", correct_days=1), build.SINCE)
    state.update(build.loads(LOW, 150.0, *[HIGH] * 398))
    closed = state.update(build.loads(LOW, first=400)).changed("closed").set_index("kind")
    assert closed.loc["overload", ["start_utc", "worst_value", "worst_at", "points"]].tolist() == [
        at(build, 1),
        1.5,
        at(build, 1),
        399,
    ]


def test_voltages_count_only_where_they_are_single_phase(build: SimpleNamespace) -> None:
    nodes = build.nodes_of("A1", "F1").assign(kind=["area", "feeder"])
    state = MonitoringState(nodes, build.policy_of("a"), build.SINCE)
    low = {"voltage_v_min": 190.0, "voltage_v_max": 240.0}
    state.update(pd.concat([build.loads(LOW, LOW, **low), build.loads(LOW, LOW, node_id="F1", **low)]))
    told = state.events()[["node_id", "kind", "worst_value", "threshold", "unit"]].to_numpy().tolist()
    assert told == [["A1", "high_voltage", 240.0, 235.4, "V"], ["A1", "low_voltage", 190.0, 198.0, "V"]]


def test_export_is_reverse_flow_and_heats_the_transformer(build: SimpleNamespace, state: MonitoringState) -> None:
    state.update(build.loads(*[-HIGH] * 8))
    events = state.events().set_index("kind")
    assert sorted(events.index) == ["heavy", "overload", "reverse_flow"]
    assert events.loc["reverse_flow", ["worst_value", "threshold"]].tolist() == [-1.1, -0.05]


def test_phases_are_compared_only_under_load(build: SimpleNamespace) -> None:
    phases = {"load_a_kw": 40.0, "load_b_kw": 20.0, "load_c_kw": 20.0}
    for kw, expected in ((80.0 - 1, ["imbalance"]), (20.0, [])):
        state = MonitoringState(build.nodes_of("A1"), build.policy_of("a"), build.SINCE)
        state.update(build.loads(*[kw] * 8, **phases))
        assert state.events()["kind"].tolist() == expected


def test_rule_set_b_interpolates_and_resets_at_a_gap(build: SimpleNamespace) -> None:
    state = MonitoringState(build.nodes_of("A1"), build.policy_of("b"), build.SINCE)
    state.update(build.loads(90.0, HIGH, HIGH, HIGH, 90.0, None, *[HIGH] * 2, LOW))
    overload = state.events().set_index("kind").loc[["overload"]]
    # From 90 to 110 kW the line is at 100 half-way; after the gap the run begins with its first reading.
    assert overload["start_utc"].tolist() == [build.SINCE + pd.Timedelta("7min30s")]
    assert overload["end_utc"].tolist() == [build.SINCE + pd.Timedelta("52min30s")]


def test_the_long_overload_tells_the_highest_tier_it_reached(build: SimpleNamespace) -> None:
    state = MonitoringState(build.nodes_of("A1"), build.policy_of("b"), build.SINCE)
    state.update(build.loads(LOW, 125.0, *[190.0] * 3, *[125.0] * 8))
    long = state.events().set_index("kind").loc["long_overload"]
    assert (long["threshold"], long["worst_value"], long["state"], long["points"]) == (1.8, 1.9, "open", 12)


def test_a_tier_once_reached_is_kept_when_a_lower_one_is_reached_in_a_later_batch(build: SimpleNamespace) -> None:
    state = MonitoringState(build.nodes_of("A1"), build.policy_of("a"), build.SINCE)
    state.update(build.loads(*[190.0] * 3, *[125.0] * 20))
    state.update(build.loads(*[125.0] * 20, LOW, first=23))
    assert state.events().set_index("kind").loc["long_overload", "threshold"] == 1.8


def test_hourly_readings_are_judged_by_the_same_minutes(build: SimpleNamespace) -> None:
    for rule_set, needed in (("a", 2), ("b", 1)):
        state = MonitoringState(build.nodes_of("A1"), build.policy_of(rule_set), build.SINCE, step_minutes=60)
        state.update(
            build.readings_of([{"slot": s, "load_kw": 150.0 if 0 < s <= needed else LOW} for s in range(4)], 60)
        )
        assert "overload" in state.events()["kind"].tolist()


def test_no_batch_and_no_nodes_are_no_error(build: SimpleNamespace, state: MonitoringState) -> None:
    empty = state.update(build.loads())
    assert list(empty.changes.columns) == [*EVENT_COLUMNS, "change"]
    assert {name: str(dtype) for name, dtype in state.events().dtypes.items()} == EVENT_COLUMNS
    none = MonitoringState(build.nodes_of("A1").iloc[:0], build.policy_of("a"), build.SINCE)
    assert none.update(build.loads(LOW)).unknown == 1


def test_what_is_missing_is_named(build: SimpleNamespace, state: MonitoringState) -> None:
    with pytest.raises(DataError, match=r"node_load\.load_kw: column is missing"):
        state.update(build.loads(LOW).drop(columns="load_kw"))
    with pytest.raises(DataError, match=r"nodes\.node_id: stands twice in 1 row\(s\), first at A1"):
        MonitoringState(build.nodes_of("A1", "A1"), build.policy_of("a"), build.SINCE)
    with pytest.raises(DataError, match="every 7 minutes"):
        MonitoringState(build.nodes_of("A1"), build.policy_of("a"), build.SINCE, step_minutes=7)


def test_a_policy_refuses_tiers_that_do_not_rise(build: SimpleNamespace) -> None:
    values = build.policy_of("a").model_dump()
    values["long_overload"] = [{"level": 1.3, "minutes": 60}, {"level": 1.2, "minutes": 30}]
    with pytest.raises(ConfigError, match="levels must rise"):
        parse_settings(MonitoringPolicy, values, "policy")
    with pytest.raises(ConfigError, match="no kind of node is called meter"):
        parse_settings(MonitoringPolicy, build.policy_of("a").model_dump() | {"voltage_kinds": ["meter"]}, "policy")
