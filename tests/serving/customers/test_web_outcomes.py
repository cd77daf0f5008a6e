"""What came of offers, over HTTP: once under a key, by those who may, and the room follows."""

from datetime import timedelta
from typing import Any

import pytest

from serving.examples import DECIDE_REQUESTS, OUTCOME_REQUESTS
from serving.messages import DecideRequest, OutcomeAnswer, OutcomeRequest, PushEntry
from tests.serving.customers.offers import NOW, contact, lay_down

ID = {number: contact(number)["push_id"] for number in range(7)}


@pytest.fixture
def offered(desk: Any) -> Any:
    """Offers to C0000 … C0006; that to C0005 is a hold-out's, those to C0000 and C0001 add 3.5 kVA at night, and the
    area of C0001 has nothing open."""
    adding = {"adds_va_0": 3500, "held_va_0": 875}
    made = [contact(number, **(adding if number in (0, 1) else {})) for number in range(7)]
    made[5]["reason"] = "HELD_OUT_CAMPAIGN"
    lay_down(desk.workspace, made)
    return desk


def send(desk: Any, number: int, outcome: str, key: str = "k1", who: str = "counter", **more: Any) -> Any:
    body = {"push_id": ID[number], "outcome": outcome, "at": (NOW - timedelta(hours=1)).isoformat(), **more}
    headers = {**desk.headers(who), "Idempotency-Key": key}
    return desk.client.post("/v1/outcomes", json=body, headers=headers)


def taken(desk: Any, *args: Any, **more: Any) -> OutcomeAnswer:
    answer = send(desk, *args, **more)
    assert answer.status_code == 200, answer.text
    return OutcomeAnswer.model_validate_json(answer.content)


def shown(desk: Any, number: int) -> PushEntry:
    return PushEntry.model_validate_json(desk.get(f"/v1/pushes/{ID[number]}").content)


def test_an_answer_is_taken_once_under_its_key(offered: Any) -> None:
    first = taken(offered, 6, "accepted", value_cny=12.5)
    assert (first.outcome, first.repeated, first.room) == ("accepted", False, "none")
    again = taken(offered, 6, "accepted", value_cny=12.5)
    assert again == first.model_copy(update={"repeated": True})
    told = offered.refusal(send(offered, 6, "declined"), 409, "IDEMPOTENCY_KEY_REUSED")
    assert told.fields == ["Idempotency-Key"]
    one = shown(offered, 6)
    assert (one.state, one.outcome, one.answered_at) == ("accepted", "accepted", first.at)
    # The same key of somebody else is another.
    assert not taken(offered, 1, "declined", who="seller").repeated


def test_an_acceptance_holds_the_whole_for_good(offered: Any) -> None:
    assert taken(offered, 0, "accepted", key="a").room == "held"
    (held,) = offered.get("/v1/reservations", kind="offer").json()["reservations"]
    assert (held["ref"], held["block_kva"][0], held["state"]) == (ID[0], 3.5, "confirmed")
    assert taken(offered, 0, "withdrawn", key="b").room == "freed"
    assert offered.get("/v1/reservations", kind="offer").json()["total"] == 0
    offered.refusal(send(offered, 0, "accepted", key="c"), 409, "NOT_HELD")


def test_the_room_of_an_offer_is_not_changed_by_hand(offered: Any) -> None:
    taken(offered, 0, "accepted", key="a")
    (held,) = offered.get("/v1/reservations", kind="offer").json()["reservations"]
    for how in ("cancel", "confirm"):
        path, body = f"/v1/reservations/{held['reservation_id']}/{how}", {"why": "by hand"}
        told = offered.refusal(
            offered.client.post(path, json=body, headers=offered.headers("planner")), 422, "INVALID_FIELD"
        )
        assert f"offer {ID[0]}" in told.message
        assert "/v1/outcomes" in told.message
    assert offered.get("/v1/reservations", kind="offer").json()["reservations"] == [held]


def test_an_acceptance_without_room_is_written_down_all_the_same(offered: Any) -> None:
    assert taken(offered, 1, "accepted").room == "no_room"
    assert shown(offered, 1).outcome == "accepted"


def test_answers_come_from_those_who_may_and_are_about_their_own(offered: Any) -> None:
    for who in ("planner", "inspector", "collector"):
        offered.refusal(send(offered, 0, "accepted", who=who), 403, "FORBIDDEN_ROLE")
    offered.refusal(send(offered, 3, "accepted"), 403, "OUT_OF_SCOPE")
    for who in ("counter", "seller"):
        offered.refusal(send(offered, 5, "accepted", who=who), 404, "UNKNOWN_PUSH")
    assert taken(offered, 5, "accepted", who="admin").room == "none"


def test_moments_that_cannot_be_are_refused(offered: Any) -> None:
    for at in (NOW + timedelta(hours=1), NOW - timedelta(days=2), NOW.replace(year=1949)):
        told = offered.refusal(send(offered, 0, "accepted", at=at.isoformat()), 422, "INVALID_FIELD")
        assert told.fields == ["at"]


def test_the_examples_are_what_they_say() -> None:
    for one in DECIDE_REQUESTS.values():
        DecideRequest.model_validate(one["value"])
    for one in OUTCOME_REQUESTS.values():
        OutcomeRequest.model_validate(one["value"])
