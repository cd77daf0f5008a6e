"""Rows brought in over HTTP: counted, idempotent, seen by the next forecast; and what is refused of them."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.ingest import read_quarantine
from features.lake import Lake
from features.workspace import Workspace
from serving.examples import INGEST_ANSWER, INGEST_REQUESTS
from serving.messages import IngestAnswer
from serving.settings import SNAPSHOT_RECORD, ServiceSettings

NDJSON, CSV = "application/x-ndjson", "text/csv"
HOUR = pd.Timedelta(hours=1)


def rows(hours: int = 2, node: str = "A1", start: str = "2026-01-01T00:00:00Z", kw: float = 500.0) -> str:
    times = pd.date_range(start, periods=hours, freq="h")
    lines = [
        {"node_id": node, "start_utc": f"{at:%Y-%m-%dT%H:%MZ}", "load_kw": kw + i, "available_at": str(at + HOUR)}
        for i, at in enumerate(times)
    ]
    return "\n".join(map(json.dumps, lines)) + "\n"


def post(
    one: Any,
    body: str | bytes,
    key: str | None = "k1",
    kind: str | None = NDJSON,
    table: str = "node_load",
    who: str = "collector",
    **headers: str,
) -> Any:
    sent = {**one.headers(who), **headers}
    sent |= {} if key is None else {"Idempotency-Key": key}
    sent |= {} if kind is None else {"Content-Type": kind}
    return one.client.post(f"/v1/ingest/{table}", content=body, headers=sent)


def told(response: Any) -> IngestAnswer:
    assert response.status_code == 200, response.text
    return IngestAnswer.model_validate_json(response.content)


def batches(one: Any) -> list[tuple[str, str]]:
    lake = Lake(one.workspace.lake)
    return [(table, batch) for table in CONTRACTS for batch in lake.batches(table)]


def test_new_readings_are_counted_and_the_next_forecast_stands_on_them(own: Any) -> None:
    before = own.post("/v1/forecast", {"node_ids": ["A1"], "horizon_hours": 1}).json()
    body = rows(3) + "{broken\n" + rows(1, node="A77")
    answer = told(post(own, body))
    assert (answer.rows_in, answer.accepted, answer.superseded) == (5, 3, 0)
    assert answer.quarantined == {"MALFORMED_LINE": 1, "ORPHAN_LINK": 1}
    assert [(row.line, row.reason, row.column) for row in answer.refused] == [
        (4, "MALFORMED_LINE", ""),
        (5, "ORPHAN_LINK", "node_id"),
    ]
    assert answer.balanced
    assert not answer.repeated
    after = own.post("/v1/forecast", {"node_ids": ["A1"], "horizon_hours": 1}).json()
    assert after["data_fingerprint"] != before["data_fingerprint"]
    assert (before["issue_time"], after["issue_time"]) == ("2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z")
    kept = read_quarantine(own.workspace.root / "quarantine")
    assert sorted(kept["source_line"]) == [4, 5]
    assert set(kept["source_file"]) == {"increment k1"}


def test_the_same_again_is_told_again_and_other_rows_are_a_conflict(own: Any) -> None:
    first = told(post(own, rows()))
    there = batches(own)
    again = told(post(own, rows()))
    assert again == first.model_copy(update={"repeated": True})
    error = own.refusal(post(own, rows(kw=1)), 409, "IDEMPOTENCY_KEY_REUSED")
    assert error.fields == ["Idempotency-Key"]
    assert "k1" in error.message
    assert batches(own) == there


def test_two_at_once_under_one_key_write_once(own: Any) -> None:
    answers: list[IngestAnswer] = []
    threads = [threading.Thread(target=lambda: answers.append(told(post(own, rows(40))))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.repeated for answer in answers) == [False, *[True] * 4]
    assert len(Lake(own.workspace.lake).versions("node_load", where={"node_id": ["A1"]})) == 72 + 40


@pytest.mark.parametrize("kind", [NDJSON, CSV])
def test_the_examples_of_the_document_are_what_is_answered(served: Any, own: Any, kind: str) -> None:
    document = served.client.get("/openapi.json").json()["paths"]["/v1/ingest/{table}"]["post"]
    assert document["requestBody"]["content"][kind]["example"] == INGEST_REQUESTS[kind]
    assert document["responses"]["200"]["content"]["application/json"]["example"] == INGEST_ANSWER
    answer = told(post(own, INGEST_REQUESTS[kind].replace("A0001", "A1"), kind=f"{kind}; charset=UTF-8"))
    shown = IngestAnswer.model_validate(INGEST_ANSWER)
    line = 3 if kind == CSV else 2
    refused = [row.model_copy(update={"line": line}) for row in shown.refused]
    assert answer == shown.model_copy(update={"batch": answer.batch, "refused": refused})


@pytest.mark.parametrize("who", ["planner", "marketing", "hall"])
def test_other_roles_may_not(served: Any, who: str) -> None:
    served.refusal(post(served, rows(), who=who), 403, "FORBIDDEN_ROLE")


def test_a_key_of_a_unit_may_not_and_a_collector_sees_nothing(served: Any) -> None:
    served.refusal(post(served, rows(), who="scoped admin"), 403, "OUT_OF_SCOPE")
    served.refusal(served.get("/v1/nodes", "collector"), 403, "FORBIDDEN_ROLE")
    served.refusal(served.post("/v1/forecast", {"node_ids": ["A1"]}, "collector"), 403, "FORBIDDEN_ROLE")


def test_an_admin_of_the_whole_may(own: Any) -> None:
    assert told(post(own, rows(), who="admin")).accepted == 2


def test_who_may_not_is_told_before_the_body_is_looked_at(served: Any) -> None:
    served.refusal(post(served, b"x" * 21_000_000, who="planner", key=None, kind=None), 403, "FORBIDDEN_ROLE")


@pytest.mark.parametrize(
    ("body", "options", "status", "code", "field"),
    [
        (rows(), {"key": None}, 422, "INVALID_FIELD", "Idempotency-Key"),
        (rows(), {"key": "k" * 201}, 422, "INVALID_FIELD", "Idempotency-Key"),
        (rows(), {"key": "k\xe9".encode("latin-1")}, 422, "INVALID_FIELD", "Idempotency-Key"),
        (rows(), {"kind": "application/json"}, 415, "UNSUPPORTED_MEDIA_TYPE", None),
        (rows(), {"kind": None}, 415, "UNSUPPORTED_MEDIA_TYPE", None),
        (rows(), {"kind": f"{NDJSON}; charset=gb18030"}, 415, "UNSUPPORTED_MEDIA_TYPE", None),
        (rows(), {"Content-Encoding": "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE", None),
        (rows(), {"table": "nodes"}, 404, "UNKNOWN_TABLE", None),
        ("", {}, 422, "INVALID_BODY", "(body)"),
        (b"\xff\xfe", {}, 422, "INVALID_BODY", "(body)"),
        ("A1,2026-01-01T00:00:00Z,5\n", {"kind": CSV}, 422, "INVALID_BODY", "(body)"),
        ("node_id,start_utc\nA1,2026-01-01T00:00:00Z\n", {"kind": CSV}, 422, "INVALID_BODY", "(body)"),
        ('{"node_id": "A1", "load": 3}', {}, 422, "INVALID_BODY", "(body)"),
        ("\n".join(["x"] * 501), {"settings": True}, 413, "BODY_TOO_LARGE", None),
        ("x" * 1001, {"settings": True}, 413, "BODY_TOO_LARGE", None),
    ],
)
def test_what_is_refused_changes_nothing(
    serve: Callable[..., Any],
    full_workspace: Workspace,
    copied: Callable[[Workspace], Workspace],
    body: Any,
    options: dict[str, Any],
    status: int,
    code: str,
    field: str | None,
) -> None:
    small = ServiceSettings(max_ingest_bytes=1002, max_ingest_rows=500)
    if options.pop("settings", False) and len(body) == 1001:
        small = ServiceSettings(max_ingest_bytes=1000)
    one = serve(copied(full_workspace), small)
    there = batches(one)
    error = one.refusal(post(one, body, **options), status, code)
    assert error.fields == ([] if field is None else [field])
    assert str(one.workspace.root) not in error.message
    assert batches(one) == there
    assert not (one.workspace.root / "quarantine").exists()
    assert not list(one.workspace.root.glob("ingest-*"))


def test_a_packed_workspace_is_never_written_to(own: Any) -> None:
    (own.workspace.root / SNAPSHOT_RECORD).write_text("{}")
    own.refusal(post(own, rows()), 403, "READ_ONLY")
    assert Lake(own.workspace.lake).batches("node_load") == ["first"]


def test_a_disk_that_cannot_be_written_is_said(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Lake, "append_stream", full)
    assert "No space left" in own.refusal(post(own, rows()), 503, "UNAVAILABLE").message
    monkeypatch.undo()
    assert told(post(own, rows())).accepted == 2


def test_of_a_personal_table_nothing_is_echoed(own: Any) -> None:
    line = {"customer_id": "C9", "name": "李四光", "phone": "13800138000", "document_kind": "library card"}
    answer = post(own, json.dumps({**line, "valid_from": "2024-01-01T00:00:00Z"}), table="identity")
    assert told(answer).quarantined == {"UNKNOWN_CODE": 1}
    assert "李四光" not in answer.text
    assert "13800138000" not in answer.text
    kept = b"".join(path.read_bytes() for path in (own.workspace.root / "quarantine").rglob("*.parquet"))
    assert "李四光".encode() not in kept
