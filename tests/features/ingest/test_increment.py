"""Rows that arrive by themselves: the same gate, one batch for a key, counted and told once and for all."""

import json
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import ConflictError, DataError, SourceError
from features.ingest import Posted, TooManyRowsError, read_quarantine, take
from features.lake import Lake
from features.workspace import Workspace

NOW = pd.Timestamp("2026-03-01T12:00:00Z")


def post(root: Path, body: str | bytes, kind: Any = "ndjson", key: str = "k1", table: str = "node_load") -> Any:
    text = body.encode() if isinstance(body, str) else body
    return take(Workspace(root), Posted(table, text, kind, key, NOW), max_rows=1000)


def row(node: str = "a", hour: int = 0, kw: Any = 1.5, **more: Any) -> str:
    return json.dumps({"node_id": node, "start_utc": f"2026-01-01T{hour:02d}:00:00Z", "load_kw": kw, **more})


def refused(root: Path) -> list[tuple[int, str]]:
    kept = read_quarantine(root / "quarantine")
    return list(zip(kept["source_line"], kept["reason"], strict=True))


def test_ndjson_rows_are_taken_and_counted(tmp_path: Path) -> None:
    lines = [row(), row(hour=1, kw="oops"), "", "{broken", row(hour=2), row(hour=2, kw=7), row(hour=3, kw=True)]
    told = post(tmp_path, "\n".join(lines) + "\n")
    assert {name: told[name] for name in ("rows_in", "accepted", "superseded", "repeated", "balanced")} == {
        "rows_in": 6,
        "accepted": 2,
        "superseded": 1,
        "repeated": False,
        "balanced": True,
    }
    assert told["quarantined"] == {"BAD_NUMBER": 2, "MALFORMED_LINE": 1}
    assert told["refused"] == [
        {"line": 2, "reason": "BAD_NUMBER", "column": "load_kw"},
        {"line": 4, "reason": "MALFORMED_LINE", "column": ""},
        {"line": 7, "reason": "BAD_NUMBER", "column": "load_kw"},
    ]
    assert sorted(refused(tmp_path)) == [(2, "BAD_NUMBER"), (4, "MALFORMED_LINE"), (7, "BAD_NUMBER")]
    frame = Lake(tmp_path / "lake").read("node_load")
    assert frame["load_kw"].tolist() == [1.5, 7.0]
    assert (frame["available_at"] == NOW).all()
    assert Lake(tmp_path / "lake").batches("node_load") == [told["batch"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "quarantine"]


def test_csv_rows_are_taken_as_those_of_a_file_are(tmp_path: Path) -> None:
    text = (
        "start_utc,node_id,load_kw,available_at\r\n"
        "2026-01-01T01:00:00+01:00,a,1.25,2026-01-02T00:00:00Z\r\n"
        '2026-01-01T02:00:00Z,"NA",2,2026-01-02T00:00:00Z\r\n'
        "2026-01-01T03:00:00,a,3,2026-01-02T00:00:00Z\r\n"
        "2026-01-01T04:00:00Z,a\r\n"
        "2026-01-01T05:00:00Z,a,5,2025-01-02T00:00:00Z\r\n"
    )
    told = post(tmp_path, text, "csv")
    assert told["quarantined"] == {"BAD_TIME": 1, "KNOWN_TOO_EARLY": 1, "MALFORMED_LINE": 1}
    assert sorted(refused(tmp_path)) == [(4, "BAD_TIME"), (5, "MALFORMED_LINE"), (6, "KNOWN_TOO_EARLY")]
    frame = Lake(tmp_path / "lake").read("node_load")
    assert list(zip(frame["node_id"], frame["start_utc"].dt.hour, frame["load_kw"], strict=True)) == [
        ("NA", 2, 2.0),
        ("a", 0, 1.25),
    ]


def test_the_same_again_changes_nothing_and_tells_the_same(tmp_path: Path) -> None:
    body = row() + "\n" + row(hour=1, kw=None)
    first = post(tmp_path, body)
    before = refused(tmp_path)
    again = post(tmp_path, body)
    assert again == {**first, "repeated": True}
    assert refused(tmp_path) == before
    assert len(Lake(tmp_path / "lake").versions("node_load")) == 1
    with pytest.raises(ConflictError, match="'k1'"):
        post(tmp_path, row(kw=2))
    with pytest.raises(ConflictError):
        post(tmp_path, body, "csv")
    assert post(tmp_path, row(kw=2), key="k2")["accepted"] == 1
    assert Lake(tmp_path / "lake").read("node_load")["load_kw"].tolist() == [2.0]


def test_one_key_may_be_used_for_each_table(tmp_path: Path) -> None:
    post(tmp_path, row())
    tie = {"tie_id": "T", "feeder_a_id": "a", "feeder_b_id": "b", "transfer_limit_kva": 5}
    assert post(tmp_path, json.dumps({**tie, "valid_from": "2026-01-01T00:00:00Z"}), table="tie")["accepted"] == 1


def test_refused_rows_alone_are_remembered_too(tmp_path: Path) -> None:
    told = post(tmp_path, "nonsense\n[1]\n")
    assert (told["accepted"], told["quarantined"]) == (0, {"MALFORMED_LINE": 2})
    assert post(tmp_path, "nonsense\n[1]\n")["repeated"]


def test_links_are_looked_up_in_the_lake(tmp_path: Path) -> None:
    node = {"name": "n", "power_factor": 0.9, "allowed_utilisation": 0.8, "rating_assumed": False}
    node["valid_from"] = "2020-01-01T00:00:00Z"
    rows = [
        {**node, "node_id": "A", "kind": "area", "parent_id": "F"},
        {**node, "node_id": "F", "kind": "feeder"},
        {**node, "node_id": "B", "kind": "area", "parent_id": "nobody"},
    ]
    told = post(tmp_path, "\n".join(map(json.dumps, rows)), table="node")
    assert told["quarantined"] == {"ORPHAN_LINK": 1}
    assert post(tmp_path, row("A") + "\n" + row("B"))["quarantined"] == {"ORPHAN_LINK": 1}


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("ndjson", b"", "requires|no rows"),
        ("ndjson", b"\xff", "UTF-8"),
        ("csv", b"", "the body: the file is empty"),
        ("csv", b"node_id,start_utc,load_kw\n", "no rows"),
        ("csv", b"node_id,start_utc,load_kw\n\xff\xff,1,2\n", "the body: cannot be read"),
        ("csv", b"node_id,start_utc\na,2026-01-01T00:00:00Z\n", "no column load_kw"),
        ("csv", b"node_id,start_utc,load_kw,node_id\na,2026-01-01T00:00:00Z,1,a\n", "more than once"),
        ("csv", b'"node_id,start_utc,load_kw\na,2026-01-01T00:00:00Z,1\n', "does not close"),
        ("ndjson", row(colour="red").encode(), "no column 'colour'"),
        ("ndjson", b'{"node_id": "a"}', "no column start_utc, load_kw"),
    ],
)
def test_what_cannot_be_read_changes_nothing(tmp_path: Path, kind: str, body: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        post(tmp_path, body, kind)
    assert str(tmp_path) not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_too_many_rows_and_unknown_tables(tmp_path: Path) -> None:
    with pytest.raises(TooManyRowsError, match="1000"):
        post(tmp_path, "\n".join(row(hour=0, kw=n) for n in range(1001)))
    with pytest.raises(DataError, match="no such table"):
        post(tmp_path, row(), table="nodes")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, "NaN", row(kw=1).replace("1", "Infinity"), '{"node_id": "a", "node_id": "b"}', "1" * 5000, '"a"'],
)
def test_a_line_that_is_no_flat_object_is_malformed(tmp_path: Path, line: str) -> None:
    told = post(tmp_path, row() + "\n" + line)
    assert told["quarantined"] == {"MALFORMED_LINE": 1}
    assert told["refused"][0]["line"] == 2


def test_numbers_stay_as_they_are_and_odd_ones_are_refused(tmp_path: Path) -> None:
    odd = 0.1 + 0.2
    told = post(tmp_path, "\n".join([row(kw=odd), row(hour=1, kw=10**400), row(hour=2, kw=-3e8)]))
    assert told["quarantined"] == {"BAD_NUMBER": 1, "BELOW_BOUND": 1}
    assert Lake(tmp_path / "lake").read("node_load")["load_kw"].tolist() == [odd]


def test_what_a_kill_left_in_quarantine_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused rows are kept before the lake is written; a repeat that refuses fewer leaves none behind."""
    with monkeypatch.context() as patched:
        patched.setattr(Lake, "append_stream", lambda *_: (_ for _ in ()).throw(OSError("gone")))
        with pytest.raises(OSError, match="gone"):
            post(tmp_path, row() + "\n" + row(hour=1, kw="x"))
    assert refused(tmp_path) == [(2, "BAD_NUMBER")]
    assert Lake(tmp_path / "lake").tables() == []
    assert post(tmp_path, row())["accepted"] == 1
    assert refused(tmp_path) == []


def test_two_at_once_under_one_key_write_once(tmp_path: Path) -> None:
    body = "\n".join(row(hour=hour) for hour in range(20)) + "\nbroken"
    told: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: told.append(post(tmp_path, body))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.pop("repeated") for one in told) == [False, *[True] * 5]
    assert all(one == told[0] for one in told)
    assert len(Lake(tmp_path / "lake").versions("node_load")) == 20
    assert refused(tmp_path) == [(21, "MALFORMED_LINE")]


def test_of_a_personal_table_no_text_is_kept(tmp_path: Path) -> None:
    customer = {"customer_id": "C1", "area_id": "A", "customer_class": "residential"}
    since = {"valid_from": "2024-01-01T00:00:00Z"}
    post(tmp_path, json.dumps({**customer, **since}), table="customer")
    lines = [
        {"customer_id": "C1", "name": "张三丰", **since},
        {"customer_id": "C9", "name": "李四光", "phone": "13800138000", **since},
    ]
    told = post(tmp_path, "\n".join(json.dumps(line) for line in lines), table="identity")
    assert told["quarantined"] == {"ORPHAN_LINK": 1}
    everything = b"".join(path.read_bytes() for path in (tmp_path / "quarantine").rglob("*.parquet"))
    assert "李四光".encode() not in everything
    assert "李四光" not in json.dumps(told, ensure_ascii=False)
