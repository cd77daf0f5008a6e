"""Deciding over HTTP: a question or offers, once under a key, with codes in words, and nothing of who is held out."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from serving.decisions.pushes.codes import CODES, HELD_OUT, SENT
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import Scores
from serving.messages import DecideAnswer, PushesAnswer
from tests.serving.customers.offers import CATALOGUE, EVERYBODY, allow_cards

DECIDE = "/v1/pushes/decide"
NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def deciding(desk: Any, customers: Any) -> Any:
    """All but C0004 allow cards; two fifths of the persons are held out."""
    allow_cards(desk.workspace, customers)
    pushes = desk.backend.pushes
    pushes.clock, pushes.catalogue = (lambda: NOW), CATALOGUE
    desk.backend.promises.clock = desk.backend.applications.clock = lambda: NOW
    pushes.policy = PushPolicy(universal_holdout=0.2, campaign_holdout=0.25)
    return desk


def ask(desk: Any, who: str, ids: list[str], key: str | None = None, **more: Any) -> Any:
    headers = desk.headers(who) | ({} if key is None else {"Idempotency-Key": key})
    return desk.client.post(DECIDE, json={"customer_ids": ids, **more}, headers=headers)


def told(desk: Any, who: str, ids: list[str], key: str | None = None, **more: Any) -> DecideAnswer:
    answer = ask(desk, who, ids, key, **more)
    assert answer.status_code == 200, answer.text
    return DecideAnswer.model_validate_json(answer.content)


def codes(answer: DecideAnswer) -> dict[tuple[str, str], str]:
    return {(one.customer_id, each.service): each.code for one in answer.customers for each in one.decisions}


def listed(desk: Any, who: str = "admin", **params: Any) -> PushesAnswer:
    return PushesAnswer.model_validate_json(desk.get("/v1/pushes", who, state="all", limit=1000, **params).content)


def test_a_question_tells_why_and_makes_nothing(deciding: Any) -> None:
    answer = told(deciding, "admin", EVERYBODY)
    assert (answer.run_id, answer.committed, answer.repeated) == (None, False, False)
    assert [one.customer_id for one in answer.customers] == EVERYBODY
    assert answer.versions.snapshot_id == deciding.backend.customers.holdings.snapshot().id
    assert answer.versions.capacity_id is not None
    found = codes(answer)
    assert found["C0000", "grow"] == found["C0001", "word"] == "NOT_ELIGIBLE"
    assert found["C0004", "word"] == "NO_CONSENT"
    assert found["C0003", "word"] == found["C0010", "word"] == "PROFILING_FORBIDDEN"
    assert SENT in found.values()
    # Nothing can come of what was not offered: it has no id.
    assert {each.offer.push_id for one in answer.customers for each in one.decisions if each.offer} == {None}
    for customer in answer.customers:
        for one in customer.decisions:
            assert one.english
            assert one.chinese
            assert (one.offer is None) == (one.code not in (SENT, *HELD_OUT))
    assert listed(deciding, held_out="true").total == 0


def test_where_there_is_no_room_the_node_and_the_block_are_told(deciding: Any) -> None:
    answer = told(deciding, "planner", ["C0006", "C0008", "C0011"], services=["grow"])
    rows = {one.customer_id: one.decisions[0] for one in answer.customers}
    assert [(rows[one].code, rows[one].node_id, rows[one].block) for one in ("C0006", "C0011")] == [
        ("NO_CAPACITY", "A2", 0)
    ] * 2
    assert (rows["C0008"].code, rows["C0008"].node_id) == ("CAPACITY_UNKNOWN", "A4")
    assert rows["C0006"].chinese == "容量不足，进入等待名单"
    assert {each.service for one in answer.customers for each in one.decisions} == {"grow"}


def test_offers_are_made_once_under_a_key(deciding: Any) -> None:
    first = told(deciding, "seller", EVERYBODY, "campaign-1", commit=True)
    assert (first.committed, first.repeated) == (True, False)
    offers = {each.offer.push_id for one in first.customers for each in one.decisions if each.offer}
    assert offers == {one.push_id for one in listed(deciding).pushes}
    assert all(one.run_id == first.run_id for one in listed(deciding).pushes)
    again = told(deciding, "seller", EVERYBODY, "campaign-1", commit=True)
    assert again == first.model_copy(update={"repeated": True})
    assert listed(deciding).total == len(offers) > 0
    refused = deciding.refusal(
        ask(deciding, "seller", ["C0009"], "campaign-1", commit=True), 409, "IDEMPOTENCY_KEY_REUSED"
    )
    assert refused.fields == ["Idempotency-Key"]
    grown = listed(deciding, service="grow").pushes
    held = deciding.get("/v1/reservations", "admin", kind="offer", limit=1000).json()["reservations"]
    assert {one["ref"]: one["block_kva"] for one in held} == {one.push_id: one.held_kva for one in grown}
    assert all(one.adds_kva[0] == 2.0 and one.held_kva[0] == 0.6 for one in grown)


def test_who_is_held_out_is_told_to_planner_and_admin_only(deciding: Any) -> None:
    plain = codes(told(deciding, "planner", EVERYBODY))
    assert set(HELD_OUT) <= set(plain.values()) <= set(CODES)
    veiled = codes(told(deciding, "seller", EVERYBODY))
    hidden = {pair for pair, code in plain.items() if code in HELD_OUT}
    assert {veiled[pair] for pair in hidden} == {"NOT_NOW"}
    # There are others of whom the same is said.
    assert {pair for pair, code in veiled.items() if code == "NOT_NOW"} > hidden
    assert not {*HELD_OUT, "OUTRANKED"} & set(veiled.values())


def test_who_made_offers_cannot_tell_hold_outs_from_others(deciding: Any) -> None:
    told(deciding, "seller", EVERYBODY, "campaign-1", commit=True)
    seen = {one.customer_id for one in listed(deciding, "seller").pushes}
    everything = {one.customer_id: one.reason for one in listed(deciding, "planner", held_out="true").pushes}
    held_out = {one for one, reason in everything.items() if reason != SENT} - seen
    assert held_out
    after = codes(told(deciding, "seller", EVERYBODY))
    for code in ("STANDING_OFFER", "CAPPED_CHANNEL", "CAPPED_TOTAL", *HELD_OUT):
        assert code not in after.values()
    said = Counter(after[one, "word"] for one in held_out)
    assert set(said) == {"NOT_NOW"}
    assert {after[one, "word"] for one in seen} == {"NOT_NOW"}


def test_few_are_decided_on_as_if_all_former_contacts_had_been_read(
    deciding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(deciding, "seller", EVERYBODY[:30], "campaign-1", commit=True)
    few = codes(told(deciding, "admin", EVERYBODY))
    assert {"STANDING_OFFER", "CAPPED_CHANNEL"} <= set(few.values())
    monkeypatch.setattr("serving.pushes.committing._FEW", 0)
    assert codes(told(deciding, "admin", EVERYBODY)) == few


def test_who_forbids_profiling_is_not_spoken_of_to_marketing(deciding: Any) -> None:
    found = codes(told(deciding, "seller", ["C0000", "C0003"]))
    assert {found["C0003", each] for each in CATALOGUE.codes} == {"PROFILING_FORBIDDEN"}
    assert found["C0000", "word"] == "NOT_ELIGIBLE"


def test_only_those_who_may_decide_and_of_their_own(deciding: Any) -> None:
    for who in ("counter", "planner"):
        assert ask(deciding, who, ["C0000"]).status_code == 200
        deciding.refusal(ask(deciding, who, ["C0000"], "k", commit=True), 403, "FORBIDDEN_ROLE")
    for who in ("inspector", "collector"):
        deciding.refusal(ask(deciding, who, ["C0000"]), 403, "FORBIDDEN_ROLE")
    refused = deciding.refusal(ask(deciding, "counter", ["C0000", "C0002"]), 403, "OUT_OF_SCOPE")
    assert refused.fields == ["customer_ids.1"]
    refused = deciding.refusal(ask(deciding, "counter", ["C9999"]), 404, "UNKNOWN_CUSTOMER")
    assert refused.fields == ["customer_ids.0"]


def test_what_cannot_be_asked_is_said(deciding: Any) -> None:
    refused = deciding.refusal(ask(deciding, "seller", ["C0000"], commit=True), 422, "INVALID_FIELD")
    assert refused.fields == ["Idempotency-Key"]
    deciding.refusal(ask(deciding, "seller", ["C0000"], services=["nothing"]), 404, "UNKNOWN_SERVICE")
    deciding.refusal(ask(deciding, "seller", []), 422, "INVALID_FIELD")
    deciding.refusal(ask(deciding, "seller", ["C0000"] * 1001), 422, "INVALID_FIELD")


def test_a_wish_to_be_left_alone_holds_from_the_next_decision_on(deciding: Any) -> None:
    eager = next(pair[0] for pair, code in codes(told(deciding, "admin", EVERYBODY)).items() if code == SENT)
    path = f"/v1/customers/{eager}/do-not-contact"
    body = {"wish": True, "why": "said so"}
    answer = deciding.client.request("PUT", path, json=body, headers=deciding.headers("admin"))
    assert answer.status_code == 200
    found = codes(told(deciding, "admin", [eager]))
    assert found[eager, "word"] == "DO_NOT_CONTACT"


def test_what_is_open_to_who_wants_to_be_left_alone_is_sent_by_no_list(deciding: Any) -> None:
    told(deciding, "seller", EVERYBODY, "k", commit=True)
    everything = listed(deciding, held_out=True)
    eager = next(one.customer_id for one in everything.pushes if one.reason == SENT)
    path = f"/v1/customers/{eager}/do-not-contact"
    for wish in (True, True):
        body = {"wish": wish, "why": "said so"}
        answer = deciding.client.request("PUT", path, json=body, headers=deciding.headers("seller"))
        assert answer.status_code == 200
    lines = deciding.get("/v1/pushes", "seller", form="ndjson").text
    assert lines
    assert eager not in lines
    mine = listed(deciding, held_out=True, customer_id=eager).pushes
    assert {one.state for one in mine} == {"withdrawn"}
    after = [one for one in listed(deciding, held_out=True).pushes if one.customer_id != eager]
    assert after == [one for one in everything.pushes if one.customer_id != eager]


def test_where_outcomes_said_what_an_offer_changes_the_score_says_so(
    deciding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def uplift(_: Any, wide: Any, **_services: Any) -> Scores:
        return Scores({"word": np.array([int(one[1:]) / 100 for one in wide.customer_ids])}, {"uplift.word": 7})

    monkeypatch.setattr("serving.pushes.learning.serving_uplift", uplift)
    chosen = [pair[0] for pair, code in codes(told(deciding, "admin", EVERYBODY)).items() if code == SENT]
    kinds = {"word": "uplift, from outcomes drawn by lot", "grow": "propensity, not causal"}
    for customer in chosen[-4:]:
        answer = told(deciding, "seller", [customer])
        assert answer.versions.models[-1] == {"name": "uplift.word", "version": 7}
        for one in answer.customers[0].decisions:
            if one.offer is not None:
                assert one.offer.score_kind == kinds[one.service]
                assert one.offer.uplift == (int(customer[1:]) / 100 if one.service == "word" else None)


def test_every_decision_is_written_down(deciding: Any) -> None:
    told(deciding, "counter", ["C0000"])
    told(deciding, "seller", EVERYBODY[:3], "k", commit=True)
    written = deciding.backend.customers.pulls.find(2)[::-1]
    assert [(one["route"], one["customers"], one["customer_id"]) for one in written] == [
        ("pushes/decide", 1, "C0000"),
        ("pushes/decide", 3, None),
    ]
