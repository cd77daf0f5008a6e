"""Events and digests over HTTP and on the command line: what came in makes an event, told to those it concerns."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from serving.cli import group
from serving.desk.digests import last_week, week_of
from serving.messages import DigestAnswer, EventsAnswer
from serving.refusals import BadFieldError
from tests.serving.conftest import LAST_LOAD
from tests.serving.test_web_ingest import post, rows, told


def events(own: Any, who: str = "planner", **params: Any) -> EventsAnswer:
    answer = own.get("/v1/events", who, **params)
    assert answer.status_code == 200, answer.text
    return EventsAnswer.model_validate_json(answer.content)


@pytest.fixture
def overloaded(own: Any) -> Any:
    """A1, rated 400 kVA, draws 500 kW for three hours and is quiet again; the nodes have been looked at."""
    start = LAST_LOAD.strftime("%Y-%m-%dT%H:%M:%SZ")
    after = (LAST_LOAD + pd.Timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    told(post(own, rows(3, start=start), key="high"))
    told(post(own, rows(2, start=after, kw=100.0), key="low"))
    own.backend.happenings.watch()
    return own


def test_an_overload_is_an_event_with_its_worst_value_and_its_customers(overloaded: Any) -> None:
    (one,) = events(overloaded, kind="overload").events
    assert (one.node_id, one.name, one.state, one.duration_minutes) == ("A1", "东湖一号台区", "closed", 180.0)
    assert one.start_utc == LAST_LOAD
    assert one.worst_value == pytest.approx(502 / 0.95 / 400, rel=1e-3)
    assert events(overloaded).watched_until is not None


def test_events_are_told_by_scope_period_kind_and_state(overloaded: Any) -> None:
    seen = {
        who: {one.node_id for one in events(overloaded, who, kind="heavy").events}
        for who in ("hall", "east", "stranger")
    }
    assert seen == {"hall": {"A1"}, "east": {"A1"}, "stranger": set()}
    assert events(overloaded, kind="overload", org_unit="D2").total == 0
    assert events(overloaded, kind="overload", state="open").total == 0
    assert events(overloaded, kind="overload", first="2026-01-02T00:00:00Z").total == 0
    assert events(overloaded, node_id="A1", kind="overload").total == 1
    overloaded.refusal(overloaded.get("/v1/events", "hall", node_id="A3"), 403, "OUT_OF_SCOPE")
    overloaded.refusal(overloaded.get("/v1/events", kind="fire"), 422, "INVALID_FIELD")
    overloaded.refusal(overloaded.get("/v1/events", first="2026-01-02"), 422, "INVALID_FIELD")


def test_a_week_is_told_to_every_unit_from_its_own_single_things(overloaded: Any) -> None:
    body = {"application_id": "Y1", "node_id": "A1", "kva": 60, "customer_class": "commercial"}
    overloaded.post("/v1/applications/check", body)
    answer = overloaded.get("/v1/digest", week="2026-W01")
    digest = DigestAnswer.model_validate_json(answer.content)
    overloads = {one.org_unit: one.events["kinds"].get("overload", {}).get("events", 0) for one in digest.units}
    assert overloads == {"C": 1, "D1": 1, "D2": 0, "H1": 1, "H2": 0, "H3": 0}
    assert overloaded.get("/v1/digest", week="2026-W01").content == answer.content
    scoped = DigestAnswer.model_validate_json(overloaded.get("/v1/digest", "hall", week="2026-W01").content)
    assert [one.org_unit for one in scoped.units] == ["H1"]
    overloaded.refusal(overloaded.get("/v1/digest", week="2026-W60"), 422, "INVALID_FIELD")


def test_pages_of_a_week_are_the_same_to_the_byte(overloaded: Any, tmp_path: Path) -> None:
    def made(folder: str) -> dict[str, bytes]:
        out = tmp_path / folder
        place = ["--workspace", str(overloaded.workspace.root), "--week", "2026-W01", "--out", str(out)]
        result = CliRunner().invoke(group, ["digest", *place])
        assert result.exit_code == 0, result.output
        return {path.name: path.read_bytes() for path in out.iterdir()}

    first = made("one")
    assert first == made("two")
    assert set(first) == {"2026-W01.json", *(f"2026-W01-{unit}.html" for unit in ("C", "D1", "D2", "H1", "H2", "H3"))}
    assert "东湖一号台区" in first["2026-W01-H1.html"].decode()
    assert "东湖一号台区" not in first["2026-W01-H3.html"].decode()
    assert len(json.loads(first["2026-W01.json"])["units"]) == 6


def test_a_week_begins_on_monday_of_local_time() -> None:
    week = week_of("2026-W01", "Asia/Shanghai")
    assert (week.first.isoformat(), week.last.isoformat()) == ("2025-12-28T16:00:00+00:00", "2026-01-04T16:00:00+00:00")
    assert last_week(pd.Timestamp("2026-01-04T16:00Z").to_pydatetime(), "Asia/Shanghai") == "2026-W01"
    assert last_week(pd.Timestamp("2026-01-04T15:59Z").to_pydatetime(), "Asia/Shanghai") == "2025-W52"
    assert week_of("2026-W53", "Asia/Shanghai").name == "2026-W53"
    assert week_of("2025-W53", "Asia/Shanghai") == week_of("2026-W01", "Asia/Shanghai")
    for wrong in ("2026-W54", "2026-1", "0001-W01", "week"):
        with pytest.raises(BadFieldError, match="week"):
            week_of(wrong, "Asia/Shanghai")
