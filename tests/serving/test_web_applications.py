"""Applications over HTTP: found, queued, released in order when something changes, each step on record, by scope."""

from datetime import UTC, datetime
from typing import Any, get_args

import pandas as pd
import pytest

from features.contracts import CUSTOMER_CLASSES
from serving.examples import CHECK_ANSWER, CHECK_REQUESTS
from serving.messages import (
    ApplicationAnswer,
    ApplicationsAnswer,
    CheckAnswer,
    CheckRequest,
    NoticesAnswer,
    QueueAnswer,
    ReservationsAnswer,
)
from serving.messages.applications import CustomerClass
from tests.serving.conftest import LAST_LOAD, publish

CHECK = "/v1/applications/check"


def check(
    own: Any, application: str | None = "Y1", node: str = "A1", kva: float = 60, who: str = "planner", **more: Any
) -> CheckAnswer:
    body = {"application_id": application, "node_id": node, "kva": kva, "customer_class": "commercial", **more}
    answer = own.post(CHECK, body, who)
    assert answer.status_code == 200, answer.text
    return CheckAnswer.model_validate_json(answer.content)


def listed(own: Any, who: str = "planner", **params: Any) -> ApplicationsAnswer:
    return ApplicationsAnswer.model_validate_json(own.get("/v1/applications", who, **params).content)


def promises(own: Any, who: str = "planner", **params: Any) -> ReservationsAnswer:
    return ReservationsAnswer.model_validate_json(own.get("/v1/reservations", who, **params).content)


def open_kva(own: Any, node: str) -> float | None:
    (row,) = own.post("/v1/capacity", {"node_ids": [node]}).json()["nodes"]
    return row["open_kva"]


def test_a_question_is_answered_and_nothing_is_kept(own: Any) -> None:
    found = check(own, None, "A1", 60)
    assert (found.outcome, found.binding_node_id, found.binding_level) == ("constrained", "A1", "area")
    assert (found.fits_kva, found.fits_block_kva) == (45.0, [45.0, 50.0, 55.0, 60.0, 65.0, 70.0])
    assert (found.state, listed(own).total) == (None, 0)
    assert check(own, None, "A1", 40).outcome == "fits"


def test_what_does_not_fit_waits_is_released_when_there_is_room_and_its_hall_is_told(own: Any) -> None:
    first, second = check(own, "Y1", kva=60), check(own, "Y2", kva=10)
    assert (first.state, first.place, first.reason) == ("waiting", 1, "AREA_THERMAL")
    # Ten would fit, but the first waits for the same area.
    assert (second.state, second.place, second.reason, second.fits_kva) == ("waiting", 2, "QUEUED", 0.0)
    assert [one.application_id for one in listed(own, state="constrained").applications] == ["Y1", "Y2"]
    publish(own.workspace, 2.0, LAST_LOAD + pd.Timedelta(hours=1))
    assert [one.state for one in listed(own, state="all").applications] == ["released", "released"]
    assert [(one.kind, one.ref, one.kva) for one in promises(own).reservations] == [
        ("release", "Y1", 60),
        ("release", "Y2", 10),
    ]
    assert open_kva(own, "A1") == 20
    told = NoticesAnswer.model_validate_json(own.get("/v1/notices", "hall").content)
    assert {one.ref for one in told.notices} == {"Y1", "Y2"}
    assert "东湖一号台区" in told.notices[0].text_zh
    steps = ApplicationAnswer.model_validate_json(own.get("/v1/applications/Y1").content).steps
    assert [one.step for one in steps] == ["entered", "released"]


def test_who_fits_may_have_it_held_and_then_it_is_not_open_to_others(own: Any) -> None:
    held = check(own, "Y1", kva=40, hold=True)
    assert held.outcome == "fits"
    assert held.reservation_id is not None
    (row,) = own.post("/v1/capacity", {"node_ids": ["A1"]}).json()["nodes"]
    assert (row["open_kva"], row["published_kva"], row["reserved_kva"]) == (5.0, 45.0, 40.0)
    assert check(own, "Y2", kva=40).reason == "PENDING"
    assert check(own, "Y1", kva=40, hold=True).reservation_id == held.reservation_id
    cancelled = own.post(f"/v1/reservations/{held.reservation_id}/cancel", {"why": "taken back"}).json()
    assert cancelled["state"] == "cancelled"
    assert [one.state for one in listed(own, state="all").applications] == ["released"]


def test_a_withdrawal_lets_those_behind_move_up(own: Any) -> None:
    check(own, "Y1", kva=60)
    check(own, "Y2", kva=10)
    ended = own.post("/v1/applications/Y1/withdraw", {"why": "客户撤销"}).json()
    assert (ended["state"], ended["waited_days"] >= 0) == ("withdrawn", True)
    assert {one.application_id: one.state for one in listed(own, state="all").applications} == {
        "Y1": "withdrawn",
        "Y2": "released",
    }
    own.refusal(own.post("/v1/applications/Y1/withdraw", {"why": "again"}), 409, "NOT_HELD")
    own.refusal(own.post("/v1/applications/Y9/withdraw", {"why": "who"}), 404, "UNKNOWN_APPLICATION")


def test_what_is_not_known_is_neither_and_is_listed_as_such(own: Any) -> None:
    found = check(own, "Y1", "A4", 5)
    assert (found.outcome, found.reason, found.fits_kva) == ("unknown", "DATA_POOR", None)
    assert listed(own, state="unknown").total == 1
    assert listed(own, state="constrained").total == 0


def test_only_the_hours_it_draws_matter(own: Any) -> None:
    assert check(own, None, "A1", 60, block_share=[0, 0, 0, 1, 1, 1]).outcome == "fits"
    own.refusal(
        own.post(CHECK, {"node_id": "A1", "kva": 1, "customer_class": "public", "block_share": [0] * 6}),
        422,
        "INVALID_FIELD",
    )


def test_a_day_beyond_what_the_figures_look_to_is_said_so(own: Any) -> None:
    assert check(own, None, wanted_on="2031-01-01").beyond_horizon
    assert not check(own, None, wanted_on="2026-06-01").beyond_horizon


def test_a_key_sees_its_own_part_only(own: Any) -> None:
    check(own, "Y1", "A1", 60)
    check(own, "Y3", "A3", 100)
    check(own, "Y5", "A5", 100)
    seen = {
        who: [one.application_id for one in listed(own, who).applications]
        for who in ("planner", "east", "hall", "stranger")
    }
    assert seen == {"planner": ["Y1", "Y3", "Y5"], "east": ["Y1", "Y3"], "hall": ["Y1"], "stranger": []}
    assert [one.application_id for one in listed(own, "company", org_unit="H2").applications] == ["Y3"]
    own.refusal(own.get("/v1/applications", "hall", org_unit="H2"), 403, "OUT_OF_SCOPE")
    own.refusal(own.get("/v1/applications/Y3", "hall"), 403, "OUT_OF_SCOPE")
    own.refusal(own.post("/v1/applications/Y3/withdraw", {"why": "x"}, "hall"), 403, "OUT_OF_SCOPE")
    own.refusal(own.post(CHECK, {"node_id": "A3", "kva": 1, "customer_class": "public"}, "hall"), 403, "OUT_OF_SCOPE")
    own.refusal(own.post(CHECK, {"node_id": "F1", "kva": 1, "customer_class": "public"}), 422, "INVALID_FIELD")
    own.refusal(own.get("/v1/applications", "collector"), 403, "FORBIDDEN_ROLE")


def test_marketing_takes_applications_in_and_promises_nothing_itself(own: Any) -> None:
    held = check(own, "Y1", "A3", 10, who="marketing", hold=True)
    own.refusal(
        own.post(f"/v1/reservations/{held.reservation_id}/confirm", {"why": "x"}, "marketing"), 403, "FORBIDDEN_ROLE"
    )
    assert (
        own.post(f"/v1/reservations/{held.reservation_id}/confirm", {"why": "合同已签"}).json()["state"] == "confirmed"
    )
    own.refusal(own.post("/v1/reservations/nothing/confirm", {"why": "x"}), 404, "NOT_FOUND")


def test_statistics_of_units_above_are_those_of_their_applications(own: Any) -> None:
    for number, (node, kva) in enumerate((("A1", 60), ("A2", 30), ("A3", 100), ("A5", 40))):
        check(own, f"Y{number}", node, kva)
    units = {one.org_unit: one for one in QueueAnswer.model_validate_json(own.get("/v1/queue").content).units}
    assert {name: (one.waiting, one.waiting_kva) for name, one in units.items()} == {
        "C": (3, 190.0),
        "D1": (3, 190.0),
        "D2": (0, 0.0),
        "H1": (2, 90.0),
        "H2": (1, 100.0),
        "H3": (0, 0.0),
    }
    assert units["D2"].median_days is None


def test_pages_are_in_order_and_whole(own: Any) -> None:
    for number in range(5):
        check(own, f"Y{number}", kva=60)
    pages, after = [], None
    while True:
        page = listed(own, limit=2, **({} if after is None else {"after": after}))
        pages += [one.application_id for one in page.applications]
        if (after := page.next_after) is None:
            break
    assert pages == [f"Y{number}" for number in range(5)]
    own.refusal(own.get("/v1/applications", after="gone"), 404, "UNKNOWN_APPLICATION")


def test_a_notice_is_read_once_by_whoever_is_first(own: Any) -> None:
    check(own, "Y1", kva=60)
    check(own, "Y2", kva=10)
    own.post("/v1/applications/Y1/withdraw", {"why": "x"})
    (one,) = own.get("/v1/notices", "hall", unread=True).json()["notices"]
    own.refusal(
        own.client.post(f"/v1/notices/{one['notice_id']}/read", headers=own.headers("stranger")), 403, "OUT_OF_SCOPE"
    )
    first = own.client.post(f"/v1/notices/{one['notice_id']}/read", headers=own.headers("hall")).json()
    again = own.client.post(f"/v1/notices/{one['notice_id']}/read", headers=own.headers("planner")).json()
    assert first == again
    assert own.get("/v1/notices", "hall", unread=True).json()["total"] == 0


def test_classes_of_use_are_those_of_the_contracts() -> None:
    assert get_args(CustomerClass) == CUSTOMER_CLASSES


def test_the_examples_are_messages() -> None:
    for one in CHECK_REQUESTS.values():
        CheckRequest.model_validate(one["value"])
    CheckAnswer.model_validate(CHECK_ANSWER)


@pytest.mark.parametrize("at", ["2026-01-01", "soon"])
def test_a_time_without_its_zone_is_refused(own: Any, at: str) -> None:
    body = {"application_id": "Y", "node_id": "A1", "kva": 1, "customer_class": "public", "submitted_at": at}
    own.refusal(own.post(CHECK, body), 422, "INVALID_FIELD")


def test_who_was_first_is_told_by_when_it_was_handed_in(own: Any) -> None:
    check(own, "late", kva=60, submitted_at=datetime(2026, 1, 3, tzinfo=UTC).isoformat())
    check(own, "early", kva=70, submitted_at=datetime(2026, 1, 2, tzinfo=UTC).isoformat())
    assert [one.application_id for one in listed(own).applications] == ["early", "late"]
