"""Files of every sort: encodings, layouts, Excel and Parquet, the line of every bad row, and what cannot be read."""

import gzip
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError, SourceError
from features.ingest import read_quarantine


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
    assert source.loads() == [("台区一", "01-01 00:00", 1.5)]


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
    assert source.loads() == [("7", "01-01 00:00", 1.5)]
    assert dict(report.quarantined) == {"MISSING_VALUE": 1}
    assert read_quarantine(source.workspace.root / "quarantine")["source_line"].tolist() == [5]
    with pytest.raises(SourceError, match="no sheet 'second'"):
        source.ingest({**table, "sheet": "second"})


def test_a_parquet_file_without_rows_is_no_error(source: Any, load_table: dict[str, Any]) -> None:
    empty = pd.DataFrame({"id": pd.Series([], dtype="str"), "stamp": pd.Series([], dtype="str"), "kw": []})
    empty.to_parquet(source.data / "load.parquet")
    report = source.ingest(load_table | {"files": "load.parquet"}).tables["node_load"]
    assert (report.rows_in, report.accepted) == (0, 0)


def test_parquet_with_types(source: Any, load_table: dict[str, Any]) -> None:
    stamps = pd.to_datetime(["2024-01-01 00:00", "2024-01-01 01:00"]).tz_localize("Asia/Shanghai")
    frame = pd.DataFrame({"id": ["a", "a"], "stamp": stamps, "kw": [1.0, np.nan], "unused": [[1], [2]]})
    frame.to_parquet(source.data / "load.parquet")
    report = source.ingest({**load_table, "files": "load.parquet"}).tables["node_load"]
    assert source.loads() == [("a", "12-31 16:00", 1.0)]
    assert dict(report.quarantined) == {"MISSING_VALUE": 1}


def test_one_column_per_node(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "stamp,kW zone 1,kW zone 2,note\n2024-01-01 00:00,1,2,x\n2024-01-01 01:00,-,bad,\n")
    columns = {**load_table["columns"], "node_id": {"from": "$column", "prefix": "z"}, "load_kw": "$value"}
    table = {**load_table, "layout": {"kind": "wide", "columns": r"kW zone (\d+)"}, "columns": columns}
    report = source.ingest(table).tables["node_load"]
    assert source.loads() == [("z1", "01-01 00:00", 1.0), ("z2", "01-01 00:00", 2.0)]
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
    assert source.loads() == [("1", "12-31 05:00", 1000.0), ("1", "01-01 05:00", 3.0), ("1", "01-01 05:30", 4.0)]
    assert (report.rows_in, report.blank) == (3, 1)


def test_the_identifier_from_the_name_of_the_file(source: Any, load_table: dict[str, Any]) -> None:
    for number in (1, 2):
        source.write(f"pid_{number}.csv", f"stamp,kw\n2024-01-01,{number}\n")
    table = {**load_table, "files": "pid_*.csv", "file_id": r"pid_(\d+)"}
    table["columns"] = {**load_table["columns"], "node_id": "$file"}
    report = source.ingest(table).tables["node_load"]
    assert source.loads() == [("1", "01-01 00:00", 1.0), ("2", "01-01 00:00", 2.0)]
    assert report.files == 2


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
    assert source.loads() == [("a", "01-01 00:00", 1.0)]


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
