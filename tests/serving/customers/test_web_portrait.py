"""One customer over HTTP: his tags now and then, his portrait by role and language, and what an inspection found."""

import json
from typing import Any

import pandas as pd
import pytest

from features.lake import Lake, erase_identity
from serving.messages import CustomerTagsAnswer, InspectionAnswer, PortraitAnswer

FOUND = {
    "inspection_id": "JC1",
    "customer_id": "C0000",
    "kind": "alarm",
    "outcome": "theft",
    "inspected_at": "2026-01-02T10:00:00+08:00",
    "recovered_kwh": 120.0,
}


def portrait(desk: Any, customer: str, who: str = "counter", **params: Any) -> PortraitAnswer:
    answer = desk.get(f"/v1/customers/{customer}/portrait", who, **params)
    assert answer.status_code == 200, answer.text
    return PortraitAnswer.model_validate_json(answer.content)


def tags(desk: Any, customer: str, who: str = "planner", **params: Any) -> CustomerTagsAnswer:
    answer = desk.get(f"/v1/customers/{customer}/tags", who, **params)
    assert answer.status_code == 200, answer.text
    return CustomerTagsAnswer.model_validate_json(answer.content)


def hand_in(desk: Any, body: dict[str, Any], who: str = "inspector", key: str = "k1") -> Any:
    headers = {**desk.headers(who), "Idempotency-Key": key}
    return desk.client.post("/v1/inspections", json=body, headers=headers)


def test_a_portrait_tells_behaviour_value_tags_applications_and_room(desk: Any) -> None:
    told = portrait(desk, "C0001")
    assert told.behaviour[0].english == "Uses 6 kWh a day, 8 % more than a year ago."
    assert told.behaviour[0].chinese == "日均用电 6 千瓦时，同比增长 8%。"
    assert (told.value.band, told.value.p50_cny) == ("low", 10.0)
    (application,) = told.applications
    assert (application.application_id, application.english) == ("Y1", "60 kVA: the site was surveyed.")
    assert told.headroom is not None
    assert (told.headroom.node_id, told.headroom.open_kva) == ("A2", 0.0)
    assert told.headroom.english == "Nothing is open at every hour; up to 25 kVA from 20 to 24 o'clock."
    assert told.identity is None


def test_promises_made_since_are_taken_off_the_area(desk: Any) -> None:
    before = portrait(desk, "C0000").headroom
    body = {"application_id": "Y9", "node_id": "A1", "kva": 20, "customer_class": "commercial", "hold": True}
    assert desk.post("/v1/applications/check", body).json()["outcome"] == "fits"
    after = portrait(desk, "C0000").headroom
    assert before is not None
    assert after is not None
    assert before.open_kva == 45.0
    assert after.open_kva == 25.0


def test_one_language_leaves_the_other_out(desk: Any) -> None:
    english = portrait(desk, "C0035", language="en")
    assert all(one.chinese is None and one.english for one in english.behaviour)
    chinese = portrait(desk, "C0035", language="zh")
    assert chinese.value.english is None
    assert (chinese.value.chinese, chinese.tags[0].english) == ("价值未知", None)


def test_the_value_band_is_by_class(desk: Any) -> None:
    bands = {who: portrait(desk, who, "planner").value for who in ("C0038", "C0022", "C0002", "C0007")}
    assert [one.band for one in bands.values()] == ["high", "medium", "low", "unknown"]
    assert bands["C0038"].rank_in_class == 1.0


def test_a_suspicion_is_told_to_inspectors_only(desk: Any) -> None:
    seen = portrait(desk, "C0000", "inspector")
    assert [one.code for one in seen.risks] == ["arrears", "abnormal"]
    assert [one.tag for one in seen.tags] == ["suspect"]
    for who in ("counter", "planner", "seller"):
        text = desk.get("/v1/customers/C0000/portrait", who).text + desk.get("/v1/customers/C0000/tags", who).text
        assert "suspect" not in text
        assert "theft" not in text


def test_names_are_told_to_the_counter(desk: Any) -> None:
    person = portrait(desk, "C0000", identity="true").identity
    assert person is not None
    assert person.name == "张C0000"
    for who in ("planner", "seller", "inspector"):
        desk.refusal(desk.get("/v1/customers/C0000/portrait", who, identity="true"), 403, "FORBIDDEN_ROLE")


def test_who_is_not_there_not_ours_or_against_it(desk: Any) -> None:
    for what in ("tags", "portrait"):
        desk.refusal(desk.get(f"/v1/customers/C9999/{what}"), 404, "UNKNOWN_CUSTOMER")
        desk.refusal(desk.get(f"/v1/customers/C0002/{what}", "counter"), 403, "OUT_OF_SCOPE")
        desk.refusal(desk.get(f"/v1/customers/C0004/{what}", "counter"), 403, "OUT_OF_SCOPE")
        desk.refusal(desk.get(f"/v1/customers/C0003/{what}", "seller"), 403, "NO_CONSENT")
        desk.refusal(desk.get(f"/v1/customers/C0000/{what}", "collector"), 403, "FORBIDDEN_ROLE")
        assert desk.get(f"/v1/customers/C0003/{what}", "planner").status_code == 200


def test_tags_of_a_past_moment_are_told_as_they_stood(desk: Any, customers: Any) -> None:
    now = tags(desk, "C0035")
    # Of a seventh customer the value is not known.
    assert [(one.tag, one.status) for one in now.tags] == [("high_value", "unknown"), ("may_leave", "held")]
    assert now.tags[1].evidence[0].model_dump() == {
        "input": "p_leave",
        "value": 0.5,
        "direction": "above",
        "enter": 0.5,
        "exit": 0.45,
    }
    later = customers.AS_OF + pd.Timedelta(days=7)
    customers.write_customers(desk.workspace, customers.people().assign(p_leave=0.0, value_p50_cny=900.0), later)
    assert [one.tag for one in tags(desk, "C0035").tags] == ["high_value"]
    then = tags(desk, "C0035", at="2026-01-03T00:00:00Z")
    assert [(one.tag, one.status) for one in then.tags] == [("high_value", "unknown"), ("may_leave", "held")]
    desk.refusal(desk.get("/v1/customers/C0035/tags", at="2025-01-01T00:00:00Z"), 404, "UNKNOWN_CUSTOMER")
    desk.refusal(desk.get("/v1/customers/C0035/tags", at="0001-01-01T00:00:00+08:00"), 404, "UNKNOWN_CUSTOMER")
    assert desk.get("/v1/customers/C0035/tags", at="9999-12-31T23:59:59-08:00").status_code == 200
    desk.refusal(desk.get("/v1/customers/C0035/tags", at="2025-01-01"), 422, "INVALID_FIELD")


def test_an_inspection_is_in_the_lake_once(desk: Any) -> None:
    first = hand_in(desk, FOUND)
    assert first.status_code == 200, first.text
    assert not InspectionAnswer.model_validate_json(first.content).repeated
    assert InspectionAnswer.model_validate_json(hand_in(desk, FOUND).content).repeated
    row = Lake(desk.workspace.lake).read("inspection").iloc[0]
    assert (row["customer_id"], row["outcome"], row["recovered_kwh"]) == ("C0000", "theft", 120.0)
    assert row["inspected_at"] == pd.Timestamp("2026-01-02T02:00Z")
    desk.refusal(hand_in(desk, {**FOUND, "outcome": "in_order"}), 409, "IDEMPOTENCY_KEY_REUSED")
    # The same key of another person is another key, and a number sent again puts right what was handed in.
    mended = {**FOUND, "outcome": "in_order", "recovered_kwh": None}
    assert hand_in(desk, mended, "whole inspector").status_code == 200
    frame = Lake(desk.workspace.lake).read("inspection")
    assert list(frame["outcome"]) == ["in_order"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"customer_id": "C9"}, 404, "UNKNOWN_CUSTOMER"),
        ({"customer_id": "C0002"}, 403, "OUT_OF_SCOPE"),
        ({"inspected_at": "2999-01-01T00:00:00Z"}, 422, "INVALID_FIELD"),
        ({"fault_since": "2026-01-03T00:00:00Z"}, 422, "INVALID_FIELD"),
        ({"inspected_at": "0001-01-01T00:00:00+08:00"}, 422, "INVALID_FIELD"),
        ({"inspected_at": "9999-12-31T23:00:00-08:00"}, 422, "INVALID_FIELD"),
        ({"fault_since": "0001-01-01T00:00:00+08:00"}, 422, "INVALID_FIELD"),
        ({"outcome": "guilty"}, 422, "INVALID_FIELD"),
        ({"inspector": "李四"}, 422, "INVALID_FIELD"),
    ],
)
def test_an_inspection_that_cannot_be_is_refused(desk: Any, change: dict[str, Any], status: int, code: str) -> None:
    desk.refusal(hand_in(desk, {**FOUND, **change}), status, code)
    assert Lake(desk.workspace.lake).read("inspection").empty


def test_an_inspection_is_for_those_who_inspect_and_not_of_another_customer(desk: Any) -> None:
    for who in ("planner", "counter", "seller", "collector"):
        desk.refusal(hand_in(desk, FOUND, who), 403, "FORBIDDEN_ROLE")
    assert hand_in(desk, FOUND).status_code == 200
    desk.refusal(hand_in(desk, {**FOUND, "customer_id": "C0001"}, key="k2"), 409, "DUPLICATE")
    bare = desk.client.post("/v1/inspections", json=FOUND, headers=desk.headers("inspector"))
    assert desk.refusal(bare, 422, "INVALID_FIELD").fields == ["Idempotency-Key"]


def test_erasing_who_somebody_is_leaves_everything_else(desk: Any) -> None:
    root = desk.workspace.root

    def told() -> list[Any]:
        query = desk.post("/v1/tags/query", {"limit": 1000, "expression": "value_p50_cny > 100"}, "counter").json()
        definitions = desk.get("/v1/tags", "counter").json()
        return [query, definitions, desk.get("/v1/customers/C0001/portrait", "counter").json(), tags(desk, "C0001")]

    before, digests = told(), {path: path.read_bytes() for path in (root / "customers").rglob("*") if path.is_file()}
    assert portrait(desk, "C0001", identity="true").identity is not None
    assert _files_with(root, "张C0001")
    assert erase_identity(Lake(desk.workspace.lake), "C0001") == 1
    assert portrait(desk, "C0001", identity="true").identity is None
    assert portrait(desk, "C0000", identity="true").identity is not None
    assert told() == before
    assert {path: path.read_bytes() for path in digests} == digests
    assert _files_with(root, "张C0001") == []
    assert _files_with(root, "13800130001") == []


def _files_with(root: Any, personal: str) -> list[str]:
    """Files that hold a text, compressed Parquet columns included."""
    found = []
    for path in sorted(one for one in root.rglob("*") if one.is_file()):
        held = path.suffix == ".parquet" and personal in json.dumps(
            pd.read_parquet(path).astype("str").to_dict("list"), ensure_ascii=False
        )
        if held or personal.encode() in path.read_bytes():
            found.append(path.name)
    return found
