"""`headroom demo-exports`: what it writes, what it says, and which rates it refuses."""

import json
from pathlib import Path

from click.testing import CliRunner

from serving.cli import group

SMALL = ("--areas", "4", "--customers", "12", "--years", "2", "--load-days", "30", "--no-voltage")


def test_the_summary_is_told_as_json(tmp_path: Path) -> None:
    options = (*SMALL, "--rates", "0", "--rate", "capacity=0.5", "--json")
    result = CliRunner().invoke(group, ["demo-exports", str(tmp_path), *options])
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    assert document["faults"] == {"capacity": 2}
    assert document["files"]["col_voltages.parquet"] == 0
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == set(document["files"])


def test_the_text_says_what_to_ingest_and_in_which_order(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, ["demo-exports", str(tmp_path), *SMALL])
    assert result.exit_code == 0, result.output
    lines = [line.split()[2] for line in result.output.splitlines() if "headroom ingest" in line]
    assert [Path(line).stem for line in lines] == [
        f"demo_{n}" for n in ("sg186", "pms", "gis", "collection", "weather")
    ]
    assert "Planted faults" in result.output


def test_wrong_rates_are_refused(tmp_path: Path) -> None:
    for text, told in (
        ("capacities=0.1", "there is no kind"),
        ("capacity=much", "is no number"),
        ("capacity=0.9", "0.5"),
    ):
        result = CliRunner().invoke(group, ["demo-exports", str(tmp_path), *SMALL, "--rate", text])
        assert result.exit_code == 2
        assert told in result.output
    assert not list(tmp_path.iterdir())
