"""The commands: help that is fast and complete, errors without a traceback, tables that stay aligned."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from features.errors import ConfigError
from features.workspace import Workspace
from serving.access import ROLES, Permission
from serving.cli import COMMANDS, LazyGroup, group
from serving.cli.options import print_json
from serving.state import KeyStore, open_state

OWN = ("serve", "keys", "forecast", "capacity", "models")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments)


def table_lines(output: str) -> list[str]:
    """The lines of a rich table, which all have to be equally wide on a terminal."""
    return [line for line in output.splitlines() if line[:1] in "┏┃┡│└├"]


def test_help_lists_every_command_quickly_and_imports_none_of_them() -> None:
    code = (
        "import sys; from serving.cli import main; sys.argv = ['headroom', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'numpy', 'mlflow', 'bentoml', 'sqlalchemy', 'fastapi', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [name for name in COMMANDS if f"\n  {name} " in done.stdout] == list(COMMANDS)
    # The promise is half a second on a quiet machine; tests share theirs.
    assert time.perf_counter() - started < 2.0


@pytest.mark.parametrize("name", OWN)
def test_every_command_has_help_with_its_options(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0, result.output
    if name in ("keys", "models"):
        result = run(name, "list", "--help")
    assert "--workspace" in result.output
    assert "--json" in result.output


def test_an_error_raised_on_purpose_is_a_message_and_exit_code_2() -> None:
    @click.command(cls=LazyGroup, lazy={})
    def failing() -> None: ...

    @click.command()
    def inner() -> None:
        raise ConfigError("territory.yaml: unknown key `tzone`")

    failing.add_command(inner)
    failing.get_command = lambda _ctx, _name: inner
    result = CliRunner().invoke(failing, ["inner"])
    assert result.exit_code == 2
    assert result.stderr == "Error: territory.yaml: unknown key `tzone`\n"


def test_what_the_machine_refuses_is_a_message_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    result = run("keys", "list", "--workspace", str(tmp_path / "file" / "ws"))
    assert result.exit_code == 2
    assert result.stderr == f"Error: {tmp_path / 'file' / 'ws'}: Not a directory\n"


def test_settings_the_service_cannot_use_stop_it_before_it_starts(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text("treads: 4\n")
    result = run("serve", "--port", "39871", "--workspace", str(tmp_path))
    assert result.exit_code == 2
    assert "treads" in result.stderr


def test_json_says_null_where_a_figure_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"rows": [{"rcrps": float("nan"), "name": "幸福里"}], "most": (float("inf"), 1.5)})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"rows": [{"rcrps": None, "name": "幸福里"}], "most": [None, 1.5]}
    assert "NaN" not in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["capacity"], "no workspace"),
        (["forecast", "A1"], "no workspace"),
        (["serve", "--host", "not.an.address"], "--host"),
        (["capacity", "A1", "--org", "D1"], "either"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(tmp_path: Path, arguments: list[str], words: str) -> None:
    result = run(*arguments, "--workspace", str(tmp_path / "absent"))
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


class TestKeys:
    def test_a_key_is_printed_alone_once_and_works(self, tmp_path: Path) -> None:
        where = ("--workspace", str(tmp_path / "new"))
        result = run("keys", "add", "planner 1", "--role", "planner", *where)
        assert result.exit_code == 0, result.output
        key = result.stdout.strip()
        assert key.startswith("hr_")
        engine = open_state(Workspace(tmp_path / "new").state_url)
        who = KeyStore(engine).authenticate(key)
        engine.dispose()
        assert who is not None
        assert (who.role, who.org_unit) == ("planner", None)
        assert key not in run("keys", "list", *where).output

    def test_a_key_s_unit_has_to_exist(self, own: Any) -> None:
        where = ("--workspace", str(own.workspace.root))
        assert run("keys", "add", "east 2", "--org", "D1", *where).exit_code == 0
        wrong = run("keys", "add", "west", "--org", "D9", *where)
        assert wrong.exit_code == 2
        assert "D9" in wrong.stderr
        assert "城东供电部" in wrong.stderr

    def test_list_and_revoke_as_json(self, tmp_path: Path) -> None:
        where = ("--workspace", str(tmp_path / "new"), "--json")
        made = json.loads(run("keys", "add", "one", "--role", "marketing", *where).stdout)
        listed = json.loads(run("keys", "list", *where).stdout)
        assert listed == [{name: value for name, value in made.items() if name != "key"}]
        revoked = json.loads(run("keys", "revoke", "one", *where).stdout)
        assert revoked["revoked_at"] is not None
        assert run("keys", "revoke", "two", *where).exit_code == 2

    def test_an_unknown_role_names_the_known_ones(self, tmp_path: Path) -> None:
        result = run("keys", "add", "x", "--role", "boss", "--workspace", str(tmp_path / "new"))
        assert result.exit_code == 2
        assert all(f"'{role}'" in result.stderr for role in ROLES)
        assert not (tmp_path / "new").exists()

    def test_a_collector_s_key_is_for_the_whole_territory(self, own: Any) -> None:
        where = ("--workspace", str(own.workspace.root))
        refused = run("keys", "add", "meters", "--role", "collector", "--org", "D1", *where)
        assert refused.exit_code == 2
        assert "--org" in refused.stderr
        assert run("keys", "add", "meters", "--role", "collector", *where).exit_code == 0

    def test_help_lists_what_each_role_may_do(self) -> None:
        told = " ".join(run("keys", "add", "--help").stdout.split())
        for role, permissions in ROLES.items():
            granted = told.split(f" {role}: ", 1)[1].split(":", 1)[0]
            assert {one for one in Permission if one.value in granted} == set(permissions)


class TestCapacity:
    def test_tightest_first_and_the_unknown_last(self, own: Any) -> None:
        where = ("--workspace", str(own.workspace.root), "--json")
        tight = json.loads(run("capacity", *where).stdout)
        assert [row["node_id"] for row in tight["nodes"]] == ["A2", "A5", "A1", "A3", "A4"]
        roomy = json.loads(run("capacity", "--sort", "roomiest", *where).stdout)
        assert [row["node_id"] for row in roomy["nodes"]] == ["A3", "A1", "A5", "A2", "A4"]

    def test_by_unit_and_kind(self, own: Any) -> None:
        options = ("--org", "D1", "--kind", "feeder", "--kind", "substation", "--json")
        found = json.loads(run("capacity", *options, "--workspace", str(own.workspace.root)).stdout)
        assert [row["node_id"] for row in found["nodes"]] == ["F1", "S1"]

    def test_the_table_stays_aligned_with_chinese_names(self, own: Any) -> None:
        result = run("capacity", "--limit", "4", "--workspace", str(own.workspace.root))
        assert result.exit_code == 0, result.output
        lines = table_lines(result.stdout)
        assert len({cell_len(line) for line in lines}) == 1
        assert sum("台区" in line for line in lines) == 4
        assert "1 more" in result.stdout
        assert "assumed" in result.stdout

    def test_every_row_of_a_scenario_says_that_it_is_one(self, own: Any, helpers: Any) -> None:
        far = helpers.publish(own.workspace, horizon_days=1826)
        where = ("--publication", far.id, "--workspace", str(own.workspace.root))
        result = run("capacity", *where)
        lines = [line for line in table_lines(result.stdout) if "台区" in line]
        assert len(lines) == 5
        assert all("scenario BEYOND_FIRM_HORIZON" in line for line in lines)
        rows = json.loads(run("capacity", "--json", *where).stdout)["nodes"]
        assert {(row["standing"], row["standing_reason"]) for row in rows} == {("scenario", "BEYOND_FIRM_HORIZON")}
        assert "BEYOND_FIRM" not in run("capacity", "--workspace", str(own.workspace.root)).stdout

    def test_an_unknown_node_is_named(self, own: Any) -> None:
        result = run("capacity", "A1", "ZZ", "--workspace", str(own.workspace.root))
        assert result.exit_code == 2
        assert "ZZ" in result.stderr


class TestForecast:
    def test_rows_are_local_times_with_the_asked_quantiles(self, own: Any, flat: None) -> None:
        options = ("--horizon", "2", "--quantiles", "0.1,0.9", "--workspace", str(own.workspace.root))
        result = run("forecast", "A1", "S1", *options)
        assert result.exit_code == 0, result.output
        # 2026-01-01 00:00 UTC is eight in the morning in the territory.
        assert "2026-01-01 08:00" in result.stdout
        assert "110.0" in result.stdout
        assert "190.0" in result.stdout
        assert "NO_HISTORY" in result.stdout
        assert "P10 kW" in result.stdout

    def test_json_is_the_service_s_answer(self, own: Any, flat: None) -> None:
        options = ("--horizon", "1", "--json", "--workspace", str(own.workspace.root))
        answer = json.loads(run("forecast", "A1", *options).stdout)
        levels = [0.05, 0.25, 0.5, 0.75, 0.95]
        body = {"node_ids": ["A1"], "horizon_hours": 1, "quantiles": levels}
        assert answer == own.post("/v1/forecast", body).json()

    def test_explain_adds_the_groups_as_columns_and_nothing_else(self, own: Any, flat: None) -> None:
        options = ("--horizon", "1", "--quantiles", "0.5", "--workspace", str(own.workspace.root))
        shown = run("forecast", "A1", *options, "--explain")
        assert shown.exit_code == 0, shown.output
        titles = [cell.strip() for cell in table_lines(shown.stdout)[1].strip("┃").split("┃")]
        groups = [f"{group} kW" for group in ("level", "calendar", "weather", "recent residual", "events")]
        assert titles == ["from (local)", "P50 kW", *groups, "reason"]
        cells = [cell.strip() for cell in table_lines(shown.stdout)[3].strip("│").split("│")]
        assert cells[1:-1] == ["150.0", "50.0", "33.3", "66.7", "-1.2", "1.2"]
        assert "recent residual" not in run("forecast", "A1", *options).stdout

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            (["--horizon", "999"], "horizon_hours"),
            (["--quantiles", "0.5,2"], "quantiles"),
            (["--quantiles", "half"], "--quantiles"),
            (["--issue-time", "tomorrow"], "issue_time"),
            (["--assume", "epidemic"], "--assume"),
            (["--assume", "parade,2026-01-01T00:00:00Z"], "kind"),
            (["--totals", "--explain"], "--totals"),
        ],
    )
    def test_a_bad_option_is_named(self, own: Any, flat: None, options: list[str], word: str) -> None:
        result = run("forecast", "A1", *options, "--workspace", str(own.workspace.root))
        assert result.exit_code == 2
        assert word in result.stderr


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch, helpers: Any) -> None:
    """The commands read the tests' flat model instead of a trained one."""
    monkeypatch.setattr("training.demand.DemandModel", helpers.FlatModel)


def test_models_lists_versions_and_their_history(tmp_path: Path) -> None:
    from training.registry import promote, register

    workspace = Workspace(tmp_path / "workspace")
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    for text in ("first", "second"):
        (artifact / "model.txt").write_text(text)
        register(workspace, "demand", artifact, {"rcrps": 0.05}, {"trees": 3}, {}, {"data": text})
    where = ("--workspace", str(workspace.root))
    promote(workspace, "demand", 1, {"reason": "FIRST", "sentence": "Nothing served before."})
    listed = json.loads(run("models", "list", "demand", "--json", *where).stdout)
    assert [(one["version"], one["aliases"]) for one in listed] == [(1, ["champion"]), (2, ["challenger"])]
    table = run("models", "list", *where).stdout
    assert "champion" in table
    assert "rcrps 0.05" in table
    (told,) = json.loads(run("models", "history", "demand", "--json", *where).stdout)
    assert (told["version"], told["previous"], told["details"]["reason"]) == (1, None, "FIRST")
    assert "Nothing served before" in run("models", "history", "demand", *where).stdout
    missing = run("promote", "demand", "--version", "9", *where)
    assert missing.exit_code == 2
    assert "9" in missing.stderr
