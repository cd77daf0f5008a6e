"""The service in this process: what it answers, what it refuses, and in which shape."""

import logging
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.lake import Lake
from features.workspace import Workspace
from serving.examples import CAPACITY_ANSWER, CAPACITY_REQUESTS, FORECAST_REQUESTS
from serving.messages import (
    CapacityAnswer,
    CapacityRequest,
    ErrorAnswer,
    ForecastAnswer,
    ForecastRequest,
    NodesAnswer,
    PublicationsAnswer,
)
from serving.settings import ServiceSettings
from serving.state import KeyStore, open_state

Copy = Callable[[Workspace], Workspace]


def refusal(response: Any, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, after checking that it has the one shape."""
    assert response.status_code == status, response.text
    error = ErrorAnswer.model_validate_json(response.content).error
    assert error.code == code
    assert error.request_id == response.headers["x-request-id"]
    return error.model_dump()


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body whose length is not declared."""
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


def fields(error: dict[str, Any]) -> list[str]:
    return [fault["field"] for fault in error["fields"]]


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

    def test_an_unknown_publication_is_named(self, served: Any) -> None:
        body = {"node_ids": ["A1"], "publication": "../../etc"}
        assert "../../etc" in refusal(served.post("/v1/capacity", body), 404, "UNKNOWN_PUBLICATION")["message"]

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
        refusal(served.post("/v1/capacity", body, "marketing"), 403, "FORBIDDEN_ROLE")


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
        assert fields(refusal(served.post("/v1/forecast", body), 422, "INVALID_FIELD")) == ["issue_time"]

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
        error = refusal(
            served.post("/v1/forecast", {"node_ids": ["A1", "A2"], "horizon_hours": 26}), 422, "INVALID_FIELD"
        )
        assert fields(error) == ["horizon_hours"]

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


class TestRefusals:
    PATHS = (("POST", "/v1/forecast"), ("POST", "/v1/capacity"), ("GET", "/v1/nodes"), ("GET", "/v1/publications"))

    @pytest.mark.parametrize(("method", "path"), PATHS)
    @pytest.mark.parametrize("header", [None, "Bearer", "Bearer hr_00000000_nothing", "Basic abc", "Bearer \x00"])
    def test_no_key_no_answer_whatever_the_body(self, served: Any, method: str, path: str, header: str | None) -> None:
        headers = {} if header is None else {"Authorization": header}
        response = served.client.request(method, path, content=b"{not json", headers=headers)
        refusal(response, 401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"] == "Bearer"

    def test_a_revoked_key_stops_at_once(self, own: Any) -> None:
        assert own.get("/v1/nodes", "hall").status_code == 200
        engine = open_state(own.workspace.state_url)
        KeyStore(engine).revoke("hall")
        engine.dispose()
        refusal(own.get("/v1/nodes", "hall"), 401, "UNAUTHENTICATED")

    @pytest.mark.parametrize("path", ["/v1/forecast", "/v1/capacity"])
    def test_out_of_scope_is_403_and_named(self, served: Any, path: str) -> None:
        error = refusal(served.post(path, {"node_ids": ["A1", "A4"]}, "east"), 403, "OUT_OF_SCOPE")
        assert "A4" in error["message"]
        assert "A1" not in error["message"]
        assert fields(error) == ["node_ids.1"]
        refusal(served.post(path, {"org_unit": "D2"}, "east"), 403, "OUT_OF_SCOPE")
        refusal(served.post(path, {"node_ids": ["S1"]}, "hall"), 403, "OUT_OF_SCOPE")
        refusal(served.post(path, {"node_ids": ["A5"]}, "company"), 403, "OUT_OF_SCOPE")

    def test_a_unit_out_of_scope_lists_nothing(self, served: Any) -> None:
        refusal(served.get("/v1/nodes", "hall", org_unit="D1"), 403, "OUT_OF_SCOPE")

    @pytest.mark.parametrize("path", ["/v1/forecast", "/v1/capacity"])
    def test_an_unknown_node_or_unit_is_named(self, served: Any, path: str) -> None:
        error = refusal(served.post(path, {"node_ids": ["A1", "XX", "YY"]}), 404, "UNKNOWN_NODE")
        assert "XX" in error["message"]
        assert fields(error) == ["node_ids.1", "node_ids.2"]
        assert "H9" in refusal(served.post(path, {"org_unit": "H9"}), 404, "UNKNOWN_ORG_UNIT")["message"]

    @pytest.mark.parametrize(
        ("path", "body", "field"),
        [
            ("/v1/forecast", {}, "node_ids"),
            ("/v1/forecast", [], "(body)"),
            ("/v1/forecast", {"node_ids": []}, "node_ids"),
            ("/v1/forecast", {"node_ids": ["A1"], "horizon_hours": 337}, "horizon_hours"),
            ("/v1/forecast", {"node_ids": ["A1"], "horizon_hours": "24"}, "horizon_hours"),
            ("/v1/forecast", {"node_ids": ["A1"], "quantiles": [0.5, 1.5]}, "quantiles.1"),
            ("/v1/forecast", {"node_ids": ["A1"], "issue_time": "2026-01-01T00:00:00"}, "issue_time"),
            ("/v1/forecast", {"node_ids": ["A1"], "horizon": 24}, "horizon"),
            ("/v1/capacity", {"node_ids": [1]}, "node_ids.0"),
            ("/v1/capacity", {"node_ids": ["A1\n"]}, "node_ids.0"),
            ("/v1/capacity", {"org_unit": "D1", "node_ids": ["A1"]}, "node_ids"),
            ("/v1/capacity", {"org_unit": "D1", "kinds": ["pole"]}, "kinds.0"),
            ("/v1/capacity", {"node_ids": ["A1"], "publication": ""}, "publication"),
            ("/v1/capacity", "A1", "(body)"),
        ],
    )
    def test_a_bad_field_is_named(self, served: Any, path: str, body: Any, field: str) -> None:
        error = refusal(served.post(path, body), 422, "INVALID_FIELD")
        assert field in fields(error)
        assert field in error["message"]

    @pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("kind", "pole"), ("knid", "area"), ("after", "\x00")])
    def test_a_bad_query_parameter_is_named(self, served: Any, name: str, value: str) -> None:
        assert fields(refusal(served.get("/v1/nodes", **{name: value}), 422, "INVALID_FIELD")) == [name]

    @pytest.mark.parametrize("content", [b"{", b"\xff\xfe\xff", b"[" * 100_000])
    def test_a_body_that_is_no_json_is_400(self, served: Any, content: bytes) -> None:
        headers = {**served.headers(), "Content-Type": "application/json"}
        refusal(served.client.post("/v1/capacity", content=content, headers=headers), 400, "MALFORMED_BODY")

    def test_text_that_is_no_unicode_is_a_bad_field(self, served: Any) -> None:
        headers = {**served.headers(), "Content-Type": "application/json"}
        response = served.client.post("/v1/capacity", content=b'{"node_ids": ["\\ud800"]}', headers=headers)
        assert fields(refusal(response, 422, "INVALID_FIELD")) == ["node_ids.0"]

    def test_a_body_of_another_type_is_415(self, served: Any) -> None:
        headers = {**served.headers(), "Content-Type": "text/plain"}
        response = served.client.post("/v1/capacity", content=b'{"node_ids": ["A1"]}', headers=headers)
        refusal(response, 415, "UNSUPPORTED_MEDIA_TYPE")

    def test_no_body_at_all_names_the_body(self, served: Any) -> None:
        refusal(served.client.post("/v1/capacity", headers=served.headers()), 422, "INVALID_FIELD")

    def test_a_body_too_large_is_413_declared_or_streamed(self, served: Any) -> None:
        large = b'{"node_ids": ["' + b"A" * 1_100_000 + b'"]}'
        headers = {**served.headers(), "Content-Type": "application/json"}
        refusal(served.client.post("/v1/capacity", content=large, headers=headers), 413, "BODY_TOO_LARGE")
        refusal(served.client.post("/v1/capacity", content=pieces(large), headers=headers), 413, "BODY_TOO_LARGE")

    @pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/", "/v1/capacity/", "/docs", "//", "/v2/nodes"])
    def test_an_unknown_path_is_404_in_the_same_shape(self, served: Any, path: str) -> None:
        refusal(served.client.get(f"http://testserver{path}"), 404, "NOT_FOUND")

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/v1/capacity"), ("DELETE", "/v1/nodes"), ("POST", "/livez"), ("PUT", "/")]
    )
    def test_a_wrong_method_is_405_and_says_which_are_right(self, served: Any, method: str, path: str) -> None:
        response = served.client.request(method, path)
        refusal(response, 405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"]

    def test_what_nobody_foresaw_is_500_in_the_same_shape_and_tells_nothing(
        self, serve: Callable[..., Any], full_workspace: Workspace, copied: Copy
    ) -> None:
        def compute(workspace: Workspace, history: Any) -> Any:
            raise ZeroDivisionError("secret detail")

        served = serve(copied(full_workspace), compute_capacity=compute)
        response = served.post("/v1/capacity", {"node_ids": ["A1"], "publication": "live"})
        refusal(response, 500, "INTERNAL")
        assert "secret" not in response.text

    def test_an_answer_that_takes_too_long_is_504_and_its_result_is_kept(
        self,
        serve: Callable[..., Any],
        full_workspace: Workspace,
        copied: Copy,
        helpers: Any,
    ) -> None:
        import threading

        gate = threading.Event()

        def compute(workspace: Workspace, history: Any) -> Any:
            gate.wait(20)
            return helpers.capacity_frame(), helpers.publication_of(workspace).provenance

        served = serve(copied(full_workspace), ServiceSettings(timeout_seconds=0.3), compute_capacity=compute)
        body = {"node_ids": ["A1"], "publication": "live"}
        refusal(served.post("/v1/capacity", body), 504, "TIMEOUT")
        assert served.post("/v1/capacity", {"node_ids": ["A1"]}).status_code == 200
        gate.set()
        assert served.post("/v1/capacity", body).json()["nodes"][0]["open_kva"] == 45.0


class TestReadiness:
    def test_a_full_workspace_is_ready(self, served: Any) -> None:
        assert served.client.get("/livez").json() == {"alive": True}
        assert served.client.get("/readyz").json() == {"ready": True, "notes": []}

    def test_an_empty_workspace_says_what_is_missing_and_every_question_is_503(
        self, serve: Callable[..., Any], tmp_path: Path
    ) -> None:
        served = serve(Workspace(tmp_path / "empty"))
        error = refusal(served.client.get("/readyz"), 503, "NOT_READY")
        assert fields(error) == ["lake", "models/demand", "publications"]
        assert "headroom ingest" in error["message"]
        for path in ("/v1/forecast", "/v1/capacity"):
            refusal(served.post(path, {"node_ids": ["A1"]}), 503, "NOT_READY")
        refusal(served.get("/v1/nodes"), 503, "NOT_READY")
        assert served.get("/v1/publications").json() == {"total": 0, "publications": []}

    def test_without_a_model_or_a_publication_each_question_says_which(
        self, serve: Callable[..., Any], tmp_path: Path, helpers: Any
    ) -> None:
        workspace = Workspace(tmp_path / "bare")
        helpers.write_lake(workspace.lake)
        served = serve(workspace)
        forecast = refusal(served.post("/v1/forecast", {"node_ids": ["A1"]}), 503, "NOT_READY")
        assert "headroom train demand" in forecast["message"]
        capacity = refusal(served.post("/v1/capacity", {"node_ids": ["A1"]}), 503, "NOT_READY")
        assert "headroom publish capacity" in capacity["message"]
        helpers.promote_fake(workspace, 1, 1.0)
        helpers.publish(workspace)
        assert served.client.get("/readyz").status_code == 200

    def test_a_damaged_champion_record_is_503_with_its_reason(self, own: Any) -> None:
        (own.workspace.models / "demand" / "champion.json").write_text("{")
        error = refusal(own.post("/v1/forecast", {"node_ids": ["A1"]}), 503, "UNAVAILABLE")
        assert "champion" in error["message"]
        assert own.client.get("/readyz").status_code == 503

    def test_a_state_that_cannot_be_opened_makes_it_not_ready(
        self, serve: Callable[..., Any], full_workspace: Workspace, copied: Copy
    ) -> None:
        settings = ServiceSettings(state_url="sqlite:////nowhere/at/all/state.db")
        served = serve(copied(full_workspace), settings)
        assert "state" in fields(refusal(served.client.get("/readyz"), 503, "NOT_READY"))
        refusal(served.post("/v1/capacity", {"node_ids": ["A1"]}), 503, "UNAVAILABLE")


class TestTelling:
    def test_metrics_have_a_bounded_number_of_labels(self, own: Any) -> None:
        for path in ("/v1/nodes?after=A1", *(f"/random/{i}" for i in range(20))):
            own.client.get(path, headers=own.headers())
        own.client.request("BREW", "/v1/nodes")
        text = own.client.get("/metrics").text
        routes = set(re.findall(r'route="([^"]*)"', text))
        assert routes == {"/v1/nodes", "(unmatched)"}
        assert set(re.findall(r'method="([^"]*)"', text)) == {"GET", "(other)"}
        assert 'headroom_requests_total{method="GET",route="(unmatched)",status="404"} 20.0' in text

    def test_the_log_names_the_key_s_id_and_nothing_about_people_or_keys(
        self, served: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO, "headroom.service"):
            response = served.post("/v1/capacity", {"node_ids": ["A1"]}, "hall")
        (line,) = [record.getMessage() for record in caplog.records]
        key = served.keys["hall"]
        assert f"key={key.split('_')[1]} role=planner method=POST route=/v1/capacity status=200" in line
        assert f"request={response.headers['x-request-id']}" in line
        assert key not in line
        assert "hall" not in line

    def test_the_landing_page_lists_the_routes_and_loads_nothing(self, served: Any) -> None:
        page = served.client.get("/").text
        for path in ("/v1/forecast", "/v1/capacity", "/v1/nodes", "/v1/publications", "/livez", "/readyz", "/metrics"):
            assert f" {path}</code>" in page
        assert "<script" not in page
        assert not re.search(r'(src|href)="(https?:)?//', page)

    def test_the_interface_document_has_examples_that_hold(self, served: Any) -> None:
        from pydantic import TypeAdapter

        document = served.client.get("/openapi.json").json()
        assert served.client.get("/docs.json").json() == document
        for path, examples, message in (
            ("/v1/forecast", FORECAST_REQUESTS, ForecastRequest),
            ("/v1/capacity", CAPACITY_REQUESTS, CapacityRequest),
        ):
            shown = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
            assert list(shown) == list(examples)
            for example in shown.values():
                TypeAdapter(message).validate_python(example["value"])
        CapacityAnswer.model_validate(CAPACITY_ANSWER)
