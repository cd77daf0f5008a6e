"""`headroom promote` and `headroom rollback`: what is printed, what is refused, and with which exit code."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.workspace import Workspace
from serving.cli import group
from training.promotion import Check, Force, PromotionPolicy, Reason, Verdict
from training.registry import promote, register


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments)


def verdict(promoted: bool, nodes: int = 3, **more: Any) -> Verdict:
    table = pd.DataFrame(
        {
            "champion": 2.0,
            "challenger": [2.0 + number for number in range(nodes)],
            "difference": [number / 10 for number in range(nodes)],
            "low": 0.0,
            "high": float("nan"),
            "worse_by": -0.5,
            "blocks": 9,
        },
        index=pd.Index([f"A{number:03d}" for number in range(nodes)], name="node_id"),
    ).sort_values("difference", ascending=False)
    reason = Reason("BETTER", "It is better.") if promoted else Reason("WORSE", "Over 3 node(s) it loses more.")
    checks = (Check("non_inferior", 0.03, "< 0.01", promoted, "the loss is at most +3.0% different"),)
    fields = {"serving_version": 5 if promoted else 2, "champion": 2, "judged_champion": 1, "window": "27 local days"}
    return Verdict("demand", 4, promoted, reason, checks=checks, table=table, **{**fields, **more})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command asked the gate, which answers with `answer`."""
    kept: dict[str, Any] = {"answer": verdict(True)}

    def gate(
        workspace: Workspace, name: str, policy: PromotionPolicy, version: int | None, force: Force | None, say: Any
    ) -> Verdict:
        kept.update(name=name, policy=policy, version=version, force=force)
        found: Verdict = kept["answer"]
        return found

    monkeypatch.setattr("training.promotion.promote_challenger", gate)
    return kept


def test_a_promotion_is_told_with_its_table_and_ends_with_0(asked: dict[str, Any], tmp_path: Path) -> None:
    done = run("promote", "demand", "--workspace", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert (asked["name"], asked["version"], asked["force"], asked["policy"]) == (
        "demand",
        None,
        None,
        PromotionPolicy(),
    )
    for text in ("A002", "+20.0%", "non_inferior", "It is better.", "version 5 serves, version 4 fitted on all data"):
        assert text in done.stdout


def test_a_refusal_ends_with_1_and_shows_table_and_reason(asked: dict[str, Any], tmp_path: Path) -> None:
    asked["answer"] = verdict(False, nodes=40)
    done = run("promote", "demand", "--version", "4", "--workspace", str(tmp_path))
    assert done.exit_code == 1
    assert asked["version"] == 4
    for text in ("A039", "A000", "(20 more)", "NO", "it loses more", "version 4 is refused, version 2 goes on serving"):
        assert text in done.stdout
    assert "A015" not in done.stdout


def test_the_verdict_as_json_is_complete_and_strict(asked: dict[str, Any], tmp_path: Path) -> None:
    asked["answer"] = verdict(False, figures={"difference": 0.03, "difference_low": float("nan")})
    done = run("promote", "demand", "--json", "--workspace", str(tmp_path))
    assert done.exit_code == 1
    told = json.loads(done.stdout, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    assert told["reason"] == {"code": "WORSE", "sentence": "Over 3 node(s) it loses more."}
    assert told["figures"] == {"difference": 0.03, "difference_low": None}
    assert [one["node_id"] for one in told["nodes"]] == ["A002", "A001", "A000"]
    assert told["checks"][0]["passed"] is False


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--force"], "--by"),
        (["--force", "--by", "Li"], "--why"),
        (["--force", "--by", " ", "--why", "text"], "recorded"),
        (["--by", "Li"], "belong to --force"),
        (["--window-days", "4"], "window-days 4"),
        (["--window-days", "0"], "--window-days"),
        (["--policy", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_options_that_say_nothing_are_refused_in_words(
    asked: dict[str, Any], tmp_path: Path, options: list[str], word: str
) -> None:
    done = run("promote", "demand", *options, "--workspace", str(tmp_path))
    assert done.exit_code == 2
    assert word in done.stderr
    assert "name" not in asked


def test_force_and_a_shorter_window_reach_the_gate(asked: dict[str, Any], tmp_path: Path) -> None:
    options = ["--force", "--by", "Li", "--why", "the old one fails at night", "--window-days", "16"]
    assert run("promote", "demand", *options, "--workspace", str(tmp_path)).exit_code == 0
    assert asked["force"] == Force("Li", "the old one fails at night")
    assert (asked["policy"].window_days, asked["policy"].min_window_days) == (16, 16)


def test_rollback_and_history_say_what_served_and_who_decided(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    for number in (1, 2):
        (artifact / "model.txt").write_text(str(number))
        register(workspace, "demand", artifact, {}, {}, {}, {})
        promote(workspace, "demand", number, {"reason": "BETTER", "sentence": f"found {number}"})
    where = ("--workspace", str(workspace.root))
    assert run("rollback", "demand", "--by", "Li", *where).exit_code == 2
    done = run("rollback", "demand", "--by", "Li", "--why", "wrong at night", *where)
    assert "version 1 serves again" in done.stdout
    told = json.loads(run("models", "history", "demand", "--json", *where).stdout)
    assert [(one["version"], one["previous"]) for one in told] == [(1, None), (2, 1), (1, 2)]
    table = run("models", "history", "demand", *where).stdout
    for text in ("found 2", "ROLLBACK", "Li", "wrong at night"):
        assert text in table
    first = run("rollback", "demand", "--by", "Li", "--why", "further", *where)
    assert first.exit_code == 2
    assert "no earlier champion" in first.stderr
