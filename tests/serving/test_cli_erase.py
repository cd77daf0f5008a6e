"""`headroom erase`: asks before it removes, removes one customer, and says how much that was."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from serving.cli import group


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace that knows who two customers are."""
    contract, since = CONTRACTS["identity"], pd.Timestamp("2024-01-01", tz="UTC")
    frame = pd.DataFrame({"customer_id": ["C1", "C2"], "name": ["张三丰", "李四光"]}).reindex(columns=contract.columns)
    frame = frame.assign(valid_from=since, valid_to=pd.to_datetime(pd.Series([None, None]), utc=True))
    Lake(tmp_path / "lake").append("identity", as_contract(contract, frame.assign(available_at=since)), "first")
    return tmp_path


def run(root: Path, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(group, ["erase", *arguments, "--workspace", str(root)], input=answer)


def known(root: Path) -> list[str]:
    return list(Lake(root / "lake").read("identity")["customer_id"])


def test_nothing_is_erased_unless_it_is_meant(root: Path) -> None:
    assert run(root, "C1", answer="n\n").exit_code == 1
    assert run(root, "C1").exit_code == 1
    assert known(root) == ["C1", "C2"]
    assert run(root, "C1", answer="y\n").exit_code == 0
    assert known(root) == ["C2"]


def test_what_a_killed_ingest_left_is_removed(root: Path) -> None:
    left = root / "ingest-mine-0123456789abcdef"
    left.mkdir()
    (left / "lock").touch()
    (left / "rows.accepted").write_text("张三丰", encoding="utf-8")
    assert run(root, "C1", "--yes").exit_code == 0
    assert not left.exists()


def test_it_says_how_much_was_removed(root: Path) -> None:
    assert json.loads(run(root, "C2", "--yes", "--json").stdout) == {"customer_id": "C2", "rows_removed": 1}
    again = run(root, "C2", "--yes")
    assert again.exit_code == 0
    assert "nothing personal" in again.stdout
    assert known(root) == ["C1"]
