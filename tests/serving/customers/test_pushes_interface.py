"""The published interface of offers against the running application, on a workspace where some were made."""

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
from tests.serving.customers.offers import contact, lay_down
from tests.serving.test_interface import OF_PUSHES, _well_formed

pytestmark = pytest.mark.slow

SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
CUSTOMERS = st.sampled_from(["C0000", "C0003", "C0007", "C0039"])


@pytest.fixture(scope="module")
def offered(known_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("interface") / "workspace"
    shutil.copytree(known_workspace.root, root)
    lay_down(Workspace(root), [contact(number, adds_va_0=3500, held_va_0=875) for number in range(20)])
    one = add_keys(start(Workspace(root)))
    yield one
    one.client.close()


@pytest.fixture(scope="module")
def interface(offered: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", offered.app)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OF_PUSHES)
def test_every_answer_is_as_the_document_says(
    interface: Any, offered: Any, path: str, method: str, mode: GenerationMode
) -> None:
    if mode is GenerationMode.NEGATIVE and path == "/v1/pushes/services":
        pytest.skip("takes nothing that could be wrong")
    parameters = offered.app.openapi()["paths"][path][method.lower()].get("parameters", [])

    @SOME
    @given(case=interface[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call(headers=offered.headers("admin"))
        excluded: list[Any] = []
        if method == "GET" and _well_formed(response.request.url, parameters):
            excluded = [negative_data_rejection]
        if path in ("/v1/pushes/decide", "/v1/outcomes"):
            # A document cannot say that what is committed needs a key, nor that a time lies ahead.
            excluded.append(positive_data_acceptance)
        case.validate_response(response, excluded_checks=excluded)

    ask()


def test_decisions_that_can_be_made_are_made(interface: Any, offered: Any) -> None:
    statuses: Counter[int] = Counter()

    @SOME
    @given(
        case=interface["/v1/pushes/decide"]["POST"].as_strategy(),
        customers=st.lists(CUSTOMERS, min_size=1, max_size=4),
        who=st.sampled_from(["planner", "counter", "seller", "admin"]),
    )
    def ask(case: Any, customers: list[str], who: str) -> None:
        if isinstance(case.body, dict):
            case.body |= {"customer_ids": customers, "services": None}
        response = case.call(headers=offered.headers(who))
        case.validate_response(response, excluded_checks=[positive_data_acceptance])
        statuses[response.status_code] += 1

    ask()
    assert statuses[200]
    assert set(statuses) <= {200, 403, 409, 422}


def test_answers_to_offers_that_were_made_are_taken(interface: Any, offered: Any) -> None:
    statuses: Counter[int] = Counter()

    @SOME
    @given(case=interface["/v1/outcomes"]["POST"].as_strategy(), number=st.integers(0, 19))
    def ask(case: Any, number: int) -> None:
        if isinstance(case.body, dict):
            case.body |= {"push_id": contact(number)["push_id"], "at": "2100-01-01T00:00:00Z"}
            if number % 2:
                case.body["at"] = contact(number)["decided_at"].isoformat()
        response = case.call(headers=offered.headers("admin"))
        case.validate_response(response, excluded_checks=[positive_data_acceptance])
        statuses[response.status_code] += 1

    ask()
    assert statuses[200]
    assert set(statuses) <= {200, 409, 422}


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_wishes_of_customers_who_are_there_are_taken_and_told(interface: Any, offered: Any, method: str) -> None:
    statuses: Counter[int] = Counter()
    who = st.sampled_from(["admin", "counter", "seller", "inspector"])

    @SOME
    @given(case=interface["/v1/customers/{customer_id}/do-not-contact"][method].as_strategy(), one=CUSTOMERS, who=who)
    def ask(case: Any, one: str, who: str) -> None:
        case.path_parameters = {"customer_id": one}
        response = case.call(headers=offered.headers(who))
        case.validate_response(response)
        statuses[response.status_code] += 1

    ask()
    assert statuses[200]
    assert set(statuses) <= {200, 403}
