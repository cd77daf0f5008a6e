"""A mended ledger row flows through to what is published next; what was published stays as it was."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from features.configs import config_path
from features.demo import DemoConfig
from features.demo.exports import KINDS, SOURCES, ExportConfig, Rates, write_exports
from features.ingest import ingest
from features.lake import Lake
from features.workspace import Workspace
from serving.cli import group
from serving.publish import read_publication

BEFORE, MENDED = "2025-12-31T06:00:00", pd.Timestamp("2025-12-31T10:00", tz="UTC")
CONFIG = ExportConfig(
    territory=DemoConfig(substations=1, feeders=3, areas=12, customers=60, years=2),
    rates=Rates(**(dict.fromkeys(KINDS, 0.0) | {"unmatched_application": 0.2})),
    load_days=730,
    voltage=False,
)


def run(workspace: Path, *words: str) -> dict:
    result = CliRunner().invoke(group, [*words, "--workspace", str(workspace), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def mend(lake: Lake, table: str, key: str, value: str, **change: object) -> None:
    rows = lake.read(table, where={key: [value]})
    rows = rows.drop_duplicates(key, keep="last").assign(available_at=MENDED, **change)
    lake.append(table, rows.reset_index(drop=True), f"mend {value}")


@pytest.mark.slow
def test_a_mended_rating_and_a_released_application_change_what_is_published_next(tmp_path: Path) -> None:
    write_exports(CONFIG, tmp_path / "data")
    root = tmp_path / "ws"
    for name in SOURCES:
        ingest(config_path(f"sources/{name}.yaml"), tmp_path / "data", Workspace(root))
    run(root, "reconcile", "--as-of", BEFORE)
    run(root, "train", "peak", "--promote")
    first = run(root, "publish", "capacity", "--now", f"{BEFORE}Z")
    workspace, lake = Workspace(root), Lake(root / "lake")
    then = read_publication(workspace, first["id"]).capacity().set_index("node_id")

    bank = lake.read("transformer").drop_duplicates("node_id", keep=False)
    bank = bank[bank["node_id"].str.startswith("A")].iloc[0]
    mend(lake, "ledger_node", "source_id", bank["transformer_id"], rating_kva=4 * bank["rating_kva"])
    aside = lake.read("work_item", where={"kind": ["unmatched_application"]})
    name = str(aside["subject"].iloc[0])
    number = lake.read("link", where={"to_id": [bank["node_id"]], "relation": ["node"]})["from_id"]
    number = number[number.str.startswith("marketing:")].iloc[0]
    mend(lake, "ledger_application", "application_id", name, area_id=number.removeprefix("marketing:"))
    run(root, "reconcile")
    second = run(root, "publish", "capacity")
    now = read_publication(workspace, second["id"]).capacity().set_index("node_id")

    assert now.at[bank["node_id"], "limit_kw"] == pytest.approx(4 * then.at[bank["node_id"], "limit_kw"])
    released = lake.read("application", where={"application_id": [name]})
    assert released["node_id"].tolist() == [bank["node_id"]]
    assert lake.read("work_item", where={"subject": [name]})["state"].tolist() == ["resolved"]
    again = read_publication(workspace, first["id"]).capacity().set_index("node_id")
    pd.testing.assert_frame_equal(again, then)
    # Asked as of the earlier moment, the same was known as then.
    assert run(root, "publish", "capacity", "--now", f"{BEFORE}Z")["id"] == first["id"]
