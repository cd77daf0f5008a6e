"""Offers over HTTP: lists and lines, roles and scopes, who is held out, wishes, and the audit."""

import json
from datetime import timedelta
from typing import Any

import pytest

from serving.access import ROLES, Permission
from serving.decisions.pushes.relief import CONSTRAINED_COLUMNS, RELEASED_COLUMNS, SERVED_COLUMNS
from serving.messages import (
    PortraitAnswer,
    PushEntry,
    PushesAnswer,
    PushesReliefAnswer,
    ServicesAnswer,
    WishAnswer,
)
from serving.messages.customers import StandingOffer
from tests.serving.customers.offers import NOW, RELIEF, contact, lay_down, run_of

LIST = "/v1/pushes"


def listed(desk: Any, who: str = "planner", **params: Any) -> PushesAnswer:
    answer = desk.get(LIST, who, **params)
    assert answer.status_code == 200, answer.text
    return PushesAnswer.model_validate_json(answer.content)


def to_whom(told: PushesAnswer) -> set[str]:
    return {one.customer_id for one in told.pushes}


def wish(desk: Any, customer_id: str, body: dict[str, Any], who: str = "counter") -> Any:
    path = f"/v1/customers/{customer_id}/do-not-contact"
    return desk.client.request("PUT", path, json=body, headers=desk.headers(who))


@pytest.fixture
def offered(desk: Any) -> Any:
    """Offers to C0000 … C0014: of C0003 and C0010, who forbid profiling since, too; C0006 and C0008 are held out."""
    reasons = {6: "HELD_OUT_UNIVERSAL", 8: "HELD_OUT_CAMPAIGN"}
    made = [contact(number, reason=reasons.get(number, "SENT")) for number in range(15)]
    made[1] |= {"channel": "hall", "service": "autopay", "campaign": "autopay_2026"}
    made[2] |= {"expires_at": NOW - timedelta(hours=1)}
    made[4] |= {"adds_va_5": 3500, "held_va_5": 106, "uplift": 0.02, "explored": True}
    lay_down(desk.workspace, made)
    return desk


def test_offers_are_listed_with_what_they_stand_on(offered: Any) -> None:
    told = listed(offered)
    assert told.total == len(told.pushes) == 15 - 2 - 1
    by_id = {one.customer_id: one for one in told.pushes}
    plain, adding = by_id["C0000"], by_id["C0004"]
    assert (plain.chinese, plain.english, plain.state, plain.outcome) == ("电子账单", "electronic bill", "open", None)
    assert (plain.score_kind, plain.uplift) == ("propensity, not causal", None)
    assert adding.score_kind == "uplift, from outcomes drawn by lot"
    assert (adding.adds_kva[5], adding.held_kva, adding.explored) == (3.5, [0, 0, 0, 0, 0, 0.106], True)
    assert plain.versions.snapshot_id == run_of().snapshot_id
    assert plain.versions.models == [{"name": "value", "version": 3, "sha256": "ab"}]
    one = PushEntry.model_validate_json(offered.get(f"{LIST}/{plain.push_id}").content)
    assert one == plain


def test_filters_and_pages_put_together_are_the_whole(offered: Any) -> None:
    assert to_whom(listed(offered, service="autopay")) == {"C0001"}
    assert to_whom(listed(offered, campaign="autopay_2026")) == {"C0001"}
    assert to_whom(listed(offered, channel="hall")) == {"C0001"}
    assert to_whom(listed(offered, customer_id="C0004")) == {"C0004"}
    assert to_whom(listed(offered, state="lapsed")) == {"C0002"}
    assert listed(offered, state="all").total == 13
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = listed(offered, limit=5, offset=offset)
        found, offset = [*found, *(one.push_id for one in page.pushes)], page.next_offset
    assert found == [one.push_id for one in listed(offered).pushes]


@pytest.mark.parametrize("form", ["json", "ndjson"])
@pytest.mark.parametrize(
    ("field", "name", "code"),
    [
        ("service", "nothing", "UNKNOWN_SERVICE"),
        ("campaign", "nothing_2026", "UNKNOWN_CAMPAIGN"),
        ("customer_id", "C9999", "UNKNOWN_CUSTOMER"),
    ],
)
def test_a_name_nobody_knows_is_refused_by_name(offered: Any, field: str, name: str, code: str, form: str) -> None:
    refused = offered.refusal(offered.get(LIST, form=form, **{field: name}), 404, code)
    assert name in refused.message
    assert refused.fields == [field]


def test_a_campaign_that_is_over_is_known_by_its_offers(offered: Any) -> None:
    lay_down(offered.workspace, [contact(20, push_id="e" * 20, campaign="of_old")], run_of("run-2"))
    assert to_whom(listed(offered, campaign="of_old")) == {"C0020"}
    assert listed(offered, campaign="storage_2026").total == 0
    offered.refusal(offered.get(LIST, "hall", customer_id="C0003"), 403, "OUT_OF_SCOPE")


def test_a_hall_sees_offers_to_its_own_customers_only(offered: Any) -> None:
    seen = {who: listed(offered, who, state="all").total for who in ("planner", "east", "hall", "counter", "stranger")}
    assert seen == {"planner": 13, "east": 8, "hall": 5, "counter": 5, "stranger": 0}
    assert to_whom(listed(offered, org_unit="H3")) == {"C0003", "C0013"}
    offered.refusal(offered.get(LIST, "hall", org_unit="H2"), 403, "OUT_OF_SCOPE")
    offered.refusal(offered.get(f"{LIST}/{contact(3)['push_id']}", "counter"), 403, "OUT_OF_SCOPE")
    for who in ("inspector", "collector"):
        offered.refusal(offered.get(LIST, who), 403, "FORBIDDEN_ROLE")


def test_who_forbids_profiling_is_not_told_to_marketing(offered: Any) -> None:
    told = listed(offered, "seller", state="all")
    assert (told.total, to_whom(told) & {"C0003", "C0010"}) == (11, set())
    assert to_whom(listed(offered)) >= {"C0003", "C0010"}
    offered.refusal(offered.get(f"{LIST}/{contact(3)['push_id']}", "seller"), 403, "NO_CONSENT")
    assert listed(offered, "seller", customer_id="C0003").total == 0


@pytest.mark.parametrize("who", ["seller", "counter"])
def test_who_is_held_out_is_unknown_to_those_who_make_offers(offered: Any, who: str) -> None:
    assert not to_whom(listed(offered, who, state="all")) & {"C0006", "C0008"}
    offered.refusal(offered.get(LIST, who, held_out="true"), 403, "FORBIDDEN_ROLE")
    unknown = offered.refusal(offered.get(f"{LIST}/{'f' * 20}", who), 404, "UNKNOWN_PUSH")
    hidden = offered.refusal(offered.get(f"{LIST}/{contact(6)['push_id']}", who), 404, "UNKNOWN_PUSH")
    assert hidden.message.replace(contact(6)["push_id"], "") == unknown.message.replace("f" * 20, "")
    lines = offered.get(LIST, who, form="ndjson", state="all").text
    assert "HELD_OUT" not in lines
    assert "C0006" not in lines


def test_planner_and_admin_see_who_is_held_out_when_they_ask(offered: Any) -> None:
    for who in ("planner", "admin"):
        assert not to_whom(listed(offered, who, state="all")) & {"C0006", "C0008"}
        told = {one.customer_id: one.reason for one in listed(offered, who, state="all", held_out="true").pushes}
        assert (told["C0006"], told["C0008"]) == ("HELD_OUT_UNIVERSAL", "HELD_OUT_CAMPAIGN")
        assert offered.get(f"{LIST}/{contact(6)['push_id']}", who).status_code == 200


def test_a_portrait_tells_the_offers_that_stand(offered: Any) -> None:
    def told(customer_id: str, who: str, **params: Any) -> list[StandingOffer]:
        answer = offered.get(f"/v1/customers/{customer_id}/portrait", who, **params)
        return PortraitAnswer.model_validate_json(answer.content).offers

    (one,) = told("C0000", "counter", language="zh")
    assert (one.push_id, one.chinese, one.english) == (contact(0)["push_id"], "电子账单", None)
    assert (one.says.chinese, one.says.english) == ("电子账单随时查看，用电明细一目了然。", None)
    # One has lapsed, one is a hold-out's, and an inspector reads no offers.
    assert told("C0002", "planner") == told("C0006", "planner") == told("C0000", "inspector") == []


def test_a_crm_reads_all_of_them_as_lines(offered: Any) -> None:
    headers = {**offered.headers("seller"), "Accept": "application/x-ndjson"}
    answer = offered.client.get(LIST, headers=headers)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [PushEntry.model_validate(json.loads(line)) for line in answer.text.splitlines()]
    assert lines == listed(offered, "seller").pushes
    asked = offered.get(LIST, "seller", form="ndjson", limit=3)
    assert asked.text.splitlines() == answer.text.splitlines()[:3]
    assert offered.client.get(LIST, params={"form": "json"}, headers=headers).json()["total"] == len(lines)
    assert offered.get(LIST, "seller", form="ndjson", service="storage").content == b""


def test_services_are_told_in_words(desk: Any) -> None:
    told = ServicesAnswer.model_validate_json(desk.get("/v1/pushes/services", "counter").content)
    by_code = {one.service: one for one in told.services}
    charging = by_code["ev_charging"]
    assert (charging.chinese, charging.adds_load, charging.flexible) == ("电动汽车充电桩", True, True)
    assert by_code["load_shifting"].frees_load
    assert by_code["e_bill"].cost_cny == {"app": 0.1}
    desk.refusal(desk.get("/v1/pushes/services", "inspector"), 403, "FORBIDDEN_ROLE")


def test_a_wish_is_taken_read_and_lifted(desk: Any) -> None:
    path = "/v1/customers/C0001/do-not-contact"
    before = WishAnswer.model_validate_json(desk.get(path, "counter").content)
    assert (before.wish, before.at, before.by) == (False, None, None)
    said = WishAnswer.model_validate_json(wish(desk, "C0001", {"wish": True, "why": "said so"}).content)
    assert (said.wish, said.why, said.by) == (True, "said so", desk.keys["counter"].split("_")[1])
    again = WishAnswer.model_validate_json(wish(desk, "C0001", {"wish": True, "why": "again"}).content)
    assert again == said
    assert WishAnswer.model_validate_json(desk.get(path, "planner").content) == said
    assert not WishAnswer.model_validate_json(
        wish(desk, "C0001", {"wish": False, "why": "asked"}, "admin").content
    ).wish


def test_wishes_are_taken_by_those_who_may_and_of_their_own(desk: Any) -> None:
    body = {"wish": True, "why": "said so"}
    desk.refusal(wish(desk, "C0003", body), 403, "OUT_OF_SCOPE")
    desk.refusal(wish(desk, "C9999", body), 404, "UNKNOWN_CUSTOMER")
    for who in ("planner", "inspector", "collector"):
        desk.refusal(wish(desk, "C0001", body, who), 403, "FORBIDDEN_ROLE")
    desk.refusal(wish(desk, "C0001", {"wish": "true", "why": "x"}), 422, "INVALID_FIELD")
    sent = desk.client.request(
        "PUT", "/v1/customers/C0001/do-not-contact", content=b"{}", headers=desk.headers("counter")
    )
    desk.refusal(sent, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_relief_is_told_of_the_nodes_a_key_sees(offered: Any) -> None:
    whole, hall = (
        PushesReliefAnswer.model_validate_json(offered.get("/v1/pushes/relief", who).content)
        for who in ("planner", "counter")
    )
    assert [one.node_id for one in whole.nodes] == ["A2", "F2"]
    assert [one.application_id for one in whole.applications] == ["Y1", "Y9"]
    assert [one.node_id for one in hall.nodes] == ["A2"]
    assert [one.application_id for one in hall.applications] == ["Y1"]
    (area,) = hall.nodes
    assert (area.offers, area.accepted, area.freed_kva[4], area.opened_kva[4]) == (3, 0.3, 7.25, 0.75)
    assert whole.nodes[1].freed_kva == whole.nodes[1].opened_kva == [0.0] * 6
    columns = {name: set(rows[0]) for name, rows in RELIEF.items()}
    assert columns["constrained"] == set(CONSTRAINED_COLUMNS)
    assert (columns["released"], columns["served"]) == (set(RELEASED_COLUMNS), set(SERVED_COLUMNS))
    offered.refusal(offered.get("/v1/pushes/relief", "hall", org_unit="D2"), 403, "OUT_OF_SCOPE")


def test_without_a_publication_relief_says_what_makes_one(desk: Any) -> None:
    assert "headroom publish pushes" in desk.refusal(desk.get("/v1/pushes/relief"), 503, "NOT_READY").message


def test_every_reading_is_written_down(offered: Any) -> None:
    listed(offered, "counter")
    offered.get(LIST, "seller", form="ndjson", org_unit="H1")
    offered.get(f"{LIST}/{contact(0)['push_id']}", "counter")
    offered.get("/v1/customers/C0000/do-not-contact", "counter")
    written = offered.backend.customers.pulls.find(10)[::-1]
    assert [(one["route"], one["customers"]) for one in written] == [
        ("pushes", 5),
        ("pushes", 4),
        ("pushes/get", 1),
        ("customers/do-not-contact", 1),
    ]
    assert written[1]["org_unit"] == "H1"
    assert written[2]["customer_id"] == "C0000"


def test_roles_may_what_offers_need_of_them() -> None:
    may = {
        permission: {role for role, granted in ROLES.items() if permission in granted}
        for permission in (Permission.PUSHES, Permission.PUSH, Permission.ANSWER, Permission.HELD_OUT)
    }
    assert may[Permission.PUSHES] == {"admin", "planner", "marketing", "counter"}
    assert may[Permission.PUSH] == {"admin", "marketing"}
    assert may[Permission.ANSWER] == {"admin", "marketing", "counter"}
    assert may[Permission.HELD_OUT] == {"admin", "planner"}
