"""Stored events follow the lake: they open, go on, close and are withdrawn, and equal inputs write nothing."""

import json
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, event

from features.errors import HeadroomError, NotFoundError
from features.workspace import Workspace
from serving.cli import LazyGroup
from serving.monitoring.readings import read_ledgers
from serving.monitoring.run import load_policy, watch_nodes
from serving.monitoring.store import NodeEvents

group = LazyGroup(name="headroom", lazy={"monitor": "", "events": ""})


def stored(engine: Engine, **wanted: Any) -> dict[tuple[str, str], dict[str, Any]]:
    rows, _ = NodeEvents(engine).find(**wanted)
    return {(row["node_id"], row["kind"]): row for row in rows}


def writes_of(engine: Engine) -> list[str]:
    seen: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "SHOW", "BEGIN")):
            seen.append(statement)

    return seen


def test_ratings_and_customers_come_from_the_ledgers(place: Any) -> None:
    nodes = read_ledgers(place.lake).nodes(place.at(0))
    assert nodes["rating_kva"].to_dict() == {"A1": 100.0, "A2": 100.0, "F1": 1000.0, "S1": 1000.0}
    assert nodes["customers"].to_dict() == {"A1": 3, "A2": 2, "F1": 5, "S1": 5}


def test_events_open_go_on_and_close(place: Any, engine: Engine) -> None:
    place.read(0, 10, "one")
    place.read(10, 20, "two", A1=120.0)
    first = watch_nodes(place.workspace, engine=engine)
    assert (first.now, first.changes["opened"]) == (place.at(20), 2)
    row = stored(engine)["A1", "overload"]
    assert (row["start_utc"], row["end_utc"], row["state"]) == (place.at(10), None, "open")
    assert (row["hall_id"], row["customers"], row["worst_value"], row["foreseen"]) == ("H1", 3, 1.2, False)
    place.read(20, 22, "three", A1=140.0)
    assert watch_nodes(place.workspace, engine=engine).changes == {
        "opened": 0,
        "extended": 2,
        "closed": 0,
        "withdrawn": 0,
    }
    place.read(22, 24, "four")
    last = watch_nodes(place.workspace, engine=engine)
    assert (last.changes["closed"], last.open_events) == (2, [])
    row = stored(engine)["A1", "overload"]
    assert (row["end_utc"], row["worst_value"], row["first_seen_at"]) == (place.at(22), 1.4, place.at(20))


def test_equal_inputs_write_nothing(place: Any, engine: Engine) -> None:
    place.read(0, 20, "one", A1=120.0)
    watch_nodes(place.workspace, engine=engine)
    seen = writes_of(engine)
    again = watch_nodes(place.workspace, engine=engine)
    assert (seen, sum(again.changes.values())) == ([], 0)


def test_a_late_correction_withdraws(place: Any, engine: Engine) -> None:
    place.read(0, 20, "one", A1=120.0)
    watch_nodes(place.workspace, engine=engine)
    place.read(0, 20, "two", late_minutes=600)
    assert watch_nodes(place.workspace, engine=engine).changes["withdrawn"] == 2
    assert stored(engine) == {}
    gone = stored(engine, withdrawn=True)["A1", "overload"]
    assert gone["withdrawn_at"] == place.at(20)
    place.read(0, 20, "three", late_minutes=700, A1=120.0)
    assert watch_nodes(place.workspace, engine=engine).changes["opened"] == 2
    back = stored(engine)["A1", "overload"]
    assert (back["withdrawn_at"], back["first_seen_at"]) == (None, place.at(20))


@pytest.mark.slow
@pytest.mark.parametrize("rule_set", ["a", "b"])
def test_what_began_long_ago_keeps_its_start(place: Any, engine: Engine, rule_set: str) -> None:
    """An overload of forty days, a node silent for as long, and one never heard of: found again, not begun anew."""
    policy = load_policy(rule_set)
    place.read(0, 20, "one", S1=None)
    for day in range(40):
        place.read(20 + 96 * day, 20 + 96 * (day + 1), f"day {day}", A1=115.0, A2=None, S1=None)
        if day % 9 == 0 or day == 39:
            watch_nodes(place.workspace, policy=policy, engine=engine)
    rows = stored(engine)
    assert sorted(rows) == [("A1", "heavy"), ("A1", "overload"), ("A2", "stale"), ("S1", "stale")]
    assert rows["A2", "stale"]["start_utc"] == place.at(20)
    assert rows["S1", "stale"]["start_utc"] == place.at(0)
    assert rows["A1", "overload"]["start_utc"] in (place.at(20), place.at(19) + pd.Timedelta(seconds=692))
    assert rows["A1", "overload"]["points"] == 40 * 96
    seen = writes_of(engine)
    watch_nodes(place.workspace, policy=policy, engine=engine)
    assert seen == []


def test_one_run_or_many_give_the_same_events(place: Any, tmp_path: Any) -> None:
    from serving.state import open_state

    engines = [open_state(f"sqlite:///{tmp_path / name}.db") for name in ("many", "one")]
    for step in range(12):
        place.read(24 * step, 24 * step + 24, f"batch {step}", A1=120.0 if step % 3 else 50.0, A2=85.0)
        watch_nodes(place.workspace, engine=engines[0])
    watch_nodes(place.workspace, engine=engines[1])
    shown = ("event_id", "start_utc", "end_utc", "worst_value", "points", "state")
    many, one = ({key: [row[name] for name in shown] for key, row in stored(e).items()} for e in engines)
    assert many == one
    for opened in engines:
        opened.dispose()


def test_an_overload_is_not_forgotten_when_the_transformer_is_exchanged(place: Any, engine: Engine) -> None:
    place.read(0, 30, "one", A1=120.0)
    watch_nodes(place.workspace, engine=engine)
    exchanged = {"transformer_id": "T5", "node_id": "A1", "rating_kva": 300.0, "phases": 3, "valid_from": place.at(30)}
    place.add("transformer", [exchanged], "exchange")
    place.read(30, 40, "two", A1=120.0)
    watch_nodes(place.workspace, engine=engine)
    row = stored(engine)["A1", "overload"]
    assert (row["start_utc"], row["end_utc"]) == (place.at(0), place.at(30))
    assert row["worst_value"] == pytest.approx(1.2)


def test_each_rule_set_has_its_own_events(place: Any, engine: Engine) -> None:
    place.read(0, 4, "one", A1=120.0)
    for rule_set in ("a", "b"):
        watch_nodes(place.workspace, policy=load_policy(rule_set), engine=engine)
    assert {row["rule_set"] for row in NodeEvents(engine).find()[0]} == {"b"}


def test_a_moment_before_the_last_is_refused_and_so_is_an_empty_lake(place: Any, engine: Engine) -> None:
    with pytest.raises(NotFoundError, match="no node_load rows"):
        watch_nodes(place.workspace, engine=engine)
    place.read(0, 40, "one", A1=120.0)
    early = watch_nodes(place.workspace, now=place.at(20), engine=engine)
    assert early.open_events[0]["points"] == 20
    watch_nodes(place.workspace, engine=engine)
    with pytest.raises(HeadroomError, match="has watched until 2025-06-01T10:00:00"):
        watch_nodes(place.workspace, now=place.at(20), engine=engine)


def test_events_are_found_by_unit_period_kind_and_state(place: Any, engine: Engine) -> None:
    place.read(0, 10, "one", A1=120.0)
    place.read(10, 20, "two", A2=120.0)
    watch_nodes(place.workspace, engine=engine)
    store = NodeEvents(engine)
    assert set(stored(engine, units={"H2"})) == {("A2", "heavy"), ("A2", "overload")}
    assert set(stored(engine, kinds=["heavy"], state="closed")) == {("A1", "heavy")}
    assert set(stored(engine, first=place.at(10), node_ids=["A1"])) == set()
    assert set(stored(engine, last=place.at(10), kinds=["overload"])) == {("A1", "overload")}
    pages = [store.find(limit=3, offset=offset) for offset in (0, 3)]
    assert [len(rows) for rows, _ in pages] == [3, 1]
    assert {total for _, total in pages} == {4}
    assert stored(engine, units=()) == {}


class TestCommands:
    def run(self, workspace: Workspace, *arguments: str) -> Any:
        return CliRunner().invoke(group, [*arguments, "--workspace", str(workspace.root)])

    def test_nodes_are_watched_and_their_events_shown(self, place: Any) -> None:
        place.read(0, 20, "one", A1=120.0)
        result = self.run(place.workspace, "monitor", "nodes", "--fail-on-event")
        assert result.exit_code == 1, result.output
        assert "2 opened" in result.output
        told = json.loads(self.run(place.workspace, "monitor", "nodes", "--json").stdout)
        assert [row["kind"] for row in told["open_events"]] == ["overload", "heavy"]
        shown = self.run(place.workspace, "events", "--org", "D1", "--kind", "overload", "--from", "2025-06-01")
        assert shown.exit_code == 0, shown.output
        assert "load at or above the rating" in shown.output
        found = json.loads(self.run(place.workspace, "events", "--org", "H1", "--state", "open", "--json").stdout)
        assert found["found"] == 2
        assert found["events"][0]["start_utc"] == "2025-06-01T00:00:00Z"
        assert json.loads(self.run(place.workspace, "events", "--org", "H2", "--json").stdout)["found"] == 0

    def test_an_unknown_unit_is_refused(self, place: Any) -> None:
        result = self.run(place.workspace, "events", "--org", "H9")
        assert (result.exit_code, "there is no org unit 'H9'" in result.output) == (2, True)
