"""Tables that hang on others: links, nodes derived from their load, and runs that repeat."""

from typing import Any

import pandas as pd
import pytest

from features.ingest import read_quarantine
from features.workspace import TerritorySettings


def test_orphans_and_the_orphans_of_orphans(
    source: Any, load_table: dict[str, Any], node_columns: dict[str, Any]
) -> None:
    source.write("nodes.csv", "id,kind,parent\ns,substation,\nf,feeder,s\nx,feeder,gone\ny,area,x\na,area,f\n")
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\ny,2024-01-01,1\n")
    report = source.ingest(load_table, {"table": "node", "files": "nodes.csv", "columns": node_columns})
    assert list(report.tables) == ["node", "node_load"]
    assert dict(report.tables["node"].quarantined) == {"ORPHAN_LINK": 2}
    assert dict(report.tables["node_load"].quarantined) == {"ORPHAN_LINK": 1}
    assert source.lake.read("node")["node_id"].tolist() == ["a", "f", "s"]


def test_links_into_the_lake(source: Any, load_table: dict[str, Any], node_columns: dict[str, Any]) -> None:
    source.write("nodes.csv", "id,kind,parent\na,area,\n")
    source.ingest({"table": "node", "files": "nodes.csv", "columns": node_columns})
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\nb,2024-01-01,1\n")
    assert dict(source.ingest(load_table).tables["node_load"].quarantined) == {"ORPHAN_LINK": 1}


def derived(node_columns: dict[str, Any], level: float = 0.5) -> dict[str, Any]:
    columns = {k: v for k, v in node_columns.items() if k != "parent_id"}
    columns |= {"node_id": "node_id", "name": "node_id", "kind": {"constant": "area"}, "valid_from": "first"}
    columns |= {"rating_assumed": {"constant": True}, "rating_kva": {"from": "quantile", "factor": 1.2}}
    derive = {"table": "node_load", "id": "node_id", "of": "load_kw", "level": level}
    return {"table": "node", "derive": derive, "columns": columns}


def test_nodes_from_their_load_with_an_assumed_rating(
    source: Any, load_table: dict[str, Any], node_columns: dict[str, Any]
) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-02,10\na,2024-01-01,20\na,2024-01-03,90\nb,2024-01-05,7\n")
    source.ingest(load_table, derived(node_columns))
    nodes = source.lake.read("node").set_index("node_id")
    assert nodes["rating_kva"].tolist() == pytest.approx([24.0, 8.4])
    assert nodes["rating_assumed"].all()
    assert nodes.loc["a", "valid_from"] == pd.Timestamp("2024-01-01", tz="UTC")
    again = source.ingest(load_table, derived(node_columns, level=0.99))
    assert (again.tables["node_load"].written, again.tables["node"].written) == (0, 2)
    assert len(source.lake.versions("node_load")) == 4


def test_a_second_run_changes_nothing(source: Any, load_table: dict[str, Any], node_columns: dict[str, Any]) -> None:
    source.write("load.csv", "id,stamp,kw\na,2024-01-01,1\na,2024-01-02,x\n")
    territory = {"name": "试验", "time_zone": "Asia/Shanghai", "country": "CN"}
    first = source.ingest(load_table, derived(node_columns), territory=territory)
    state = source.lake.fingerprint(), len(read_quarantine(source.workspace.root / "quarantine"))
    second = source.ingest(load_table, derived(node_columns), territory=territory)
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
    assert source.loads() == [("a", "01-01 00:00", 3.0)]
