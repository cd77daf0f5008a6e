"""Shaped exports through the real gate: what is refused is what was broken, and what is mended is right."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.configs import config_path
from features.demo import Territory
from features.demo.exports import SOURCES
from features.ingest import ingest, read_quarantine

# A territory of four systems goes through the gate.
pytestmark = pytest.mark.slow


def refused(exported) -> set[tuple[str, str, int, str]]:
    rows = read_quarantine(exported.workspace.root / "quarantine")
    return {(r.table, Path(r.source_file).name, int(r.source_line), r.reason) for r in rows.itertuples()}


def test_every_table_is_balanced_and_the_refused_rows_are_the_planted_ones(exported) -> None:
    for report in exported.reports.values():
        assert all(table.balanced for table in report.tables.values())
    faults = exported.truth("fault")
    planted = faults[faults["expected"].str.startswith("quarantine:")]
    reasons = planted["expected"].str.removeprefix("quarantine:")
    wanted = set(zip(planted["table"], planted["file"], planted["line"], reasons, strict=True))
    assert len(wanted) == len(planted) > 100
    assert refused(exported) == wanted


def test_repeated_files_are_known_and_a_second_ingest_changes_nothing(exported) -> None:
    again = exported.faults("batches", "unchanged")
    assert set(again["file"]) == {f for f in exported.summary.files if f.endswith("_again.csv")} != set()
    found: Counter[str] = Counter()
    for name, report in exported.reports.items():
        found += Counter({table: counts.unchanged for table, counts in report.tables.items()})
        second = ingest(config_path(f"sources/{name}.yaml"), exported.folder, exported.workspace)
        assert not second.changed
    assert dict(found) == again["table"].value_counts().to_dict()


def test_identifiers_arrive_plain_whatever_was_typed(exported) -> None:
    there = exported.lake.read("ledger_node")
    truth = exported.truth("node")
    for system, rows in truth.groupby("system"):
        assert set(there.loc[there["system"] == system, "source_id"]) == set(rows["source_id"])
    assert len(exported.faults("full_width")) > 10
    links = exported.lake.read("ledger_link")
    for name in ("child_id", "parent_id"):
        assert links[name].astype("str").str.isascii().all()


def test_names_stay_as_written(exported) -> None:
    names = exported.lake.read("ledger_node")["name"].astype("str")
    assert names.str.contains("[號區變線]").any()
    assert names.str.contains("[０-９]").any()


def test_the_newest_version_wins_whatever_file_it_came_in(exported) -> None:
    old = exported.faults("batches", "superseded")
    assert set(old["system"]) == {"marketing", "assets", "topology", "collection"}
    nodes = exported.lake.read("ledger_node")
    nodes.index = pd.Index(nodes["system"].astype("str") + ":" + nodes["source_id"].astype("str"))
    mine = nodes.loc[[s for s in old["subject"] if ":" in s]]
    assert not (mine["rating_kva"] == 30).any()
    assert not (mine["longitude"] == 118.0).any()
    assert not (mine["name"] == "未命名台区").any()
    customers = exported.lake.read("ledger_customer").set_index("customer_id")["contract_kva"]
    assert (customers.loc[[s for s in old["subject"] if ":" not in s]] >= 4).all()


def test_late_rows_are_there_and_known_late(exported) -> None:
    nodes = exported.lake.read("ledger_node")
    late = nodes[nodes["available_at"] - nodes["valid_from"] > pd.Timedelta(days=200)]
    accepted = exported.faults("batches", "accepted")
    assert len(accepted)
    assert set(late["system"].astype("str") + ":" + late["source_id"].astype("str")) & set(accepted["subject"])


def test_loads_are_placed_right_on_a_clock_that_goes_back(exported, export_territory: Territory) -> None:
    """Of a pair of hours that shows one time, both stand where they belong; corrections win."""
    frame = exported.lake.read("node_load", columns=["node_id", "start_utc", "load_kw"])
    row = frame["node_id"].map({node: i for i, node in enumerate(export_territory.node_ids)}).to_numpy()
    hour = ((frame["start_utc"] - export_territory.start) // pd.Timedelta(hours=1)).to_numpy()
    truth = export_territory.load_kw[row, hour]
    np.testing.assert_allclose(frame["load_kw"], truth, atol=2e-3)
    autumn = pd.date_range("2025-10-26T00:00Z", periods=2, freq="h", unit="us")
    counts = frame["start_utc"].value_counts().reindex(autumn)
    assert (counts >= 0.9 * len(export_territory.node_ids)).all()
    first = export_territory.load_kw.shape[1] - 24 * exported.config.load_days
    expected = np.isfinite(export_territory.load_kw[:, first:]).sum()
    assert 0 <= expected - len(frame) <= 5


def test_voltages_and_use_arrive_by_the_hour_they_were_measured(exported, export_territory: Territory) -> None:
    volts = exported.lake.read("meter_voltage")
    assert volts["start_utc"].min() == export_territory.end - pd.Timedelta(days=90)
    assert volts["start_utc"].max() == export_territory.end - pd.Timedelta(hours=1)
    assert volts.groupby("start_utc").size().median() > 190
    use = exported.lake.read("consumption")
    assert (use["start_utc"].dt.hour == 16).all()


@pytest.mark.slow
def test_a_territory_of_the_default_size_goes_through(tmp_path: Path) -> None:
    from features.demo.exports import ExportConfig, write_exports
    from features.workspace import Workspace

    summary = write_exports(ExportConfig(), tmp_path / "data")
    assert summary.files["col_voltages.parquet"] > 8_000_000
    workspace = Workspace(tmp_path / "workspace")
    reports = [ingest(config_path(f"sources/{name}.yaml"), tmp_path / "data", workspace) for name in SOURCES]
    faults = pd.read_parquet(tmp_path / "data" / "truth" / "fault.parquet")
    count = sum(table.quarantined.total() for report in reports for table in report.tables.values())
    assert count == faults["expected"].str.startswith("quarantine:").sum()
    assert all(table.balanced for report in reports for table in report.tables.values())
