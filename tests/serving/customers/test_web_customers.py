"""Selecting customers over HTTP: expressions, scope, pages, columns for few, consent, identity, and the audit."""

import io
import logging
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from serving.examples import INSPECTION_REQUESTS, TAGS_EXPORT_REQUESTS, TAGS_QUERY_REQUESTS
from serving.messages import (
    InspectionRequest,
    TagsAnswer,
    TagsExportRequest,
    TagsQueryAnswer,
    TagsQueryRequest,
)
from serving.state import open_state

QUERY = "/v1/tags/query"


def asked(desk: Any, body: dict[str, Any], who: str = "planner") -> TagsQueryAnswer:
    answer = desk.post(QUERY, body, who)
    assert answer.status_code == 200, answer.text
    return TagsQueryAnswer.model_validate_json(answer.content)


def ids(answer: TagsQueryAnswer) -> list[str]:
    return [one.customer_id for one in answer.customers]


def pulls(desk: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.backend.customers.pulls.find(100)
    return found


def test_an_expression_selects_and_what_is_not_known_is_counted(desk: Any, customers: Any) -> None:
    frame = customers.people()
    told = asked(desk, {"expression": "value_p50_cny > 200", "limit": 1000})
    expected = frame.index[frame["value_p50_cny"] > 200]
    assert ids(told) == list(expected)
    assert (told.total, told.unknown) == (len(expected), int(frame["value_p50_cny"].isna().sum()))
    assert told.customers[0].values == {"value_p50_cny": 220.0}
    both = asked(desk, {"expression": 'tag("high_value") and not tag("may_leave")', "limit": 1000})
    assert set(ids(both)) == set(frame.index[(frame["value_p50_cny"] >= 300) & (frame["p_leave"] < 0.5)])
    assert all(one.tags == ["high_value"] for one in both.customers)


def test_pages_put_together_are_the_whole_in_order(desk: Any) -> None:
    body = {"sort_by": "value_p50_cny", "limit": 7}
    found: list[str] = []
    page = asked(desk, body)
    while True:
        found += ids(page)
        if page.next_offset is None:
            break
        page = asked(desk, {**body, "offset": page.next_offset, "snapshot_id": page.snapshot.snapshot_id})
    assert len(found) == len(set(found)) == page.total == 40
    known = found[: 40 - 6]
    assert known == sorted(known, reverse=True)
    counted = asked(desk, {**body, "count_only": True})
    assert (counted.total, counted.customers, counted.next_offset) == (40, [], None)


def test_a_hall_sees_its_own_customers_only(desk: Any) -> None:
    seen = {
        who: asked(desk, {"count_only": True}, who).total for who in ("planner", "company", "east", "hall", "stranger")
    }
    assert seen == {"planner": 40, "company": 32, "east": 24, "hall": 16, "stranger": 0}
    assert asked(desk, {"org_unit": "H2"}).total == 8
    desk.refusal(desk.post(QUERY, {"org_unit": "H2"}, "hall"), 403, "OUT_OF_SCOPE")
    desk.refusal(desk.post(QUERY, {"org_unit": "H7"}), 404, "UNKNOWN_ORG_UNIT")


def test_what_speaks_for_theft_is_for_inspectors(desk: Any) -> None:
    for expression in ("theft_score > 0.5", 'tag("suspect")', 'tag("suspect") is unknown'):
        assert asked(desk, {"expression": expression}, "whole inspector").total == (0 if "is" in expression else 4)
        for who in ("planner", "seller", "counter"):
            told = desk.refusal(desk.post(QUERY, {"expression": expression}, who), 422, "INVALID_EXPRESSION")
            assert told.fields == ["expression"]
            assert "near" not in told.message
    desk.refusal(desk.post(QUERY, {"columns": ["theft_score"]}, "seller"), 404, "UNKNOWN_COLUMN")
    desk.refusal(desk.post(QUERY, {"sort_by": "theft_score"}, "seller"), 404, "UNKNOWN_COLUMN")
    assert all("suspect" not in one.tags for one in asked(desk, {}).customers)
    desk.refusal(desk.post(QUERY, {"expression": 'tag("high_value")'}, "inspector"), 422, "INVALID_EXPRESSION")


def test_who_forbids_profiling_is_left_out_for_marketing(desk: Any) -> None:
    told = asked(desk, {"limit": 1000}, "seller")
    assert (told.total, told.no_consent) == (38, 2)
    assert not {"C0003", "C0010"} & set(ids(told))
    assert asked(desk, {"limit": 1000}).no_consent == 0
    assert asked(desk, {"count_only": True}, "hall seller").no_consent == 1


def test_names_are_for_roles_that_may_see_them(desk: Any) -> None:
    for who in ("planner", "seller", "inspector"):
        desk.refusal(desk.post(QUERY, {"identity": True}, who), 403, "FORBIDDEN_ROLE")
    told = asked(desk, {"identity": True, "limit": 2}, "counter")
    person = told.customers[0].identity
    assert person is not None
    assert (person.name, person.phone, person.address) == ("张C0000", "13800130000", "幸福路十二号")
    assert asked(desk, {"limit": 2}, "counter").customers[0].identity is None
    desk.refusal(desk.post(QUERY, {}, "collector"), 403, "FORBIDDEN_ROLE")


def test_faults_name_their_field(desk: Any) -> None:
    told = desk.refusal(desk.post(QUERY, {"expression": "value_p50 > 3"}), 422, "INVALID_EXPRESSION")
    assert "value_p50_cny" in told.message
    desk.refusal(desk.post(QUERY, {"expression": ""}), 422, "INVALID_FIELD")
    desk.refusal(desk.post(QUERY, {"sort_by": "hall_id"}), 422, "INVALID_FIELD")
    desk.refusal(desk.post(QUERY, {"sort_by": "x", "count_only": True}), 404, "UNKNOWN_COLUMN")
    desk.refusal(desk.post(QUERY, {"limit": 1001}), 422, "INVALID_FIELD")
    desk.refusal(desk.post(QUERY, {"snapshot_id": "20200101T0000Z-0123456789"}), 404, "UNKNOWN_PUBLICATION")
    desk.refusal(desk.post(QUERY, {"columns": ["a", "b"]}), 404, "UNKNOWN_COLUMN")


def test_without_a_snapshot_the_answer_is_what_makes_one(own: Any) -> None:
    assert "headroom publish tags" in own.refusal(own.post(QUERY, {}), 503, "NOT_READY").message
    assert own.get("/readyz").status_code == 200


def test_every_pull_is_written_down(desk: Any) -> None:
    expression = 'value_p50_cny > 200 and hall_id == "H1"'
    told = asked(desk, {"expression": expression, "columns": ["p_leave"], "identity": True}, "counter")
    desk.get("/v1/customers/C0000/portrait", "counter")
    desk.get("/v1/customers/C0000/tags", "counter")
    desk.post("/v1/tags/export", {"expression": expression}, "counter")
    desk.refusal(desk.post(QUERY, {"expression": "nonsense >"}, "counter"), 422, "INVALID_EXPRESSION")
    written = pulls(desk)[::-1]
    routes = ["tags/query", "customers/portrait", "customers/tags", "tags/export"]
    assert [one["route"] for one in written] == routes
    first = written[0]
    assert (first["role"], first["customers"], first["identity"]) == ("counter", told.total, True)
    assert (first["expression"], first["columns"]) == (expression, ["p_leave"])
    assert first["key_id"] == desk.keys["counter"].split("_")[1]
    assert written[1]["customer_id"] == "C0000"
    assert written[3]["expression_sha256"] == first["expression_sha256"]


@pytest.mark.parametrize("personal", ['area_id == "13800138000"', "use_90d_kwh_day > 13800138000", 'area_id == "张三"'])
def test_what_may_be_personal_in_an_expression_is_kept_as_its_hash(desk: Any, personal: str) -> None:
    asked(desk, {"expression": personal})
    (written,) = pulls(desk)
    assert written["expression"] is None
    assert len(written["expression_sha256"]) == 64


def test_what_cannot_be_written_down_is_not_told(desk: Any) -> None:
    engine = open_state(desk.workspace.state_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE customer_pull RENAME TO taken_away"))
    engine.dispose()
    for answer in (
        desk.post(QUERY, {}),
        desk.post("/v1/tags/export", {}),
        desk.get("/v1/customers/C0000/tags"),
        desk.get("/v1/customers/C0000/portrait"),
    ):
        assert "nothing is told" in desk.refusal(answer, 503, "NOT_READY").message


def test_logs_hold_nothing_personal(desk: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        asked(desk, {"identity": True, "expression": 'area_id != "13900139000 王五"'}, "counter")
        desk.get("/v1/customers/C0000/portrait", "counter", identity="true")
        desk.post("/v1/tags/export", {"identity": True}, "counter")
        desk.post(QUERY, {"expression": '"王五" =='}, "counter")
    told = caplog.text
    assert "route=/v1/tags/query" in told
    for personal in ("张C0000", "13800130000", "幸福路", "13900139000", "王五"):
        assert personal not in told


def test_an_export_holds_everybody_selected_as_csv_and_as_parquet(desk: Any, customers: Any) -> None:
    body = {"expression": "use_90d_kwh_day >= 10", "sort_by": "use_90d_kwh_day"}
    csv = desk.post("/v1/tags/export", body, "seller")
    assert csv.headers["content-type"].startswith("text/csv")
    frame = pd.read_csv(io.BytesIO(csv.content))
    assert len(frame) == 34
    assert "theft_score" not in frame
    assert "tag:suspect" not in frame
    assert list(frame["use_90d_kwh_day"]) == sorted(frame["use_90d_kwh_day"], reverse=True)
    parquet = desk.post("/v1/tags/export", {**body, "format": "parquet"}, "seller")
    pd.testing.assert_frame_equal(
        pd.read_parquet(io.BytesIO(parquet.content)).astype(frame.dtypes.to_dict()), frame, check_dtype=False
    )
    unknown = frame.set_index("customer_id")["tag:high_value"]
    assert pd.isna(unknown["C0007"])
    assert unknown["C0039"] == 1
    named = pd.read_csv(io.BytesIO(desk.post("/v1/tags/export", {"identity": True}, "counter").content))
    assert named.set_index("customer_id").loc["C0001", "name"] == "张C0001"
    none = desk.post("/v1/tags/export", {"expression": "use_90d_kwh_day < 0"})
    assert none.content.decode().count("\n") == 1


def test_what_an_expression_may_speak_of_is_told_by_role(desk: Any) -> None:
    told = TagsAnswer.model_validate_json(desk.get("/v1/tags", "seller").content)
    assert {one.tag: (one.held, one.unknown) for one in told.tags} == {"high_value": (9, 6), "may_leave": (20, 0)}
    columns = {one.column: one for one in told.columns}
    assert "theft_score" not in columns
    assert (columns["use_90d_kwh_day"].unit, columns["hall_id"].kind) == ("kWh/day", "text")
    assert [one.tag for one in TagsAnswer.model_validate_json(desk.get("/v1/tags", "inspector").content).tags] == [
        "suspect"
    ]


def test_a_newer_snapshot_shows_with_the_next_question(desk: Any, customers: Any) -> None:
    before = asked(desk, {"count_only": True}).snapshot
    frame = customers.people().iloc[:5]
    customers.write_customers(desk.workspace, frame, customers.AS_OF + pd.Timedelta(days=1))
    after = asked(desk, {"count_only": True})
    assert (after.total, after.snapshot.as_of > before.as_of) == (5, True)
    assert asked(desk, {"count_only": True, "snapshot_id": before.snapshot_id}).total == 40


def test_the_examples_are_what_they_say() -> None:
    for one in TAGS_QUERY_REQUESTS.values():
        TagsQueryRequest.model_validate(one["value"])
    for one in TAGS_EXPORT_REQUESTS.values():
        TagsExportRequest.model_validate(one["value"])
    for one in INSPECTION_REQUESTS.values():
        InspectionRequest.model_validate(one["value"])
