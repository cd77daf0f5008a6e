"""`headroom ingest`: exit codes, the table a person reads, and the same as JSON."""

import json
from pathlib import Path

from click.testing import CliRunner

from serving.cli import group

MAPPING = """\
name: small
tables:
  - table: node_load
    files: load.csv
    columns:
      node_id: id
      start_utc: stamp
      load_kw: kw
      available_at: {after: start_utc, delay_minutes: 60}
"""


def prepared(
    folder: Path, mapping: str = MAPPING, text: str = "id,stamp,kw\na,2024-01-01,1\na,2024-01-02,x\n"
) -> list[str]:
    (folder / "source.yaml").write_text(mapping, encoding="utf-8")
    (folder / "load.csv").write_text(text, encoding="utf-8")
    return ["ingest", str(folder / "source.yaml"), "--data", str(folder), "--workspace", str(folder / "ws")]


def test_counts_and_reasons_are_shown(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, prepared(tmp_path))
    assert result.exit_code == 0
    assert "node_load" in result.stdout
    assert "BAD_NUMBER" in result.stdout
    assert "not a number" in result.stdout
    again = CliRunner().invoke(group, prepared(tmp_path))
    assert again.exit_code == 0
    assert "Nothing new" in again.stdout


def test_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, [*prepared(tmp_path), "--json"])
    table = json.loads(result.stdout)["tables"]["node_load"]
    assert table["rows_in"] == table["accepted"] + table["superseded"] + sum(table["quarantined"].values()) == 2


def test_what_is_wrong_is_said_with_code_2(tmp_path: Path) -> None:
    cases = [
        ("nonsense", MAPPING + "nonsense: 1\n", "id,stamp,kw\n"),
        ("no column 'kw'", MAPPING, "id,stamp\na,2024-01-01\n"),
        ("cannot be read", MAPPING, "id,stamp,kw\n\udcff".encode("utf-8", "surrogateescape")),
    ]
    for message, mapping, text in cases:
        arguments = prepared(tmp_path, mapping)
        (tmp_path / "load.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        result = CliRunner().invoke(group, arguments)
        assert result.exit_code == 2
        assert message in result.stderr
        assert "Traceback" not in result.stderr
    assert not (tmp_path / "ws" / "lake").exists()


def test_help(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, ["ingest", "--help"])
    assert result.exit_code == 0
    assert "quarantine" in result.stdout
