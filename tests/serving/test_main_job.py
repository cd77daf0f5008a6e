"""The main job on a tiny territory, once; everything after it is asked of the workspace it leaves."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.lake import Lake
from features.workspace import Workspace
from serving.capacity import compute_capacity, publish_capacity
from serving.cli import group
from serving.cli.progress import Steps
from serving.decisions.policy import CapacityPolicy
from serving.publish import list_publications, read_publication
from training.registry import champion

# The whole main job takes half a minute.
pytestmark = pytest.mark.slow

SIZE = ("--areas", "6", "--customers", "30", "--years", "2", "--seed", "11")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, Any]]:
    """The workspace and the document the command printed. The model is made smaller still than the demo's."""
    root = tmp_path_factory.mktemp("main job")
    configs = root / "configs"
    _copy_configs(configs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADROOM_CONFIGS", str(configs))
        result = run("demo", *SIZE, "--trials", "2", "--workspace", str(root / "workspace"), "--json")
        assert result.exit_code == 0, result.output
        yield Workspace(root / "workspace"), json.loads(result.stdout)


def _copy_configs(target: Path) -> None:
    from features.configs import configs_dir

    shutil.copytree(configs_dir(), target)
    light = "booster: {rounds: 10, max_rows: 3000, leaves: 7}\ncalibration: {max_issues: 5}\n"
    (target / "demo" / "demand.yaml").write_text(light)
    study = "study: {folds: 1, max_rows: 1500, max_scored_rows: 1500, finalists: 0}"
    space = f"parameters: {{booster.rounds: {{low: 10, high: 14}}}}\n{study}\n"
    (target / "demo" / "demand.space.yaml").write_text(space)


def test_it_leaves_everything_that_serves(done: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, document = done
    assert champion(workspace, "demand") is not None
    assert champion(workspace, "peak") is not None
    latest = read_publication(workspace)
    assert latest.id == document["publication"]["id"]
    frame = latest.capacity()
    ledger = Lake(workspace.lake).valid("node", at=latest.provenance.now)
    assert set(frame["node_id"]) == set(ledger["node_id"])
    assert document["summary"]["areas"] == 6
    assert latest.provenance.data_hash == Lake(workspace.lake).fingerprint()


def test_it_tells_the_publication_not_something_else(done: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, document = done
    frame = read_publication(workspace).capacity().set_index("node_id")
    for row in document["tightest"] + document["roomiest"]:
        assert row["open_kva"] == frame.loc[row["node_id"], "open_kva"]
        assert row["reason"] == frame.loc[row["node_id"], "reason"]
    page = Path(document["report"]).read_text(encoding="utf-8")
    assert document["publication"]["id"] in page
    assert "Forecast against what happened" in page
    assert all(name in page for name in frame["name"] if frame.set_index("name").loc[name, "kind"] == "feeder")


def test_the_gate_kept_its_account(done: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = done
    account = json.loads((workspace.root / "gate.json").read_text(encoding="utf-8"))
    for table in account["tables"].values():
        assert table["rows_in"] == table["accepted"] + table["superseded"] + sum(table["quarantined"].values())
    assert sum(sum(table["quarantined"].values()) for table in account["tables"].values()) > 0


def test_running_it_again_changes_no_figure(done: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, document = done
    result = run("demo", *SIZE, "--trials", "2", "--workspace", str(workspace.root), "--json")
    assert result.exit_code == 0, result.output
    again = json.loads(result.stdout)
    assert again["publication"]["new"] is False
    assert again["publication"]["content_hash"] == document["publication"]["content_hash"]
    assert all(model["reused"] for model in again["models"].values())
    assert len(list_publications(workspace)) == 1


def test_another_territory_is_refused_in_the_same_workspace(done: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = done
    result = run("demo", "--areas", "7", "--workspace", str(workspace.root))
    assert result.exit_code == 2
    assert "holds other data" in result.output


@pytest.mark.parametrize("text", ["", "{ cut off", "[]", '{"areas": 6}', '{"config": 3}', "\udcff"])
def test_a_damaged_marker_is_a_message_not_a_traceback(tmp_path: Path, text: str) -> None:
    (tmp_path / "demo.json").write_bytes(text.encode(errors="surrogateescape"))
    result = run("demo", *SIZE, "--workspace", str(tmp_path))
    assert result.exit_code == 2, result.output
    assert "demo.json" in result.output
    assert "damaged" in result.output


def test_publishing_the_same_inputs_changes_nothing_and_says_so(done: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, document = done
    result = run("publish", "capacity", "--workspace", str(workspace.root))
    assert result.exit_code == 0, result.output
    assert "unchanged" in result.output
    assert document["publication"]["id"] in result.output
    assert len(list_publications(workspace)) == 1


def test_another_policy_is_another_publication_that_is_never_more_generous(
    done: tuple[Workspace, dict[str, Any]],
) -> None:
    workspace, _ = done
    first, made_from = compute_capacity(workspace)
    coarse, other = compute_capacity(workspace, policy=CapacityPolicy(round_kva=50))
    assert made_from.config_hash != other.config_hash
    assert made_from.data_hash == other.data_hash
    known = first["open_kva"].notna()
    assert (coarse.loc[known, "open_kva"] <= first.loc[known, "open_kva"]).all()


def test_a_publication_of_an_earlier_moment_uses_only_what_was_known(done: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = done
    now = read_publication(workspace).provenance.now - pd.Timedelta(days=20)
    made = publish_capacity(workspace, now=now)
    assert made.fresh
    assert made.provenance.now == now
    assert publish_capacity(workspace, now=now).content_hash == made.content_hash


def test_the_report_can_be_asked_with_a_publication(done: tuple[Workspace, dict[str, Any]], tmp_path: Path) -> None:
    workspace, _ = done
    page = tmp_path / "page.html"
    result = run("publish", "capacity", "--workspace", str(workspace.root), "--report", str(page), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["id"] in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("publish", "capacity"), "no peak model serves"),
        (("train", "demand"), "ingest a source first"),
        (("train", "peak"), "ingest a source first"),
        (("train", "demand", "--config", "nowhere.yaml"), "cannot be read"),
    ],
)
def test_an_empty_workspace_is_a_message_not_a_traceback(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments, "--workspace", str(tmp_path / "none"))
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [("demo",), ("publish", "capacity"), ("train", "demand"), ("train", "peak")])
def test_help_names_the_common_options(command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "--workspace" in result.output
    assert "--json" in result.output


def test_steps_are_timed() -> None:
    with Steps(quiet=True) as say:
        say("one")
        say("two")
    assert [step for step, _ in say.done] == ["one", "two"]


def test_a_step_that_failed_is_not_called_done() -> None:
    broken = Steps(quiet=True)

    def fail() -> None:
        with broken as say:
            say("three")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert broken.done == []
