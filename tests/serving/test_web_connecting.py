"""Allocation and transfers over HTTP: within what is open and not promised, by scope, held when committed."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from serving.examples import ALLOCATE_REQUESTS
from serving.messages import AllocateAnswer, AllocateRequest
from tests.serving.test_web_applications import check, listed, promises

PATH = "/v1/allocate"


def allocate(own: Any, *requests: dict[str, Any], who: str = "planner", **more: Any) -> AllocateAnswer:
    answer = own.post(PATH, {"requests": list(requests), **more}, who)
    assert answer.status_code == 200, answer.text
    return AllocateAnswer.model_validate_json(answer.content)


def asks(name: str, kva: float, node: str = "A1", **more: Any) -> dict[str, Any]:
    return {"request_id": name, "kva": kva, "node_id": node, **more}


def test_one_application_connects_in_its_own_area_and_nothing_is_held(own: Any) -> None:
    found = allocate(own, {"kva": 40, "node_id": "A1"})
    assert [(one.node_id, one.reservation_id) for one in found.assignments] == [("A1", None)]
    assert promises(own).total == 0


def test_what_does_not_fit_says_why_and_how_much_would(own: Any) -> None:
    (one,) = allocate(own, {"kva": 60, "node_id": "A1"}).unserved
    assert (one.reason, one.largest_kva, one.largest_node_id) == ("NO_ROOM_AREA", 45.0, "A1")


def test_what_is_committed_is_held_and_then_not_open_to_others(own: Any) -> None:
    found = allocate(own, asks("Y1", 40), asks("Y2", 60, "A3"), commit=True)
    assert {one.request_id: one.node_id for one in found.assignments} == {"Y1": "A1", "Y2": "A3"}
    assert {one.ref: (one.kind, one.kva) for one in promises(own).reservations} == {
        "Y1": ("allocation", 40),
        "Y2": ("allocation", 60),
    }
    assert found.committed
    assert allocate(own, {"kva": 40, "node_id": "A1"}).unserved[0].reason == "NO_ROOM_AREA"
    own.refusal(own.post(PATH, {"requests": [asks("Y1", 5)], "commit": True}), 409, "HELD_ALREADY")


def test_one_that_waited_waits_no_more(own: Any) -> None:
    check(own, "Y1", kva=60)
    check(own, "Y2", kva=10)
    # An allocation is the planner's word: it may give a smaller share than was asked for.
    allocate(own, asks("Y1", 20), commit=True)
    assert {one.application_id: one.state for one in listed(own, state="all").applications} == {
        "Y1": "connected",
        "Y2": "released",
    }


def test_areas_of_others_are_no_candidates(own: Any) -> None:
    own.refusal(own.post(PATH, {"requests": [asks("Y1", 5, "A3")]}, "hall"), 403, "OUT_OF_SCOPE")
    assert allocate(own, asks("Y1", 5), who="hall").assignments[0].node_id == "A1"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"requests": []}, 422, "INVALID_FIELD"),
        ({"requests": [{"kva": 5}]}, 422, "INVALID_FIELD"),
        ({"requests": [{"kva": 5, "node_id": "A1"}], "commit": True}, 422, "INVALID_FIELD"),
        ({"requests": [asks("Y1", 5), asks("Y1", 6)]}, 409, "DUPLICATE"),
        ({"requests": [asks("Y1", 5), {"kva": 5, "node_id": "A1"}], "commit": True}, 422, "INVALID_FIELD"),
        ({"requests": [{"kva": 5, "node_id": "A1", "longitude": 1, "latitude": 2}]}, 422, "INVALID_FIELD"),
        ({"requests": [asks("Y1", 5, "A77")]}, 404, "UNKNOWN_NODE"),
        ({"requests": [asks("Y1", 5, "F1")]}, 422, "INVALID_FIELD"),
        ({"requests": [asks("Y1", 5, block_share=[1] * 5)]}, 422, "INVALID_FIELD"),
        ({"requests": [asks("Y1", 5, customer_class="castle")], "by_class": True}, 422, "INVALID_FIELD"),
        ({"requests": [asks("Y1", 5)], "commit": "yes"}, 422, "INVALID_FIELD"),
    ],
)
def test_what_cannot_be_allocated_is_refused(own: Any, body: dict[str, Any], status: int, code: str) -> None:
    own.refusal(own.post(PATH, body), status, code)


def test_marketing_allocates_nothing(own: Any) -> None:
    own.refusal(own.post(PATH, {"requests": [asks("Y1", 5)]}, "marketing"), 403, "FORBIDDEN_ROLE")


def test_the_examples_are_messages() -> None:
    for one in ALLOCATE_REQUESTS.values():
        TypeAdapter(AllocateRequest).validate_python(one["value"])


def test_transfers_are_refused_where_no_line_is_known(own: Any) -> None:
    own.refusal(own.post("/v1/transfers", {"node_id": "F1"}), 422, "INVALID_FIELD")
    own.refusal(own.post("/v1/transfers", {"node_id": "S1"}), 422, "INVALID_FIELD")
    own.refusal(own.post("/v1/transfers", {"node_id": "F9"}), 404, "UNKNOWN_NODE")
    own.refusal(own.post("/v1/transfers", {"node_id": "F2"}, "east"), 403, "OUT_OF_SCOPE")
    own.refusal(own.post("/v1/transfers", {"node_id": "F1", "publication": "gone"}), 404, "UNKNOWN_PUBLICATION")
