"""A large file passes in parts; a killed ingest goes on where it was, and ends as if it had never been killed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import HeadroomError, SourceError
from features.ingest import IngestReport, ingest, read_quarantine
from features.ingest.scratch import clear_abandoned, scratch
from features.lake import Lake

# Ingests are killed and taken up again, over and over.
pytestmark = pytest.mark.slow

ROWS = 20


class Killed(BaseException):
    """Stands for a kill: nothing in the product catches it."""


def load_text(nodes: tuple[str, ...] = ("a", "b", "x"), hours: int = 30) -> str:
    """Readings over the night in which clocks go back, some broken, some repeated, one beyond a line break."""
    local = pd.date_range("2024-10-26 20:00", periods=hours, freq="h", tz="Europe/Amsterdam")
    stamps = local.strftime("%Y-%m-%d %H:%M")
    lines = [f"{node},{stamp},{10 * n + i}" for i, stamp in enumerate(stamps) for n, node in enumerate(nodes)]
    lines[7], lines[8], lines[35] = "a,2024-10-26 22:00,oops", 'b,"2024-10-26 22:00', "half,a line"
    lines[20:20] = ['"quoted\nnode",2024-10-27 00:00,5', "", "a,2024-10-26 20:00,777"]
    return "id,stamp,kw\n" + "\n".join(lines) + "\n"


@pytest.fixture
def tables(node_columns: dict[str, Any], load_table: dict[str, Any]) -> list[dict[str, Any]]:
    columns = {**load_table["columns"], "start_utc": {"from": "stamp", "ambiguous": "in_order"}}
    loads = {**load_table, "files": "load*", "columns": columns}
    return [{"table": "node", "files": "nodes.csv", "columns": node_columns}, loads]


def filled(source: Any) -> Any:
    source.write("nodes.csv", "id,kind,parent\na,feeder,\nb,area,a\n")
    source.write("load1.csv", load_text())
    source.write("load2.csv", load_text(("b", "a"), 20))
    return source


def content(source: Any, mapping: Path, tables: list[str]) -> dict[str, Any]:
    """Every version of every row, and every refused one."""
    refused = read_quarantine(source.workspace.root / "quarantine")
    order = ["table", "source_file", "source_line"]
    return {
        **{name: Lake(source.workspace.lake).versions(name).to_csv() for name in tables},
        "refused": refused.sort_values(order).to_csv(index=False),
    }


def current(versions: str) -> list[str]:
    """Of each key and moment of knowledge the last row."""
    rows = (line.split(",", 1)[1].split(",") for line in versions.splitlines()[1:])
    return sorted(",".join(row) for row in {(row[0], row[1], row[-1]): row for row in rows}.values())


def run(source: Any, mapping: Path, kill_after: int | None = None) -> IngestReport:
    calls = [0]

    def progress(*_: object) -> None:
        calls[0] += 1
        if kill_after is not None and calls[0] > kill_after:
            raise Killed

    return ingest(mapping, source.data, source.workspace, progress, ROWS)


@pytest.fixture
def whole(make_source: Callable[[], Any], tables: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an ingest that nobody killed says and leaves."""
    source = filled(make_source())
    mapping = source.mapping(*tables, time_zone="Europe/Amsterdam")
    report = run(source, mapping).to_dict()["tables"]
    return report, content(source, mapping, ["node", "node_load"])


def test_parts_end_as_one_piece_does(make_source: Callable[[], Any], tables: Any, whole: Any) -> None:
    source = filled(make_source())
    one = ingest(source.mapping(*tables, time_zone="Europe/Amsterdam"), source.data, source.workspace)
    assert one.to_dict()["tables"]["node_load"]["superseded"] == 2
    report, kept = whole
    for name, counts in one.to_dict()["tables"].items():
        mine = report[name]
        assert mine["rows_in"] == mine["accepted"] + mine["superseded"] + sum(mine["quarantined"].values())
        assert (mine["rows_in"], mine["quarantined"]) == (counts["rows_in"], counts["quarantined"])
    assert content(source, Path(), [])["refused"] == kept["refused"]
    assert current(kept["node_load"]) == current(source.lake.versions("node_load").to_csv())
    assert source.loads()[0] == ("a", "10-26 18:00", 777.0)


@pytest.mark.parametrize("killed", [0, 2, 4, 6])
def test_a_kill_while_checking(make_source: Callable[[], Any], tables: Any, whole: Any, killed: int) -> None:
    source = filled(make_source())
    mapping = source.mapping(*tables, time_zone="Europe/Amsterdam")
    for after in (killed, 1):
        with pytest.raises(Killed):
            run(source, mapping, after)
    assert source.lake.tables() == []
    report = run(source, mapping)
    assert (report.to_dict()["tables"], content(source, mapping, ["node", "node_load"])) == whole
    assert report.resumed > 0
    again = run(source, mapping)
    assert not again.changed
    assert [table.unchanged for table in again.tables.values()] == [1, 2]
    assert not list(source.workspace.root.glob("ingest-*"))


@pytest.mark.parametrize("killed", [1, 4])
@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("committed", [False, True])
def test_a_kill_while_writing(
    make_source: Callable[[], Any],
    tables: Any,
    whole: Any,
    killed: int,
    lost: bool,
    committed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before or after a commit; and with the cursor lost, the lake alone says where parts ended."""
    source = filled(make_source())
    mapping = source.mapping(*tables, time_zone="Europe/Amsterdam")
    calls, append = [0], Lake.append_stream

    def dying(self: Lake, *arguments: Any) -> int:
        calls[0] += 1
        if calls[0] > killed and not committed:
            raise Killed
        written = append(self, *arguments)
        if calls[0] > killed:
            raise Killed
        return written

    with monkeypatch.context() as patched:
        patched.setattr(Lake, "append_stream", dying)
        with pytest.raises(Killed):
            run(source, mapping)
    (left,) = source.workspace.root.glob("ingest-*")
    if lost:
        shutil.rmtree(left)
    report = ingest(mapping, source.data, source.workspace, None, 13 if lost else ROWS)
    reported, kept = whole
    left_over = content(source, mapping, ["node", "node_load"])
    assert left_over["refused"] == kept["refused"]
    # Parts that were not begun may be of a new size; what is current is the same.
    assert current(left_over["node_load"]) == current(kept["node_load"])
    assert all(table.balanced for table in report.tables.values())
    if not lost:
        assert report.to_dict()["tables"] == reported
        assert left_over == kept
    assert not ingest(mapping, source.data, source.workspace, None, 3).changed


def test_what_is_refused_leaves_nothing_to_go_on_from(source: Any, tables: Any) -> None:
    filled(source)
    (source.data / "load3.csv").write_bytes(load_text(hours=900).encode() + b"\xff\xff\n")
    mapping = source.mapping(*tables, time_zone="Europe/Amsterdam")
    with pytest.raises(SourceError, match="cannot be read"):
        run(source, mapping)
    assert list(source.workspace.root.iterdir()) == []


def test_another_plan_of_the_source_forgets_the_killed_one(source: Any, tables: Any) -> None:
    filled(source)
    mapping = source.mapping(*tables, time_zone="Europe/Amsterdam")
    with pytest.raises(Killed):
        run(source, mapping, 5)
    source.write("load2.csv", load_text(("a",), 40))
    report = run(source, mapping)
    assert report.resumed == 0
    assert all(table.balanced for table in report.tables.values())
    assert not list(source.workspace.root.glob("ingest-*"))


def test_files_of_a_part_that_are_not_whole_are_made_anew(source: Any, tables: Any, whole: Any) -> None:
    filled(source)
    mapping = source.mapping(*tables, time_zone="Europe/Amsterdam")
    with pytest.raises(Killed):
        run(source, mapping, 5)
    (left,) = source.workspace.root.glob("ingest-*")
    lines = (left / "cursor.jsonl").read_bytes().splitlines(keepends=True)
    (left / "cursor.jsonl").write_bytes(b"".join(lines) + lines[-1][:25])
    newest = max(left.glob("*.accepted"), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-9])
    other = sorted(left.glob("*.accepted"))[0]
    other.write_bytes(b"")
    report = run(source, mapping)
    assert (report.to_dict()["tables"], content(source, mapping, ["node", "node_load"])) == whole


def test_two_at_once_are_told_apart(source: Any, tables: Any) -> None:
    filled(source)
    mapping = source.mapping(*tables, time_zone="Europe/Amsterdam")

    def progress(*_: object) -> None:
        with pytest.raises(HeadroomError, match="another process"):
            ingest(mapping, source.data, source.workspace, None, ROWS)

    assert ingest(mapping, source.data, source.workspace, progress, ROWS).changed
    assert clear_abandoned(source.workspace.root) == 0


def test_folders_of_others_stay_while_they_are_young_or_held(tmp_path: Path) -> None:
    with scratch(tmp_path, "other", "0" * 16) as held, scratch(tmp_path, "mine", "1" * 16):
        assert clear_abandoned(tmp_path) == 0
        assert held.is_dir()
    young = tmp_path / "ingest-other-2222222222222222"
    young.mkdir()
    (young / "lock").touch()
    with scratch(tmp_path, "mine", "1" * 16):
        assert young.is_dir()
    assert clear_abandoned(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["load.parquet", "load.xlsx", "load.csv.gz"])
def test_every_kind_of_file_goes_on_at_its_row(source: Any, load_table: dict[str, Any], name: str) -> None:
    stamps = pd.date_range("2024-01-01", periods=95, freq="h").strftime("%Y-%m-%d %H:%M")
    frame = pd.DataFrame({"id": "a", "stamp": stamps, "kw": np.arange(95.0)})
    frame.loc[[13, 50], "stamp"] = "never"
    path = source.data / name
    if name.endswith("parquet"):
        frame.to_parquet(path, row_group_size=8)
    elif name.endswith("xlsx"):
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False)
    mapping = source.mapping({**load_table, "files": name})
    for _ in range(2):
        with pytest.raises(Killed):
            run(source, mapping, 1)
    report = run(source, mapping)
    assert report.resumed >= 20
    assert (report.tables["node_load"].rows_in, report.tables["node_load"].written) == (95, 93)
    assert source.lake.read("node_load")["load_kw"].tolist() == [kw for kw in range(95) if kw not in (13, 50)]
    lines = read_quarantine(source.workspace.root / "quarantine")["source_line"].tolist()
    assert lines == ([14, 51] if name.endswith("parquet") else [15, 52])
