"""The published interface against the running application: schemathesis asks whatever the document allows, and more."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

pytestmark = pytest.mark.slow

OPERATIONS = [
    ("/v1/forecast", "POST"),
    ("/v1/capacity", "POST"),
    ("/v1/nodes", "GET"),
    ("/v1/publications", "GET"),
    ("/livez", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
]
SOME = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def interface(served: Any) -> Any:
    """The document, with the application behind it."""
    return schemathesis.openapi.from_asgi("/openapi.json", served.app)


def test_every_operation_of_the_document_is_tried(interface: Any) -> None:
    found = {(path, method.upper()) for path in interface for method in interface[path]}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_the_document_says(
    interface: Any, served: Any, path: str, method: str, mode: GenerationMode
) -> None:
    operation = interface[path][method]
    if mode is GenerationMode.NEGATIVE and path in ("/livez", "/readyz", "/metrics"):
        pytest.skip("takes nothing that could be wrong")

    @SOME
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        unsent = [negative_data_rejection] if _never_sent(case) else []
        case.call_and_validate(headers=served.headers(), excluded_checks=unsent)

    ask()


def _never_sent(case: Any) -> bool:
    """Whether all unknown parameters of a query are empty lists: those leave no trace in a URL, so that the request
    that arrives is well formed. Anything else arrives, an empty object as `name=`, and must be refused."""
    declared = {parameter.name for parameter in case.operation.query}
    unknown = [value for name, value in (case.query or {}).items() if name not in declared]
    return bool(unknown) and all(value == [] for value in unknown)


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


@pytest.mark.parametrize(("path", "method"), [one for one in OPERATIONS if one[0].startswith("/v1/")])
def test_without_a_key_whatever_is_asked_is_401(interface: Any, path: str, method: str) -> None:
    @settings(SOME, max_examples=20)
    @given(case=interface[path][method].as_strategy())
    def ask(case: Any) -> None:
        response = case.call(headers={"Authorization": ""})
        assert response.status_code == 401
        case.validate_response(response)

    ask()
