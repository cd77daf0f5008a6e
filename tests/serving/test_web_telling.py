"""What the service tells about itself: readiness, metrics, log lines, its interface."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.workspace import Workspace
from serving.examples import CAPACITY_ANSWER, CAPACITY_REQUESTS, FORECAST_REQUESTS
from serving.messages import (
    CapacityAnswer,
    CapacityRequest,
    ForecastRequest,
)
from serving.settings import ServiceSettings

Copy = Callable[[Workspace], Workspace]


class TestReadiness:
    def test_a_full_workspace_is_ready(self, served: Any) -> None:
        assert served.client.get("/livez").json() == {"alive": True}
        assert served.client.get("/readyz").json() == {"ready": True, "notes": []}

    def test_readiness_waits_for_histories_only_a_little(self, own: Any) -> None:
        own.backend.warmed.clear()
        assert own.refusal(own.client.get("/readyz"), 503, "NOT_READY").fields == ["warm-up"]
        patient = own.backend.settings
        own.backend.settings = patient.model_copy(update={"warm_up_seconds": 0.0})
        answer = own.client.get("/readyz")
        assert answer.status_code == 200
        assert "first forecast" in answer.json()["notes"][0]

    def test_an_empty_workspace_says_what_is_missing_and_every_question_is_503(
        self, serve: Callable[..., Any], tmp_path: Path
    ) -> None:
        served = serve(Workspace(tmp_path / "empty"))
        error = served.refusal(served.client.get("/readyz"), 503, "NOT_READY")
        assert error.fields == ["lake", "models/demand", "publications"]
        assert "headroom ingest" in error.message
        for path in ("/v1/forecast", "/v1/capacity"):
            served.refusal(served.post(path, {"node_ids": ["A1"]}), 503, "NOT_READY")
        served.refusal(served.get("/v1/nodes"), 503, "NOT_READY")
        assert served.get("/v1/publications").json() == {"total": 0, "publications": []}

    def test_without_a_model_or_a_publication_each_question_says_which(
        self, serve: Callable[..., Any], tmp_path: Path, helpers: Any
    ) -> None:
        workspace = Workspace(tmp_path / "bare")
        helpers.write_lake(workspace.lake)
        served = serve(workspace)
        forecast = served.refusal(served.post("/v1/forecast", {"node_ids": ["A1"]}), 503, "NOT_READY")
        assert "headroom train demand" in forecast.message
        capacity = served.refusal(served.post("/v1/capacity", {"node_ids": ["A1"]}), 503, "NOT_READY")
        assert "headroom publish capacity" in capacity.message
        helpers.promote_fake(workspace, 1, 1.0)
        helpers.publish(workspace)
        assert served.client.get("/readyz").status_code == 200

    def test_a_damaged_champion_record_is_503_with_its_reason(self, own: Any) -> None:
        (own.workspace.models / "demand" / "champion.json").write_text("{")
        error = own.refusal(own.post("/v1/forecast", {"node_ids": ["A1"]}), 503, "UNAVAILABLE")
        assert "champion" in error.message
        assert own.client.get("/readyz").status_code == 503

    def test_a_state_that_cannot_be_opened_makes_it_not_ready(
        self, serve: Callable[..., Any], full_workspace: Workspace, copied: Copy
    ) -> None:
        settings = ServiceSettings(state_url="sqlite:////nowhere/at/all/state.db")
        served = serve(copied(full_workspace), settings)
        assert "state" in served.refusal(served.client.get("/readyz"), 503, "NOT_READY").fields
        served.refusal(served.post("/v1/capacity", {"node_ids": ["A1"]}), 503, "UNAVAILABLE")


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
        for path in (
            "/v1/forecast",
            "/v1/capacity",
            "/v1/ingest/{table}",
            "/v1/nodes",
            "/v1/publications",
            "/livez",
            "/readyz",
            "/metrics",
        ):
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
