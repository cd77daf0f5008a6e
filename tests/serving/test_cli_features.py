"""`headroom features`: the page in docs is what the code says, and the features of a moment are written as asked."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.behaviour import FEATURE_NAMES, FEATURES
from features.contracts import CONTRACTS
from features.demo import DemoConfig, simulate
from features.errors import ConfigError, NotFoundError
from features.lake import Lake
from serving.cli.features import command

PAGE = Path(__file__).resolve().parents[2] / "docs" / "features.md"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


@pytest.fixture(scope="session")
def village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a lake of thirty customers."""
    root = tmp_path_factory.mktemp("village")
    territory = simulate(DemoConfig(substations=1, feeders=1, areas=2, customers=30, years=2, weather_stations=1))
    lake = Lake(root / "lake")
    for name in ("customer", "meter", "consumption", "bill", "payment"):
        lake.append(name, territory.frame(name), "first")
    return root


def test_the_page_in_docs_is_what_the_command_prints() -> None:
    result = run("--markdown")
    assert result.exit_code == 0
    # Written anew by: headroom features --markdown > docs/features.md
    assert result.stdout_bytes == PAGE.read_bytes()


def test_the_page_tells_every_feature_and_leads_to_tables_that_are_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for one in FEATURES:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{one.name}` |"))
        assert one.chinese in row
        assert one.meaning in row
        assert one.window in row
        assert all(f"(contracts.md#{table})" in row for table in one.source)
    tables = (PAGE.parent / "contracts.md").read_text(encoding="utf-8")
    assert all(f"\n## {name}\n" in tables for name in CONTRACTS)


def test_a_person_and_a_program_see_all_of_them() -> None:
    shown = run()
    assert shown.exit_code == 0
    assert all(one.name in shown.stdout for one in FEATURES)
    listed = json.loads(run("--json").stdout)["features"]
    assert [one["name"] for one in listed] == list(FEATURE_NAMES)
    assert set(listed[0]) == {"name", "group", "unit", "window", "source", "meaning", "chinese"}
    assert run("--json", "--markdown").exit_code == 2


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_features_of_a_moment_are_written_with_what_is_known(ending: str, village: Path, tmp_path: Path) -> None:
    file = tmp_path / f"features.{ending}"
    result = run(
        *("build", "--workspace", str(village), "--as-of", "2025-12-31T12:00", "--output", str(file), "--json")
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    frame = pd.read_parquet(file) if ending == "parquet" else pd.read_csv(file, index_col="customer_id")
    assert tuple(frame.columns) == FEATURE_NAMES
    assert len(frame) == told["customers"] > 0
    assert frame.index.name == "customer_id"
    assert told["known_share"]["bill_12m_cny"] == 1
    assert told["known_share"]["contacts_12m"] == 0


def test_what_nobody_has_is_told(village: Path) -> None:
    result = run("build", "--workspace", str(village), "--as-of", "2025-12-31")
    assert result.exit_code == 0
    assert "contacts_12m" in result.stdout
    assert "customers as of 2025-12-31" in result.stdout


def test_a_file_of_another_kind_and_a_lake_without_customers_are_refused(village: Path, tmp_path: Path) -> None:
    assert isinstance(run("build", "--output", str(tmp_path / "features.xlsx")).exception, ConfigError)
    assert isinstance(run("build", "--workspace", str(tmp_path)).exception, NotFoundError)
    assert run("--markdown", "build").exit_code == 2
