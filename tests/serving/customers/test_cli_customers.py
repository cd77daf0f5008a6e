"""`headroom customers`: lists, counts, files, portraits and pulls, for the person who owns the workspace."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.errors import HeadroomError
from features.workspace import Workspace
from serving.cli.customers import command


@pytest.fixture
def run(known_workspace: Workspace, copied: Callable[[Workspace], Workspace]) -> Callable[..., Result]:
    root = copied(known_workspace).root

    def called(*arguments: str) -> Result:
        return CliRunner().invoke(command, [*arguments, "--workspace", str(root)])

    return called


def test_customers_are_listed_counted_and_told_as_json(run: Callable[..., Result]) -> None:
    expression = 'tag("high_value") and not tag("may_leave")'
    text = run("query", expression, "--sort", "value_p50_cny", "--columns", "p_leave,value_p50_cny").output
    assert "6 of it cannot" not in text
    assert "C0034" in text
    told = json.loads(run("query", expression, "--json").output)
    assert told["total"] == 5
    assert "5 customers" in run("query", expression, "--count").output
    assert "张C0001" in run("query", 'area_id == "A2"', "--identity").output


def test_an_export_is_a_file(run: Callable[..., Result], tmp_path: Path) -> None:
    for name in ("all.csv", "all.parquet"):
        path = tmp_path / name
        assert "8 customers" in run("export", 'hall_id == "H2"', "--out", str(path)).output
        frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        assert len(frame) == 8
        assert "theft_score" in frame
    assert isinstance(run("export", "--out", str(tmp_path / "all.txt")).exception, HeadroomError)


def test_a_portrait_is_text_in_both_languages(run: Callable[..., Result]) -> None:
    text = run("portrait", "C0000", "--identity").output
    for said in ("张C0000", "Uses 5 kWh a day", "日均用电 5 千瓦时", "suspect", "A1"):
        assert said in text
    assert "日均" not in run("portrait", "C0000", "--language", "en").output
    assert json.loads(run("portrait", "C0000", "--json").output)["customer_id"] == "C0000"


def test_pulls_of_the_command_line_are_pulls(run: Callable[..., Result]) -> None:
    run("query", "value_p50_cny > 3")
    run("portrait", "C0001")
    text = run("pulls").output
    assert "local" in text
    assert "value_p50_cny > 3" in text
    told: list[dict[str, Any]] = json.loads(run("pulls", "--json").output)["pulls"]
    assert [one["route"] for one in told] == ["customers/portrait", "tags/query"]


def test_what_cannot_be_asked_is_said(run: Callable[..., Result]) -> None:
    assert "no column 'x'" in str(run("query", "x > 3").exception)
    assert "expression" in str(run("query", "a" * 3000).exception)
    assert "C9999 is unknown" in str(run("portrait", "C9999").exception)
