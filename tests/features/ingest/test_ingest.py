"""Whole ingests: readers, layouts, quarantine with its line, accounting, links, and runs that repeat."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import ConfigError, SourceError
from features.ingest import REASONS, read_quarantine
from features.workspace import TerritorySettings

NODE_COLUMNS = {
    "node_id": "id",
    "name": "id",
    "kind": "kind",
    "parent_id": "parent",
    "power_factor": {"constant": 0.95},
    "allowed_utilisation": {"constant": 0.8},
    "rating_assumed": {"constant": False},
    "valid_from": {"constant": "2020-01-01"},
    "available_at": {"after": "valid_from"},
}


def loads(source: Any) -> list[tuple[str, str, float]]:
    frame = source.lake.read("node_load")
    return list(zip(frame["node_id"], frame["start_utc"].dt.strftime("%m-%d %H:%M"), frame["load_kw"], strict=True))


def test_a_long_csv(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01 00:00,1.5\nb,2024-01-01 00:00,\nb,2024-01-01 01:00,x\n")
    report = source.ingest(load_table).tables["node_load"]
    assert (report.rows_in, report.accepted, report.written) == (3, 1, 1)
    assert dict(report.quarantined) == {"MISSING_VALUE": 1, "BAD_NUMBER": 1}
    assert loads(source) == [("a", "01-01 00:00", 1.5)]
    kept = read_quarantine(source.workspace.root / "quarantine")
    assert kept["source_line"].tolist() == [3, 4]
    assert kept["source_file"].tolist() == ["load.csv"] * 2
    assert json.loads(kept["raw"][1]) == {"id": "b", "stamp": "2024-01-01 01:00", "kw": "x"}
    assert set(kept["reason"]) <= set(REASONS)


def test_a_slip_of_the_pen_does_not_stretch_the_time_axis(source: Any, load_table: dict[str, Any]) -> None:
    stamps = ["1901-01-01 00:00", "2024-01-01 00:00", "2199-01-01 00:00"]
    source.write("load.csv", "id,stamp,kw\n" + "".join(f"a,{stamp},1\n" for stamp in stamps))
    report = source.ingest(load_table).tables["node_load"]
    assert dict(report.quarantined) == {"IMPLAUSIBLE_TIME": 2}
    assert loads(source) == [("a", "01-01 00:00", 1.0)]


def test_broken_lines_keep_their_number(source: Any, load_table: dict[str, Any]) -> None:
    lines = ["id,stamp,kw", "a,2024-01-01 00:00,1", "", "a,2024", "a,2024-01-01 01:00,2,3", "a,2024-01-01 02:00,-1e9"]
    source.write("load.csv", "\n".join(lines) + "\n")
    report = source.ingest(load_table).tables["node_load"]
    kept = read_quarantine(source.workspace.root / "quarantine").sort_values("source_line")
    assert list(zip(kept["source_line"], kept["reason"], strict=True)) == [
        (4, "MALFORMED_LINE"),
        (5, "MALFORMED_LINE"),
        (6, "BELOW_BOUND"),
    ]
    assert (report.rows_in, report.accepted) == (4, 1)
    assert report.balanced


def test_lines_are_numbered_over_many_blocks(source: Any, load_table: dict[str, Any]) -> None:
    """A file larger than one block of the reader: the last line is still the last line."""
    rows = [
        f"a,{stamp:%Y-%m-%d %H:%M},{'1' * 40}e-40" for stamp in pd.date_range("2001-01-01", periods=120_000, freq="min")
    ]
    rows[100] = "a,b,c,d"
    source.write("load.csv", "\n".join(["id,stamp,kw", *rows, "z,2024-01-01,no"]) + "\n")
    assert (source.data / "load.csv").stat().st_size > 4 << 20
    report = source.ingest(load_table).tables["node_load"]
    kept = read_quarantine(source.workspace.root / "quarantine")
    assert sorted(kept["source_line"]) == [102, 120_002]
    assert (report.rows_in, report.accepted) == (120_001, 119_999)


def test_lines_keep_their_number_when_later_blocks_hold_bad_ones(
    source: Any, load_table: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser tells of bad lines before it gives the rows of the block before them."""
    monkeypatch.setattr("features.ingest.csvfile._BLOCK", 1 << 14)
    rows = [f"a,{stamp:%Y-%m-%d %H:%M},1" for stamp in pd.date_range("2001", periods=2_400, freq="min")]
    for at in (5, 900, 901, 1_700, 2_390):
        rows[at] = "a,b,c,d"
    rows[1_600] = rows[2_399] = "a,2024-01-01,no"
    source.write("load.csv", "\n".join(["id,stamp,kw", *rows]) + "\n")
    source.ingest(load_table)
    kept = read_quarantine(source.workspace.root / "quarantine").sort_values("source_line")
    assert kept["source_line"].tolist() == [7, 902, 903, 1_602, 1_702, 2_392, 2_401]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_and_compression(source: Any, load_table: dict[str, Any], encoding: str) -> None:
    text = "编号;时间;有功\n台区一;2024-01-01 00:00;1,5\n"
    (source.data / "load.csv.gz").write_bytes(gzip.compress(text.encode(encoding)))
    columns = {**load_table["columns"], "node_id": "编号", "start_utc": "时间"}
    columns["load_kw"] = {"from": "有功", "decimal": ","}
    plain = encoding.removesuffix("-sig")
    table = {**load_table, "files": "*.gz", "encoding": plain, "delimiter": ";", "columns": columns}
    source.ingest(table)
    assert loads(source) == [("台区一", "01-01 00:00", 1.5)]


def test_the_wrong_encoding_is_said(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\n台区,2024-01-01,1\n", encoding="gb18030")
    with pytest.raises(SourceError, match="cannot be read"):
        source.ingest(load_table)
    with pytest.raises(SourceError, match="cannot be read"):
        source.ingest({**load_table, "encoding": "klingon"})


def test_excel(source: Any, load_table: dict[str, Any]) -> None:
    frame = pd.DataFrame(
        {"id": [7, 8], "stamp": pd.to_datetime(["2024-01-01 00:00", "2024-01-01 01:00"]), "kw": [1.5, None]}
    )
    with pd.ExcelWriter(source.data / "load.xlsx") as book:
        pd.DataFrame({"nothing": [1]}).to_excel(book, sheet_name="first", index=False)
        frame.to_excel(book, sheet_name="负荷", index=False, startrow=2)
    table = {**load_table, "files": "load.xlsx", "sheet": "负荷", "skip_lines": 2}
    report = source.ingest(table).tables["node_load"]
    assert loads(source) == [("7", "01-01 00:00", 1.5)]
    assert dict(report.quarantined) == {"MISSING_VALUE": 1}
    assert read_quarantine(source.workspace.root / "quarantine")["source_line"].tolist() == [5]
    with pytest.raises(SourceError, match="no sheet 'second'"):
        source.ingest({**table, "sheet": "second"})


def test_parquet_with_types(source: Any, load_table: dict[str, Any]) -> None:
    stamps = pd.to_datetime(["2024-01-01 00:00", "2024-01-01 01:00"]).tz_localize("Asia/Shanghai")
    frame = pd.DataFrame({"id": ["a", "a"], "stamp": stamps, "kw": [1.0, np.nan], "unused": [[1], [2]]})
    frame.to_parquet(source.data / "load.parquet")
    report = source.ingest({**load_table, "files": "load.parquet"}).tables["node_load"]
    assert loads(source) == [("a", "12-31 16:00", 1.0)]
    assert dict(report.quarantined) == {"MISSING_VALUE": 1}


def test_one_column_per_node(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "stamp,kW zone 1,kW zone 2,note\n2024-01-01 00:00,1,2,x\n2024-01-01 01:00,-,bad,\n")
    columns = {**load_table["columns"], "node_id": {"from": "$column", "prefix": "z"}, "load_kw": "$value"}
    table = {**load_table, "layout": {"kind": "wide", "columns": r"kW zone (\d+)"}, "columns": columns}
    report = source.ingest(table).tables["node_load"]
    assert loads(source) == [("z1", "01-01 00:00", 1.0), ("z2", "01-01 00:00", 2.0)]
    assert (report.rows_in, report.blank, dict(report.quarantined)) == (3, 1, {"BAD_NUMBER": 1})
    assert read_quarantine(source.workspace.root / "quarantine")["column"].tolist() == ["load_kw (2)"]


def test_one_column_per_hour(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", 'id,day,month,year,h1,h2\n1,31,12,2023,"1,000",\n1,1,1,2024,3,4\n')
    columns = {
        **load_table["columns"],
        "start_utc": {"parts": {"year": "year", "month": "month", "day": "day", "minute": "$minutes"}},
        "load_kw": {"from": "$value", "thousands": ","},
    }
    table = {**load_table, "layout": {"kind": "hours", "count": 2, "minutes": 30}, "columns": columns}
    report = source.ingest(table, time_zone="-05:00").tables["node_load"]
    assert loads(source) == [("1", "12-31 05:00", 1000.0), ("1", "01-01 05:00", 3.0), ("1", "01-01 05:30", 4.0)]
    assert (report.rows_in, report.blank) == (3, 1)


def test_the_identifier_from_the_name_of_the_file(source: Any, load_table: dict[str, Any]) -> None:
    for number in (1, 2):
        source.write(f"pid_{number}.csv", f"stamp,kw\n2024-01-01,{number}\n")
    table = {**load_table, "files": "pid_*.csv", "file_id": r"pid_(\d+)"}
    table["columns"] = {**load_table["columns"], "node_id": "$file"}
    report = source.ingest(table).tables["node_load"]
    assert loads(source) == [("1", "01-01 00:00", 1.0), ("2", "01-01 00:00", 2.0)]
    assert report.files == 2


def test_the_later_line_supersedes(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\nb,2024-01-01,5\na,2024-01-01,2\na,2024-01-01,oops\n")
    report = source.ingest(load_table).tables["node_load"]
    assert (report.rows_in, report.accepted, report.superseded) == (4, 2, 1)
    assert loads(source) == [("a", "01-01 00:00", 2.0), ("b", "01-01 00:00", 5.0)]


def test_another_moment_of_knowledge_is_another_version(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw,known\na,2024-01-01,1,2024-01-02\na,2024-01-01,2,2024-01-05\n")
    table = {**load_table, "columns": {**load_table["columns"], "available_at": "known"}}
    assert source.ingest(table).tables["node_load"].superseded == 0
    assert source.lake.read("node_load", as_of=pd.Timestamp("2024-01-03", tz="UTC"))["load_kw"].tolist() == [1.0]
    assert source.lake.read("node_load")["load_kw"].tolist() == [2.0]


def test_nothing_is_known_before_it_happens(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw,known\na,2024-01-02,1,2024-01-01\n")
    table = {**load_table, "columns": {**load_table["columns"], "available_at": "known"}}
    assert dict(source.ingest(table).tables["node_load"].quarantined) == {"KNOWN_TOO_EARLY": 1}


def test_orphans_and_the_orphans_of_orphans(source: Any, load_table: dict[str, Any]) -> None:
    source.write("nodes.csv", "id,kind,parent\ns,substation,\nf,feeder,s\nx,feeder,gone\ny,area,x\na,area,f\n")
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\ny,2024-01-01,1\n")
    report = source.ingest(load_table, {"table": "node", "files": "nodes.csv", "columns": NODE_COLUMNS})
    assert list(report.tables) == ["node", "node_load"]
    assert dict(report.tables["node"].quarantined) == {"ORPHAN_LINK": 2}
    assert dict(report.tables["node_load"].quarantined) == {"ORPHAN_LINK": 1}
    assert source.lake.read("node")["node_id"].tolist() == ["a", "f", "s"]


def test_links_into_the_lake(source: Any, load_table: dict[str, Any]) -> None:
    source.write("nodes.csv", "id,kind,parent\na,area,\n")
    source.ingest({"table": "node", "files": "nodes.csv", "columns": NODE_COLUMNS})
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\nb,2024-01-01,1\n")
    assert dict(source.ingest(load_table).tables["node_load"].quarantined) == {"ORPHAN_LINK": 1}


def derived(level: float = 0.5) -> dict[str, Any]:
    columns = {k: v for k, v in NODE_COLUMNS.items() if k != "parent_id"}
    columns |= {"node_id": "node_id", "name": "node_id", "kind": {"constant": "area"}, "valid_from": "first"}
    columns |= {"rating_assumed": {"constant": True}, "rating_kva": {"from": "quantile", "factor": 1.2}}
    derive = {"table": "node_load", "id": "node_id", "of": "load_kw", "level": level}
    return {"table": "node", "derive": derive, "columns": columns}


def test_nodes_from_their_load_with_an_assumed_rating(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-02,10\na,2024-01-01,20\na,2024-01-03,90\nb,2024-01-05,7\n")
    source.ingest(load_table, derived())
    nodes = source.lake.read("node").set_index("node_id")
    assert nodes["rating_kva"].tolist() == pytest.approx([24.0, 8.4])
    assert nodes["rating_assumed"].all()
    assert nodes.loc["a", "valid_from"] == pd.Timestamp("2024-01-01", tz="UTC")
    again = source.ingest(load_table, derived(level=0.99))
    assert (again.tables["node_load"].written, again.tables["node"].written) == (0, 2)
    assert len(source.lake.versions("node_load")) == 4


def test_a_second_run_changes_nothing(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\na,2024-01-02,x\n")
    territory = {"name": "试验", "time_zone": "Asia/Shanghai", "country": "CN"}
    first = source.ingest(load_table, derived(), territory=territory)
    state = source.lake.fingerprint(), len(read_quarantine(source.workspace.root / "quarantine"))
    second = source.ingest(load_table, derived(), territory=territory)
    assert first.changed
    assert not second.changed
    assert [table.unchanged for table in second.tables.values()] == [1, 1]
    assert state == (source.lake.fingerprint(), len(read_quarantine(source.workspace.root / "quarantine")))
    assert source.workspace.territory() == TerritorySettings.model_validate(territory)


def test_a_file_that_moved_is_the_same_batch_and_a_changed_one_is_not(source: Any, load_table: dict[str, Any]) -> None:
    path = source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\n")
    source.ingest(load_table)
    path.rename(source.data / "renamed.csv")
    assert not source.ingest({**load_table, "files": "renamed.csv"}).changed
    source.write("renamed.csv", "id,stamp,kw\na,2024-01-01,3\n")
    source.write("copy.csv", "id,stamp,kw\na,2024-01-01,3\n")
    report = source.ingest({**load_table, "files": "*.csv"}).tables["node_load"]
    assert (report.files, report.unchanged, report.written) == (2, 1, 1)
    assert loads(source) == [("a", "01-01 00:00", 3.0)]


def test_no_table_is_written_when_another_cannot_be_read(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\n")
    half = gzip.compress(b"id,kind,parent\n" + b"a,area,\n" * 5000)[:-20]
    (source.data / "nodes.csv.gz").write_bytes(half)
    for files, message in (("nodes.csv.gz", "cannot be read"), ("missing*.csv", "no file matches")):
        with pytest.raises(SourceError, match=message):
            source.ingest(load_table, {"table": "node", "files": files, "columns": NODE_COLUMNS})
    assert source.lake.tables() == []


@pytest.mark.parametrize(
    ("change", "text", "message"),
    [
        ({}, "id,stamp,mw\n", "no column 'kw'"),
        ({}, "", "empty"),
        ({}, "id,stamp,kw,kw\n", "more than once"),
        ({"files": "load.dat"}, "id,stamp,kw\n", "no file matches"),
        ({"layout": {"kind": "wide", "columns": "zone.*"}}, "id,stamp,kw\n", "no column matches"),
        ({"layout": {"kind": "hours"}}, "id,stamp,kw\n", "no column 'h1'"),
        ({"format": "parquet"}, "id,stamp,kw\n", "cannot be read"),
        ({"format": "excel"}, "id,stamp,kw\n", "cannot be read"),
        ({"file_id": "pid_(.*)"}, "id,stamp,kw\n", "finds nothing"),
    ],
)
def test_unreadable_sources(
    source: Any, load_table: dict[str, Any], change: dict[str, Any], text: str, message: str
) -> None:
    source.write("load.csv", text)
    with pytest.raises(SourceError, match=message):
        source.ingest({**load_table, **change})
    assert source.lake.tables() == []


@pytest.mark.parametrize(
    ("name", "content", "change", "message"),
    [
        ("load.xls", b"id,stamp,kw\n", {}, r"old Excel files \(\.xls\).*save it as \.xlsx or CSV"),
        ("LOAD.XLS", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {"format": "excel"}, r"save it as \.xlsx or CSV"),
        (
            "load.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            {},
            "an old Excel file, or one with a password",
        ),
    ],
)
def test_old_excel_files_are_refused_with_a_way_out(
    source: Any, load_table: dict[str, Any], name: str, content: bytes, change: dict[str, Any], message: str
) -> None:
    (source.data / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        source.ingest({**load_table, "files": name, **change})


def test_text_under_an_old_excel_name_is_read_when_the_mapping_says_so(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.xls", "id\tstamp\tkw\na\t2024-01-01\t1\n")
    source.ingest({**load_table, "files": "load.xls", "format": "csv", "delimiter": "\t"})
    assert loads(source) == [("a", "01-01 00:00", 1.0)]


@pytest.mark.parametrize(
    "column",
    [{"load_kw": {"constant": "much"}}, {"start_utc": {"constant": "soon"}}, {"node_id": "$minutes"}],
)
def test_constants_and_pseudo_columns(source: Any, load_table: dict[str, Any], column: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\n")
    with pytest.raises(ConfigError):
        source.ingest({**load_table, "columns": {**load_table["columns"], **column}})


def test_no_such_folder(source: Any, load_table: dict[str, Any]) -> None:
    source.data.rmdir()
    with pytest.raises(SourceError, match="no such folder"):
        source.ingest(load_table)


CELLS = st.tuples(
    st.sampled_from(["a", "b", "", "zz"]),
    st.sampled_from(["2024-01-01 00:00", "2024-01-01 01:00", "2024-02-30", "", "2024-10-27 02:30"]),
    st.sampled_from(["1", "2.5", "-", "9999.99", "9e9", "x", "１２", "1,5"]),
)


@given(rows=st.lists(CELLS, max_size=12), broken=st.integers(0, 2), known=st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_accounted_for(
    make_source: Callable[[], Any], rows: list[tuple[str, str, str]], broken: int, known: bool
) -> None:
    """Oracle: an own reading of each line says whether it is good; of a key, the last good line stays."""
    source = make_source()
    body = [f'{node},{stamp},"{kw}"' for node, stamp, kw in rows] + ["one,two"] * broken
    source.write("load.csv", "\n".join(["id,stamp,kw", *body]) + "\n")
    columns = {
        "node_id": "id",
        "start_utc": {"from": "stamp", "zone": "Europe/Amsterdam"},
        "load_kw": {"from": "kw", "junk": ["9999.99"]},
        "available_at": {"after": "start_utc"},
    }
    table = {"table": "node_load", "files": "load.csv", "columns": columns}
    tables = [table]
    if known:
        source.write("nodes.csv", "id,kind,parent\na,area,\nb,area,\n")
        tables.append({"table": "node", "files": "nodes.csv", "columns": NODE_COLUMNS})
    report = source.ingest(*tables).tables["node_load"]

    values = {"1": 1.0, "2.5": 2.5, "１２": 12.0}
    good = [
        (node, stamp, values[kw])
        for node, stamp, kw in rows
        if node in ("a", "b", *(() if known else ("zz",))) and stamp.startswith("2024-01-01") and kw in values
    ]
    expected = {(node, stamp): kw for node, stamp, kw in good}
    written = [row for row in rows if any(row)]
    assert report.balanced
    assert report.rows_in == len(written) + broken
    assert report.accepted == len(expected)
    assert report.superseded == len(good) - len(expected)
    frame = source.lake.read("node_load")
    local = frame["start_utc"].dt.tz_convert("Europe/Amsterdam").dt.strftime("%Y-%m-%d %H:%M")
    assert dict(zip(zip(frame["node_id"], local, strict=True), frame["load_kw"], strict=True)) == expected
    kept = read_quarantine(source.workspace.root / "quarantine", "node_load")
    assert kept["reason"].value_counts().to_dict() == dict(report.quarantined)


def test_the_scratch_of_an_ingest_is_gone(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\n")
    source.ingest(load_table)
    assert sorted(path.name for path in Path(source.workspace.root).iterdir()) == ["lake"]
