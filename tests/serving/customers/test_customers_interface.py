"""The published interface of customers against the running application, on a workspace that knows some."""

import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from features.workspace import Workspace
from tests.serving.conftest import start
from tests.serving.customers.conftest import add_keys
from tests.serving.test_interface import OF_CUSTOMERS, _well_formed

pytestmark = pytest.mark.slow

SOME = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
EXPRESSIONS = st.sampled_from(
    ['tag("high_value")', "value_p50_cny > 100", "not p_leave < 0.5 or hall_id is unknown", "nothing > 1", "tag(", None]
)


@pytest.fixture(scope="module")
def known(known_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("interface") / "workspace"
    shutil.copytree(known_workspace.root, root)
    one = add_keys(start(Workspace(root)))
    yield one
    one.client.close()


@pytest.fixture(scope="module")
def interface(known: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", known.app)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OF_CUSTOMERS)
def test_every_answer_is_as_the_document_says(
    interface: Any, known: Any, path: str, method: str, mode: GenerationMode
) -> None:
    if mode is GenerationMode.NEGATIVE and path == "/v1/tags":
        pytest.skip("takes nothing that could be wrong")
    parameters = known.app.openapi()["paths"][path][method.lower()].get("parameters", [])

    @SOME
    @given(case=interface[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call(headers=known.headers("admin"))
        excluded: list[Any] = []
        if method == "GET" and _well_formed(response.request.url, parameters):
            excluded = [negative_data_rejection]
        if path.startswith("/v1/tags/"):
            # A document cannot say which texts are expressions: most are none, and refused with their place.
            excluded.append(positive_data_acceptance)
        case.validate_response(response, excluded_checks=excluded)

    ask()


@pytest.mark.parametrize("path", ["/v1/tags/query", "/v1/tags/export"])
def test_selections_that_can_be_made_are_made(interface: Any, known: Any, path: str) -> None:
    statuses: Counter[int] = Counter()

    @SOME
    @given(case=interface[path]["POST"].as_strategy(), expression=EXPRESSIONS)
    def ask(case: Any, expression: str | None) -> None:
        if isinstance(case.body, dict):
            case.body |= {"expression": expression, "snapshot_id": None, "org_unit": None, "columns": None}
            case.body["sort_by"] = "value_p50_cny"
        response = case.call(headers=known.headers("admin"))
        case.validate_response(response, excluded_checks=[positive_data_acceptance])
        statuses[response.status_code] += 1

    ask()
    assert set(statuses) <= {200, 422}
    assert statuses[200]
    assert statuses[422]


@pytest.mark.parametrize("what", ["tags", "portrait"])
def test_customers_who_are_there_are_told_as_the_document_says(interface: Any, known: Any, what: str) -> None:
    statuses: Counter[int] = Counter()
    who = st.sampled_from(["planner", "counter", "inspector", "seller", "admin"])

    @SOME
    @given(
        case=interface[f"/v1/customers/{{customer_id}}/{what}"]["GET"].as_strategy(),
        customer=st.sampled_from(["C0000", "C0003", "C0007", "C0039"]),
        who=who,
    )
    def ask(case: Any, customer: str, who: str) -> None:
        case.path_parameters = {"customer_id": customer}
        response = case.call(headers=known.headers(who))
        case.validate_response(response)
        statuses[response.status_code] += 1

    ask()
    assert statuses[200]
    assert set(statuses) <= {200, 403, 404}


def test_inspections_of_customers_who_are_there_are_taken(interface: Any, known: Any) -> None:
    statuses: Counter[int] = Counter()

    @SOME
    @given(case=interface["/v1/inspections"]["POST"].as_strategy(), number=st.integers(0, 39))
    def ask(case: Any, number: int) -> None:
        if isinstance(case.body, dict):
            case.body["customer_id"] = f"C{number:04d}"
        response = case.call(headers=known.headers("admin"))
        # A time that lies ahead is well formed, and refused.
        case.validate_response(response, excluded_checks=[positive_data_acceptance])
        statuses[response.status_code] += 1

    ask()
    assert statuses[200]
    assert set(statuses) <= {200, 409, 422}
