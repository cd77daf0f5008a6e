"""`headroom allocate`: one application or a file of them; what is refused is said in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from features.workspace import Workspace
from serving.cli import LazyGroup

GROUP = LazyGroup("headroom", lazy={"allocate": "Say where applications connect."})


def run(workspace: Workspace, *words: str) -> Result:
    return CliRunner().invoke(GROUP, ["allocate", *words, "--workspace", str(workspace.root)])


def test_one_application_is_placed_with_its_alternatives(own: Any) -> None:
    result = run(own.workspace, "--node", "A1", "--kva", "10", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["assignments"][0]["node_id"] == "A1"
    assert told["assignments"][0]["alternatives"][0]["assigned"] is True
    assert told["committed"] is False
    assert told["assignments"][0]["reservation_id"] is None


def test_tables_say_who_connects_and_who_does_not(own: Any, tmp_path: Path) -> None:
    file = tmp_path / "asked.csv"
    file.write_text("request_id,kva,node_id,priority\n甲,10,A1,1\n乙,99999,A1,\n丙,10,A4,\n", encoding="utf-8")
    result = run(own.workspace, str(file))
    assert result.exit_code == 0, result.output
    for word in ("甲", "NO_ROOM_AREA", "DATA_POOR", "1 of 3 applications", "nothing serves more by weight"):
        assert word in result.output


def test_json_files_are_read_too(own: Any, tmp_path: Path) -> None:
    file = tmp_path / "asked.json"
    file.write_text(json.dumps([{"kva": 10, "node_id": "A1", "customer_class": "public"}]), encoding="utf-8")
    told = json.loads(run(own.workspace, str(file), "--by-class", "--json").stdout)
    assert told["totals"]["served"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give either a FILE"),
        (("--node", "A1"), "give either a FILE"),
        (("--node", "A1", "--at", "1", "2", "--kva", "3"), "give either a FILE"),
        (("--node", "A99", "--kva", "3"), "node A99 is unknown"),
        (("--kva", "3"), "neither an area nor a position"),
        (("--node", "A1", "--kva", "-3"), "not a number above zero"),
        (("--node", "A1", "--kva", "3", "--commit"), "request_id"),
        (("--node", "A1", "--kva", "3", "--class", "castle", "--by-class"), "customer_class"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(own: Any, words: tuple[str, ...], said: str) -> None:
    result = run(own.workspace, *words)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_what_is_committed_is_held(own: Any, tmp_path: Path) -> None:
    file = tmp_path / "asked.csv"
    file.write_text("request_id,kva,node_id\n甲,10,A1\n", encoding="utf-8")
    assert "all of it is held now" in run(own.workspace, str(file), "--commit").output
    assert "is held for 甲 already" in run(own.workspace, str(file), "--commit").output


@pytest.mark.parametrize("content", ["", "{}", "[1]", "[" * 5000, "[]"])
def test_files_that_hold_no_rows_are_refused(own: Any, tmp_path: Path, content: str) -> None:
    file = tmp_path / "asked.json"
    file.write_text(content, encoding="utf-8")
    result = run(own.workspace, str(file))
    assert result.exit_code == 2
    assert "request.file" in result.output
