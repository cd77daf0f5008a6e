"""The service in this process: what it answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.lake import Lake
from features.workspace import Workspace
from serving.messages import (
    CapacityAnswer,
    ForecastAnswer,
    NodesAnswer,
    PublicationsAnswer,
)
from serving.settings import ServiceSettings

Copy = Callable[[Workspace], Workspace]


class TestCapacity:
    def test_a_published_node_is_answered_as_published(self, served: Any) -> None:
        answer = CapacityAnswer.model_validate_json(served.post("/v1/capacity", {"node_ids": ["A1"]}).content)
        assert answer.live is False
        assert answer.publication_id is not None
        assert answer.publication_id.startswith("20260101T0000Z-")
        (row,) = answer.nodes
        assert (row.node_id, row.name, row.open_kva, row.reason) == ("A1", "东湖一号台区", 45.0, "AREA_THERMAL")
        assert row.block_kva == [45.0, 50.0, 55.0, 60.0, 65.0, 70.0]
        assert row.peak_p95_kw == 215.5

    def test_what_is_not_known_is_null_and_says_so(self, served: Any) -> None:
        (row,) = served.post("/v1/capacity", {"node_ids": ["A4"]}).json()["nodes"]
        assert row["open_kva"] is None
        assert row["block_kva"] == [None] * 6
        assert (row["reason"], row["confidence"]) == ("DATA_POOR", "LOW")

    def test_a_unit_without_nodes_of_the_kind_gives_none(self, served: Any) -> None:
        for path in ("/v1/forecast", "/v1/capacity"):
            answer = served.post(path, {"org_unit": "H1", "kinds": ["substation"]})
            assert answer.status_code == 200
            assert answer.json()["nodes"] == []

    def test_a_unit_gives_its_own_nodes_and_those_below(self, served: Any) -> None:
        body = {"org_unit": "D1", "kinds": ["area", "feeder"]}
        answer = served.post("/v1/capacity", body).json()
        assert [row["node_id"] for row in answer["nodes"]] == ["A1", "A2", "A3", "F1"]
        assert answer["absent_node_ids"] == []

    def test_the_same_node_twice_is_answered_once_in_the_order_asked(self, served: Any) -> None:
        answer = served.post("/v1/capacity", {"node_ids": ["A3", "A1", "A3"]}).json()
        assert [row["node_id"] for row in answer["nodes"]] == ["A3", "A1"]

    def test_an_older_publication_can_still_be_asked(self, own: Any, helpers: Any) -> None:
        first = own.post("/v1/capacity", {"node_ids": ["A1"]}).json()["publication_id"]
        newer = helpers.publish(own.workspace, factor=2.0)
        latest = own.post("/v1/capacity", {"node_ids": ["A1"]}).json()
        assert (latest["publication_id"], latest["nodes"][0]["open_kva"]) == (newer.id, 90.0)
        older = own.post("/v1/capacity", {"node_ids": ["A1"], "publication": first}).json()
        assert (older["publication_id"], older["nodes"][0]["open_kva"]) == (first, 45.0)

    def test_a_scenario_is_answered_by_its_id_and_every_row_says_what_it_is(self, own: Any, helpers: Any) -> None:
        firm = own.post("/v1/capacity", {"node_ids": ["A1"]}).json()
        far = helpers.publish(own.workspace, factor=0.5, horizon_days=1826)
        # The latest stays what may be promised; it was written before anything was said of standing.
        latest = own.post("/v1/capacity", {"node_ids": ["A1"]}).json()
        assert (latest["publication_id"], latest["nodes"][0]["standing"]) == (firm["publication_id"], None)
        content = own.post("/v1/capacity", {"node_ids": ["A1", "A4"], "publication": far.id}).content
        answer = CapacityAnswer.model_validate_json(content)
        assert answer.horizon_days == 1826
        assert [(row.standing, row.standing_reason) for row in answer.nodes] == [
            ("scenario", "BEYOND_FIRM_HORIZON")
        ] * 2

    def test_an_unknown_publication_is_named(self, served: Any) -> None:
        body = {"node_ids": ["A1"], "publication": "../../etc"}
        assert "../../etc" in served.refusal(served.post("/v1/capacity", body), 404, "UNKNOWN_PUBLICATION").message

    def test_live_is_computed_once_for_the_same_data(
        self,
        serve: Callable[..., Any],
        full_workspace: Workspace,
        copied: Copy,
        helpers: Any,
    ) -> None:
        calls = []

        def compute(workspace: Workspace, history: Any) -> Any:
            calls.append(history.versions.width)
            return helpers.capacity_frame(3.0), helpers.publication_of(workspace).provenance

        served = serve(copied(full_workspace), compute_capacity=compute)
        for _ in range(2):
            answer = served.post("/v1/capacity", {"node_ids": ["A1"], "publication": "live"}).json()
            assert (answer["live"], answer["publication_id"]) == (True, None)
            assert answer["nodes"][0]["open_kva"] == 135.0
        assert len(calls) == 1
        later = helpers.loads_frame(helpers.LAST_LOAD, 1)
        Lake(served.workspace.lake).append("node_load", later, "second")
        served.post("/v1/capacity", {"node_ids": ["A1"], "publication": "live"})
        assert calls == [72, 73]

    def test_marketing_sees_published_figures_only(self, served: Any) -> None:
        assert served.post("/v1/capacity", {"node_ids": ["A1"]}, "marketing").status_code == 200
        body = {"node_ids": ["A1"], "publication": "live"}
        served.refusal(served.post("/v1/capacity", body, "marketing"), 403, "FORBIDDEN_ROLE")


class TestForecast:
    def test_every_interval_has_the_model_s_quantiles(self, served: Any) -> None:
        body = {"node_ids": ["A1", "S1"], "horizon_hours": 3, "quantiles": [0.9, 0.1]}
        answer = ForecastAnswer.model_validate_json(served.post("/v1/forecast", body).content)
        assert (answer.model.name, answer.model.version) == ("demand", 1)
        assert answer.issue_time_rule == "newest_load"
        assert pd.Timestamp(answer.issue_time) == pd.Timestamp("2026-01-01T00:00Z")
        assert answer.step_minutes == 60
        first, second = answer.nodes
        assert [row.lead_hours for row in first.rows] == [0.0, 1.0, 2.0]
        assert first.rows[0].quantiles_kw == {"0.1": 110.0, "0.9": 190.0}
        assert {tuple(row.reasons) for row in first.rows} == {()}
        assert {tuple(row.reasons) for row in second.rows} == {("NO_HISTORY",)}

    def test_levels_closer_than_four_decimals_are_one(self, served: Any) -> None:
        body = {"node_ids": ["A1"], "horizon_hours": 1, "quantiles": [0.010000000000000002, 0.01, 0.5]}
        answer = served.post("/v1/forecast", body).json()
        assert list(answer["nodes"][0]["rows"][0]["quantiles_kw"]) == ["0.01", "0.5"]

    def test_the_default_is_one_day_of_seven_quantiles(self, served: Any) -> None:
        (node,) = served.post("/v1/forecast", {"node_ids": ["A1"]}).json()["nodes"]
        assert len(node["rows"]) == 24
        assert list(node["rows"][0]["quantiles_kw"]) == ["0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95"]

    def test_an_issue_time_is_kept_to_the_instant_whatever_its_offset(self, served: Any) -> None:
        body = {"node_ids": ["A1"], "horizon_hours": 1, "issue_time": "2025-12-31T08:00:00+08:00"}
        answer = served.post("/v1/forecast", body).json()
        assert (answer["issue_time"], answer["issue_time_rule"]) == ("2025-12-31T00:00:00Z", "asked")

    @pytest.mark.parametrize("moment", ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"])
    def test_an_issue_time_outside_the_data_is_refused(self, served: Any, moment: str) -> None:
        body = {"node_ids": ["A1"], "issue_time": moment}
        assert served.refusal(served.post("/v1/forecast", body), 422, "INVALID_FIELD").fields == ["issue_time"]

    def test_readings_that_come_late_move_the_default_issue_time(
        self, serve: Callable[..., Any], tmp_path: Path, helpers: Any
    ) -> None:
        workspace = Workspace(tmp_path / "late")
        lake = helpers.write_lake(workspace.lake)
        helpers.promote_fake(workspace, 1, 50.0)
        lake.append("node_load", helpers.loads_frame(helpers.LAST_LOAD, 2, late_hours=5), "late")
        answer = serve(workspace).post("/v1/forecast", {"node_ids": ["A1"], "horizon_hours": 1}).json()
        assert answer["issue_time"] == "2026-01-01T07:00:00Z"

    def test_an_answer_that_would_be_too_long_is_refused(
        self, serve: Callable[..., Any], full_workspace: Workspace, copied: Copy
    ) -> None:
        served = serve(copied(full_workspace), ServiceSettings(max_forecast_rows=50))
        assert served.post("/v1/forecast", {"node_ids": ["A1", "A2"], "horizon_hours": 25}).status_code == 200
        error = served.refusal(
            served.post("/v1/forecast", {"node_ids": ["A1", "A2"], "horizon_hours": 26}), 422, "INVALID_FIELD"
        )
        assert error.fields == ["horizon_hours"]

    def test_a_promotion_is_picked_up_without_a_restart(self, own: Any, helpers: Any) -> None:
        body = {"node_ids": ["A1"], "horizon_hours": 1, "quantiles": [0.5]}
        before = own.post("/v1/forecast", body).json()
        helpers.promote_fake(own.workspace, 2, base_kw=10.0)
        after = own.post("/v1/forecast", body).json()
        assert (before["model"]["version"], after["model"]["version"]) == (1, 2)
        assert after["nodes"][0]["rows"][0]["quantiles_kw"] == {"0.5": 15.0}

    def test_new_loads_are_seen_without_a_restart(self, own: Any, helpers: Any) -> None:
        body = {"node_ids": ["A1"], "horizon_hours": 1}
        before = own.post("/v1/forecast", body).json()
        Lake(own.workspace.lake).append("node_load", helpers.loads_frame(helpers.LAST_LOAD, 6), "more")
        after = own.post("/v1/forecast", body).json()
        assert after["issue_time"] == "2026-01-01T06:00:00Z"
        assert before["data_fingerprint"] != after["data_fingerprint"]


class TestListings:
    def test_pages_together_are_the_whole_in_order(self, served: Any) -> None:
        seen: list[str] = []
        after: dict[str, str] = {}
        while True:
            page = NodesAnswer.model_validate_json(served.get("/v1/nodes", limit=3, **after).content)
            assert page.total == 8
            seen += [node.node_id for node in page.nodes]
            if page.next_after is None:
                break
            after = {"after": page.next_after}
        assert seen == ["A1", "A2", "A3", "A4", "A5", "F1", "F2", "S1"]

    def test_filters_by_unit_and_kind(self, served: Any) -> None:
        page = served.get("/v1/nodes", org_unit="D1", kind="area").json()
        assert [node["node_id"] for node in page["nodes"]] == ["A1", "A2", "A3"]

    @pytest.mark.parametrize(
        ("who", "expected"),
        [
            ("company", ["A1", "A2", "A3", "A4", "F1", "F2", "S1"]),
            ("east", ["A1", "A2", "A3", "F1", "S1"]),
            ("hall", ["A1", "A2"]),
            ("stranger", []),
        ],
    )
    def test_a_key_lists_its_own_unit_and_below(self, served: Any, who: str, expected: list[str]) -> None:
        assert [node["node_id"] for node in served.get("/v1/nodes", who).json()["nodes"]] == expected

    def test_publications_are_newest_first(self, own: Any, helpers: Any) -> None:
        newer = helpers.publish(own.workspace, factor=2.0)
        answer = PublicationsAnswer.model_validate_json(own.get("/v1/publications").content)
        assert answer.total == 2
        assert answer.publications[0].publication_id == newer.id
        assert [one.nodes for one in answer.publications] == [8, 8]
        second = own.get("/v1/publications", limit=1, offset=1).json()["publications"]
        assert [one["publication_id"] for one in second] == [answer.publications[1].publication_id]
