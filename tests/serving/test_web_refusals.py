"""What the service refuses: always in one shape, and naming what is wrong."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from features.workspace import Workspace
from serving.settings import ServiceSettings
from serving.state import KeyStore, open_state

Copy = Callable[[Workspace], Workspace]


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body whose length is not declared."""
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


class TestRefusals:
    PATHS = (
        *(("POST", "/v1/forecast"), ("POST", "/v1/capacity"), ("POST", "/v1/ingest/node_load")),
        *(("GET", "/v1/nodes"), ("GET", "/v1/publications")),
    )

    @pytest.mark.parametrize(("method", "path"), PATHS)
    @pytest.mark.parametrize("header", [None, "Bearer", "Bearer hr_00000000_nothing", "Basic abc", "Bearer \x00"])
    def test_no_key_no_answer_whatever_the_body(self, served: Any, method: str, path: str, header: str | None) -> None:
        headers = {} if header is None else {"Authorization": header}
        response = served.client.request(method, path, content=b"{not json", headers=headers)
        served.refusal(response, 401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"] == "Bearer"

    def test_a_revoked_key_stops_at_once(self, own: Any) -> None:
        assert own.get("/v1/nodes", "hall").status_code == 200
        engine = open_state(own.workspace.state_url)
        KeyStore(engine).revoke("hall")
        engine.dispose()
        own.refusal(own.get("/v1/nodes", "hall"), 401, "UNAUTHENTICATED")

    @pytest.mark.parametrize("path", ["/v1/forecast", "/v1/capacity"])
    def test_out_of_scope_is_403_and_named(self, served: Any, path: str) -> None:
        error = served.refusal(served.post(path, {"node_ids": ["A1", "A4"]}, "east"), 403, "OUT_OF_SCOPE")
        assert "A4" in error.message
        assert "A1" not in error.message
        assert error.fields == ["node_ids.1"]
        served.refusal(served.post(path, {"org_unit": "D2"}, "east"), 403, "OUT_OF_SCOPE")
        served.refusal(served.post(path, {"node_ids": ["S1"]}, "hall"), 403, "OUT_OF_SCOPE")
        served.refusal(served.post(path, {"node_ids": ["A5"]}, "company"), 403, "OUT_OF_SCOPE")

    def test_a_unit_out_of_scope_lists_nothing(self, served: Any) -> None:
        served.refusal(served.get("/v1/nodes", "hall", org_unit="D1"), 403, "OUT_OF_SCOPE")

    @pytest.mark.parametrize("path", ["/v1/forecast", "/v1/capacity"])
    def test_an_unknown_node_or_unit_is_named(self, served: Any, path: str) -> None:
        error = served.refusal(served.post(path, {"node_ids": ["A1", "XX", "YY"]}), 404, "UNKNOWN_NODE")
        assert "XX" in error.message
        assert error.fields == ["node_ids.1", "node_ids.2"]
        assert "H9" in served.refusal(served.post(path, {"org_unit": "H9"}), 404, "UNKNOWN_ORG_UNIT").message

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
        error = served.refusal(served.post(path, body), 422, "INVALID_FIELD")
        assert field in error.fields
        assert field in error.message

    @pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("kind", "pole"), ("knid", "area"), ("after", "\x00")])
    def test_a_bad_query_parameter_is_named(self, served: Any, name: str, value: str) -> None:
        assert served.refusal(served.get("/v1/nodes", **{name: value}), 422, "INVALID_FIELD").fields == [name]

    def test_a_query_parameter_given_twice_is_named(self, served: Any) -> None:
        response = served.client.get("/v1/nodes?limit=1&limit=2&kind=area", headers=served.headers())
        assert served.refusal(response, 422, "INVALID_FIELD").fields == ["limit"]

    @pytest.mark.parametrize("content", [b"{", b"\xff\xfe\xff", b"[" * 100_000])
    def test_a_body_that_is_no_json_is_400(self, served: Any, content: bytes) -> None:
        headers = {**served.headers(), "Content-Type": "application/json"}
        served.refusal(served.client.post("/v1/capacity", content=content, headers=headers), 400, "MALFORMED_BODY")

    def test_text_that_is_no_unicode_is_a_bad_field(self, served: Any) -> None:
        headers = {**served.headers(), "Content-Type": "application/json"}
        response = served.client.post("/v1/capacity", content=b'{"node_ids": ["\\ud800"]}', headers=headers)
        assert served.refusal(response, 422, "INVALID_FIELD").fields == ["node_ids.0"]

    def test_a_body_of_another_type_is_415(self, served: Any) -> None:
        headers = {**served.headers(), "Content-Type": "text/plain"}
        response = served.client.post("/v1/capacity", content=b'{"node_ids": ["A1"]}', headers=headers)
        served.refusal(response, 415, "UNSUPPORTED_MEDIA_TYPE")

    def test_no_body_at_all_names_the_body(self, served: Any) -> None:
        served.refusal(served.client.post("/v1/capacity", headers=served.headers()), 422, "INVALID_FIELD")

    def test_a_body_too_large_is_413_declared_or_streamed(self, served: Any) -> None:
        large = b'{"node_ids": ["' + b"A" * 1_100_000 + b'"]}'
        headers = {**served.headers(), "Content-Type": "application/json"}
        served.refusal(served.client.post("/v1/capacity", content=large, headers=headers), 413, "BODY_TOO_LARGE")
        served.refusal(
            served.client.post("/v1/capacity", content=pieces(large), headers=headers), 413, "BODY_TOO_LARGE"
        )

    @pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/", "/v1/capacity/", "/docs", "//", "/v2/nodes"])
    def test_an_unknown_path_is_404_in_the_same_shape(self, served: Any, path: str) -> None:
        served.refusal(served.client.get(f"http://testserver{path}"), 404, "NOT_FOUND")

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/v1/capacity"), ("DELETE", "/v1/nodes"), ("POST", "/livez"), ("PUT", "/")]
    )
    def test_a_wrong_method_is_405_and_says_which_are_right(self, served: Any, method: str, path: str) -> None:
        response = served.client.request(method, path)
        served.refusal(response, 405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"]

    def test_what_nobody_foresaw_is_500_in_the_same_shape_and_tells_nothing(
        self, serve: Callable[..., Any], full_workspace: Workspace, copied: Copy
    ) -> None:
        def compute(workspace: Workspace, history: Any) -> Any:
            raise ZeroDivisionError("secret detail")

        served = serve(copied(full_workspace), compute_capacity=compute)
        response = served.post("/v1/capacity", {"node_ids": ["A1"], "publication": "live"})
        served.refusal(response, 500, "INTERNAL")
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
        served.refusal(served.post("/v1/capacity", body), 504, "TIMEOUT")
        assert served.post("/v1/capacity", {"node_ids": ["A1"]}).status_code == 200
        gate.set()
        assert served.post("/v1/capacity", body).json()["nodes"][0]["open_kva"] == 45.0
