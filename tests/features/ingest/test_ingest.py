"""Whole ingests: every row is accounted for, quarantined with its line, superseded or written; all or nothing."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import SourceError
from features.ingest import REASONS, read_quarantine


def test_a_long_csv(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01 00:00,1.5\nb,2024-01-01 00:00,\nb,2024-01-01 01:00,x\n")
    report = source.ingest(load_table).tables["node_load"]
    assert (report.rows_in, report.accepted, report.written) == (3, 1, 1)
    assert dict(report.quarantined) == {"MISSING_VALUE": 1, "BAD_NUMBER": 1}
    assert source.loads() == [("a", "01-01 00:00", 1.5)]
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
    assert source.loads() == [("a", "01-01 00:00", 1.0)]


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


def test_the_later_line_supersedes(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\nb,2024-01-01,5\na,2024-01-01,2\na,2024-01-01,oops\n")
    report = source.ingest(load_table).tables["node_load"]
    assert (report.rows_in, report.accepted, report.superseded) == (4, 2, 1)
    assert source.loads() == [("a", "01-01 00:00", 2.0), ("b", "01-01 00:00", 5.0)]


def test_another_moment_of_knowledge_is_another_version(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw,known\na,2024-01-01,1,2024-01-02\na,2024-01-01,2,2024-01-05\n")
    table = {**load_table, "columns": {**load_table["columns"], "available_at": "known"}}
    assert source.ingest(table).tables["node_load"].superseded == 0
    assert source.lake.read("node_load", as_of=pd.Timestamp("2024-01-03", tz="UTC"))["load_kw"].tolist() == [1.0]
    assert source.lake.read("node_load")["load_kw"].tolist() == [2.0]


@pytest.mark.parametrize("cell", ["1e999", "-1e999", "9" * 400, "1e18", "1.5", "x"])
@pytest.mark.parametrize("column", ["year", "month", "day", "hour", "shift"])
def test_parts_of_a_date_that_are_no_such_are_refused(
    source: Any, load_table: dict[str, Any], column: str, cell: str
) -> None:
    row = {"year": "2024", "month": "3", "day": "1", "hour": "0", "shift": "0"}
    lines = [",".join(one.values()) for one in (row, {**row, column: cell})]
    source.write("load.csv", "year,month,day,hour,shift,id,kw\n" + "".join(f"{line},a,1\n" for line in lines))
    start = {"parts": {name: name for name in ("year", "month", "day", "hour")}, "plus_minutes": "shift"}
    table = {**load_table, "columns": {**load_table["columns"], "start_utc": start}}
    assert dict(source.ingest(table).tables["node_load"].quarantined) == {"BAD_TIME": 1}
    assert source.loads() == [("a", "03-01 00:00", 1.0)]


def test_nothing_is_known_before_it_happens(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw,known\na,2024-01-02,1,2024-01-01\n")
    table = {**load_table, "columns": {**load_table["columns"], "available_at": "known"}}
    assert dict(source.ingest(table).tables["node_load"].quarantined) == {"KNOWN_TOO_EARLY": 1}


def test_no_table_is_written_when_another_cannot_be_read(
    source: Any, load_table: dict[str, Any], node_columns: dict[str, Any]
) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\n")
    half = gzip.compress(b"id,kind,parent\n" + b"a,area,\n" * 5000)[:-20]
    (source.data / "nodes.csv.gz").write_bytes(half)
    for files, message in (("nodes.csv.gz", "cannot be read"), ("missing*.csv", "no file matches")):
        with pytest.raises(SourceError, match=message):
            source.ingest(load_table, {"table": "node", "files": files, "columns": node_columns})
    assert source.lake.tables() == []


CELLS = st.tuples(
    st.sampled_from(["a", "b", "", "zz"]),
    st.sampled_from(["2024-01-01 00:00", "2024-01-01 01:00", "2024-02-30", "", "2024-10-27 02:30"]),
    st.sampled_from(["1", "2.5", "-", "9999.99", "9e9", "x", "１２", "1,5"]),
)


@given(rows=st.lists(CELLS, max_size=12), broken=st.integers(0, 2), known=st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_accounted_for(
    make_source: Callable[[], Any],
    rows: list[tuple[str, str, str]],
    broken: int,
    known: bool,
    node_columns: dict[str, Any],
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
        tables.append({"table": "node", "files": "nodes.csv", "columns": node_columns})
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
