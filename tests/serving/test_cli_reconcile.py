"""`headroom reconcile`, `links` and `work-items`: exports in, an agreed network out, and people's part in it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from features.configs import config_path
from features.demo import DemoConfig
from features.demo.exports import KINDS, SOURCES, ExportConfig, Rates, write_exports
from features.ingest import ingest
from features.workspace import Workspace
from serving.cli import group

pytestmark = pytest.mark.slow

CONFIG = ExportConfig(
    territory=DemoConfig(substations=1, feeders=3, areas=12, customers=80, years=2),
    rates=Rates(**dict.fromkeys(KINDS, 0.1)),
    load_days=60,
)


def run(workspace: Path, *words: str) -> Result:
    return CliRunner().invoke(group, [*words, "--workspace", str(workspace)])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("reconcile")
    write_exports(CONFIG, folder / "data")
    for name in SOURCES:
        ingest(config_path(f"sources/{name}.yaml"), folder / "data", Workspace(folder / "ws"))
    result = run(folder / "ws", "reconcile", "--json")
    assert result.exit_code == 0, result.output
    return folder / "ws", json.loads(result.output)


def test_it_tells_what_was_linked_and_what_is_wrong(told: tuple[Path, dict]) -> None:
    _, document = told
    assert set(document["links"]) == {"node", "transformer", "parent", "area", "application", "repeats"}
    assert document["work_items"]["area_disagrees"]["open"] > 0
    assert document["applications"]["set_aside"] > 0
    assert document["written"]["link"] > 0


def test_running_it_again_says_that_nothing_is_new(told: tuple[Path, dict]) -> None:
    result = run(told[0], "reconcile")
    assert result.exit_code == 0
    assert "Nothing new" in result.output
    assert "systems hang a customer on different areas" in result.output


def test_without_ledgers_it_says_what_to_do(tmp_path: Path) -> None:
    result = run(tmp_path, "reconcile")
    assert result.exit_code == 2
    assert "ingest the systems' ledgers first" in result.output


def test_a_policy_with_an_unknown_key_is_refused(told: tuple[Path, dict], tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("votes: {marketing: 1}\n")
    result = run(told[0], "reconcile", "--policy", str(policy))
    assert result.exit_code == 2
    assert "votes" in result.output


def test_links_tell_score_and_evidence(told: tuple[Path, dict]) -> None:
    document = json.loads(run(told[0], "links", "A0001", "--json", "--limit", "500").output)
    relations = {row["relation"] for row in document["links"]}
    assert {"node", "transformer", "parent", "area"} <= relations
    assert all(0 < row["score"] <= 1 and isinstance(row["evidence"], dict) for row in document["links"])
    shown = run(told[0], "links", "--below", "0.97")
    assert shown.exit_code == 0
    assert run(told[0], "links", "A9999").exit_code == 2


def test_work_items_are_listed_by_org_unit_kind_and_state(told: tuple[Path, dict]) -> None:
    everything = json.loads(run(told[0], "work-items", "list", "--json", "--limit", "10000").output)
    company = json.loads(run(told[0], "work-items", "list", "--json", "--limit", "10000", "--org", "C1").output)
    hall = json.loads(run(told[0], "work-items", "list", "--json", "--limit", "10000", "--org", "H01").output)
    assert 0 < hall["found"] <= company["found"] <= everything["found"]
    assert all(row["hall_id"] == "H01" for row in hall["work_items"])
    one = json.loads(run(told[0], "work-items", "list", "--json", "--kind", "unmatched_application").output)
    assert {row["kind"] for row in one["work_items"]} == {"unmatched_application"}
    assert run(told[0], "work-items", "list", "--kind", "nonsense").exit_code == 2
    assert run(told[0], "work-items", "list", "--org", "H99").exit_code == 2


def test_a_settled_item_stays_settled(told: tuple[Path, dict], tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    shutil.copytree(told[0], workspace)
    listed = json.loads(run(workspace, "work-items", "list", "--json", "--kind", "area_disagrees").output)
    item = listed["work_items"][0]["work_item_id"]
    assert run(workspace, "work-items", "settle", item, "--note", "visited").exit_code == 0
    assert run(workspace, "work-items", "settle", item, "--note", "again").exit_code == 2
    assert run(workspace, "reconcile").exit_code == 0
    after = json.loads(run(workspace, "work-items", "list", "--json", "--state", "settled").output)
    assert [row["work_item_id"] for row in after["work_items"]] == [item]
    assert after["work_items"][0]["note"] == "visited"
