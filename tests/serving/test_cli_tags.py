"""`headroom tags`: the page in docs is what the YAML says; who holds what, and held, and why; runs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from features.workspace import Workspace
from serving.cli.tags import command
from serving.state import open_state
from serving.tags import TagStore, load_definitions, tag_customers
from tests.serving.decisions.tags.tagging import day, inputs_of, tag, tags_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tags.md"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A workspace with two runs: C0 is tagged in the first and not any more after the second, C1 is not known."""
    engine = open_state(Workspace(tmp_path).state_url)
    store, definitions = TagStore(engine), tags_of(tag(name={"english": "large", "chinese": "大户"}))
    tag_customers(inputs_of([11, None]), (), definitions, store, day(0), day(0))
    tag_customers(inputs_of([3, None]), (), definitions, store, day(30), day(30))
    engine.dispose()
    return str(tmp_path)


def test_the_page_in_docs_is_what_the_command_prints() -> None:
    result = run("definitions", "--markdown")
    assert result.exit_code == 0
    # Written anew by: headroom tags definitions --markdown > docs/tags.md
    assert result.stdout_bytes == PAGE.read_bytes()


def test_every_definition_is_told_in_the_page_the_table_and_the_json() -> None:
    page, table = PAGE.read_text(encoding="utf-8"), run("definitions").stdout
    told = {one["code"]: one for one in json.loads(run("definitions", "--json").stdout)["tags"]}
    for one in load_definitions().tags:
        assert f"| `{one.code}` | {one.name.english} {one.name.chinese} |" in page
        assert one.code in table
        assert told[one.code]["meaning"]["chinese"] == one.meaning.chinese
    assert run("definitions", "--json", "--markdown").exit_code == 2


def test_what_a_customer_holds_and_held(root: str) -> None:
    before = json.loads(run("show", "C0", "--at", "2026-01-15", "--json", "--workspace", root).stdout)
    (one,) = before["tags"]
    assert (one["tag"], one["chinese"], one["status"]) == ("tag", "大户", "held")
    assert one["evidence"] == [{"input": "a", "value": 11, "direction": "above", "enter": 10, "exit": 8}]
    assert json.loads(run("show", "C0", "--json", "--at", "2026-01-31", "--workspace", root).stdout)["tags"] == []
    shown = run("show", "C1", "--at", "2026-01-15", "--workspace", root).stdout
    assert "unknown" in shown
    assert "a ?" in shown


def test_runs_and_how_it_was(root: str) -> None:
    (newest, first) = json.loads(run("runs", "--json", "--workspace", root).stdout)["runs"]
    assert (first["as_of"], first["customers"], first["changes"]) == ("2026-01-01T00:00:00+00:00", 2, 2)
    assert newest["run_id"] in run("runs", "--workspace", root).stdout
    then = json.loads(run("replay", "--at", "2026-01-15", "--json", "--workspace", root).stdout)
    assert (then["run_id"], then["tags"][0]["held"], then["tags"][0]["unknown"]) == (first["run_id"], 1, 1)
    # Nobody looked for longer than the tag lives.
    later = json.loads(run("replay", "--at", "2027-01-15", "--json", "--workspace", root).stdout)
    assert (later["tags"][0]["held"], later["tags"][0]["unknown"]) == (0, 2)
    assert "大户" in run("replay", "--at", "2026-01-15", "--workspace", root).stdout


def test_what_is_not_there_is_said(root: str, tmp_path: Path) -> None:
    assert "ghost" in str(run("show", "ghost", "--workspace", root).exception)
    assert "2025" in str(run("replay", "--at", "2025-12-01", "--workspace", root).exception)
    assert "nobody was tagged" in str(run("runs", "--workspace", str(tmp_path / "none")).exception)
