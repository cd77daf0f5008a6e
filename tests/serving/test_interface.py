"""The published interface against the running application: schemathesis asks whatever the document allows, and more."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

pytestmark = pytest.mark.slow

OPERATIONS = [
    ("/v1/forecast", "POST"),
    ("/v1/capacity", "POST"),
    ("/v1/ingest/{table}", "POST"),
    ("/v1/applications/check", "POST"),
    ("/v1/applications", "GET"),
    ("/v1/applications/{application_id}", "GET"),
    ("/v1/applications/{application_id}/withdraw", "POST"),
    ("/v1/queue", "GET"),
    ("/v1/reservations", "GET"),
    ("/v1/reservations/{reservation_id}/confirm", "POST"),
    ("/v1/reservations/{reservation_id}/cancel", "POST"),
    ("/v1/notices", "GET"),
    ("/v1/notices/{notice_id}/read", "POST"),
    ("/v1/allocate", "POST"),
    ("/v1/transfers", "POST"),
    ("/v1/events", "GET"),
    ("/v1/digest", "GET"),
    ("/v1/nodes", "GET"),
    ("/v1/publications", "GET"),
    ("/livez", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
]
# Tried in tests/serving/customers/test_customers_interface.py, on a workspace that knows customers.
OF_CUSTOMERS = [
    ("/v1/tags", "GET"),
    ("/v1/tags/query", "POST"),
    ("/v1/tags/export", "POST"),
    ("/v1/customers/{customer_id}/tags", "GET"),
    ("/v1/customers/{customer_id}/portrait", "GET"),
    ("/v1/inspections", "POST"),
]
# Tried in tests/serving/customers/test_pushes_interface.py, where some were made offers.
OF_PUSHES = [
    ("/v1/pushes/decide", "POST"),
    ("/v1/pushes", "GET"),
    ("/v1/pushes/{push_id}", "GET"),
    ("/v1/pushes/services", "GET"),
    ("/v1/pushes/relief", "GET"),
    ("/v1/outcomes", "POST"),
    ("/v1/customers/{customer_id}/do-not-contact", "GET"),
    ("/v1/customers/{customer_id}/do-not-contact", "PUT"),
]
ROWS = [
    json.dumps({"node_id": node, "start_utc": "2026-01-01T01:00:00Z", "load_kw": kw})
    for node, kw in (("A1", 12.5), ("A2", None), ("A9", 3), ("A1", "x"))
]
SOME = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_written(_: Any, value: Any) -> bytes:
    """Rows are sent as the text they are."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def interface(served: Any) -> Any:
    """The document, with the application behind it."""
    return schemathesis.openapi.from_asgi("/openapi.json", served.app)


def test_every_operation_of_the_document_is_tried(interface: Any) -> None:
    found = {(path, method.upper()) for path in interface for method in interface[path]}
    assert found == {*OPERATIONS, *OF_CUSTOMERS, *OF_PUSHES}


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_the_document_says(
    interface: Any, served: Any, path: str, method: str, mode: GenerationMode
) -> None:
    operation = interface[path][method]
    parameters = served.app.openapi()["paths"][path][method.lower()].get("parameters", [])
    if mode is GenerationMode.NEGATIVE and path in ("/livez", "/readyz", "/metrics"):
        pytest.skip("takes nothing that could be wrong")

    @SOME
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call(headers=served.headers())
        # A body is sent as it is made; only a query can lose on its way what made it wrong.
        as_asked = method == "GET" and _well_formed(response.request.url, parameters)
        case.validate_response(response, excluded_checks=[negative_data_rejection] if as_asked else [])

    ask()


def _well_formed(url: str, parameters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the query that arrives is as the document allows, whatever was meant to be sent: an empty list leaves no
    trace in a URL, a list of one is that one, and the key that a case leaves out is sent by this test."""
    checks = {parameter["name"]: Draft202012Validator(parameter["schema"]) for parameter in parameters}
    sent = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    names = [name for name, _ in sent]
    if len(set(names)) < len(names) or not set(names) <= set(checks):
        return False
    return all(any(checks[name].is_valid(value) for value in _readings(text)) for name, text in sent)


def _readings(text: str) -> list[str | int]:
    """What the text of a parameter may be read as; `7.0` is an integer too."""
    return [text, int(float(text))] if re.fullmatch(r"[+-]?[0-9]{1,15}(\.0*)?", text) else [text]


@pytest.mark.parametrize("path", ["/v1/forecast", "/v1/capacity"])
def test_answers_about_nodes_that_exist_are_as_the_document_says(interface: Any, served: Any, path: str) -> None:
    statuses = set()

    @SOME
    @given(case=interface[path]["POST"].as_strategy())
    def ask(case: Any) -> None:
        if isinstance(case.body, dict) and "node_ids" in case.body:
            case.body["node_ids"] = ["A1", "S1"]
        elif isinstance(case.body, dict) and "org_unit" in case.body:
            case.body["org_unit"] = "D1"
        if path == "/v1/capacity":
            case.body.pop("publication", None)
        # An issue time the data does not reach is well formed, and refused.
        response = case.call(headers=served.headers())
        case.validate_response(response, excluded_checks=[positive_data_acceptance])
        statuses.add(response.status_code)

    ask()
    assert 200 in statuses
    assert statuses <= {200, 422}


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_rows_of_all_kinds_are_taken_or_refused_as_the_document_says(own: Any, mode: GenerationMode) -> None:
    statuses: Counter[int] = Counter()
    operation = schemathesis.openapi.from_asgi("/openapi.json", own.app)["/v1/ingest/{table}"]["POST"]
    rows = st.lists(st.sampled_from([*ROWS, "{", '{"node_id": "A1"}', '"x"']), min_size=1, max_size=4).map("\n".join)

    @SOME
    @given(case=operation.as_strategy(generation_mode=mode), text=rows, sound=st.booleans())
    def ask(case: Any, text: str, sound: bool) -> None:
        if sound:
            case.path_parameters, case.body, case.media_type = {"table": "node_load"}, text, "application/x-ndjson"
        response = case.call(headers=own.headers("collector"))
        # Most texts are no rows of the table, and what a case made wrong may be right now.
        case.validate_response(response, excluded_checks=[positive_data_acceptance, negative_data_rejection])
        statuses[response.status_code] += 1

    ask()
    assert set(statuses) <= {200, 401, 404, 405, 409, 413, 415, 422}
    assert statuses[200] or mode is GenerationMode.NEGATIVE
    assert statuses[422]


@pytest.mark.parametrize(
    ("path", "method"), [one for one in [*OPERATIONS, *OF_CUSTOMERS, *OF_PUSHES] if one[0].startswith("/v1/")]
)
def test_without_a_key_whatever_is_asked_is_401(interface: Any, path: str, method: str) -> None:
    @settings(SOME, max_examples=20)
    @given(case=interface[path][method].as_strategy())
    def ask(case: Any) -> None:
        response = case.call(headers={"Authorization": ""})
        assert response.status_code == 401
        case.validate_response(response)

    ask()
