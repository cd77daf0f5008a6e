"""The demo's files through the real gate: every row is accounted for, and what is refused is what was broken."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.configs import config_path
from features.contracts import CONTRACTS
from features.demo import DemoSummary, Territory, write_territory
from features.demo.territory import TABLES
from features.ingest import IngestReport, ingest, read_quarantine
from features.lake import Lake
from features.workspace import Workspace

Ingested = tuple[Workspace, IngestReport, DemoSummary]


@pytest.fixture(scope="module")
def ingested(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    folder = tmp_path_factory.mktemp("gate")
    summary = write_territory(small_territory, folder / "data")
    workspace = Workspace(folder / "workspace")
    return workspace, ingest(config_path("sources/demo.yaml"), folder / "data", workspace), summary


def test_every_row_is_accepted_or_refused_for_the_reason_it_was_broken_for(ingested: Ingested) -> None:
    _, report, summary = ingested
    refused: Counter[str] = Counter()
    for table in report.tables.values():
        assert table.balanced
        assert table.superseded == 0
        refused += table.quarantined
    assert dict(refused) == summary.broken
    assert sum(table.rows_in for table in report.tables.values()) == sum(summary.files.values())


def test_the_refused_lines_are_the_planted_ones(ingested: Ingested) -> None:
    workspace, report, _ = ingested
    planted = pd.read_parquet(workspace.root.parent / "data" / "truth" / "broken_row.parquet")
    refused = read_quarantine(Path(report.quarantine))
    found = {(Path(row.source_file).name, int(row.source_line), row.reason) for row in refused.itertuples()}
    assert found == set(planted[["file", "line", "reason"]].itertuples(index=False, name=None))


def test_refused_identities_are_kept_without_what_they_said(ingested: Ingested, small_territory: Territory) -> None:
    _, report, _ = ingested
    refused = read_quarantine(Path(report.quarantine))
    assert len(refused[refused["table"] == "identity"]) == 2
    people = small_territory.frame("identity")
    for raw in refused["raw"]:
        assert not any(text in raw for column in ("name", "phone", "address") for text in people[column])
    # Of the other files, whose rows say nobody's name, what was written is still there.
    assert refused.loc[refused["table"] == "work_order", "raw"].str.contains("受理内容").all()


@pytest.mark.parametrize("table", [name for name in TABLES if name != "node_load"])
def test_the_lake_holds_what_was_simulated(ingested: Ingested, small_territory: Territory, table: str) -> None:
    workspace, _, _ = ingested
    key = list(CONTRACTS[table].key)
    there, mine = Lake(workspace.lake).versions(table), small_territory.frame(table).copy()
    for frame in (there, mine):
        for column in frame.columns[frame.dtypes == "category"]:
            frame[column] = frame[column].astype("str")
    there = there.sort_values([*key, "available_at"], ignore_index=True)
    mine = mine.sort_values([*key, "available_at"], ignore_index=True)
    # The ledgers of the utility write times to the minute and capacities asked for to the kVA.
    pd.testing.assert_frame_equal(there, mine, rtol=1e-9, check_exact=False)


def test_the_current_load_of_the_lake_is_the_dense_one(ingested: Ingested, small_territory: Territory) -> None:
    workspace, _, _ = ingested
    frame = Lake(workspace.lake).read("node_load", columns=["node_id", "start_utc", "load_kw"])
    row = frame["node_id"].map({node: i for i, node in enumerate(small_territory.node_ids)})
    hour = (frame["start_utc"] - small_territory.start) // pd.Timedelta(hours=1)
    dense = np.full(small_territory.load_kw.shape, np.nan)
    dense[row.to_numpy(), hour.to_numpy()] = frame["load_kw"]
    np.testing.assert_allclose(dense, small_territory.load_kw, rtol=1e-9, atol=2e-3)
