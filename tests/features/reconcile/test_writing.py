"""What a run writes: what changed, once; what stands no longer ends; what a source wrote itself is left alone."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.lake import Lake
from features.reconcile.rows import framed
from features.reconcile.writing import append_changes
from tests.features.reconcile.conftest import START


def day(number: float) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def customer(customer_id: str, area_id: str, known: float = 0.0, **more: Any) -> dict[str, Any]:
    times = {"valid_from": START, "valid_to": pd.NaT, "available_at": day(known)}
    return (
        {"customer_id": customer_id, "area_id": area_id, "customer_class": "public", "contract_kva": 8.0} | times | more
    )


def asked(application_id: str, known: float = 0.0, **more: Any) -> dict[str, Any]:
    facts = {"node_id": "A1", "kind": "new", "customer_class": "public", "requested_kva": 30.0, "status": "submitted"}
    return {"application_id": application_id, "submitted_at": START, "available_at": day(known)} | facts | more


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def write(lake: Lake, table: str, *rows: dict[str, Any]) -> int:
    return append_changes(lake, table, framed(table, list(rows)))


def test_the_same_rows_write_nothing(lake: Lake) -> None:
    assert write(lake, "customer", customer("K1", "A1"), customer("K2", "A1")) == 2
    assert write(lake, "customer", customer("K1", "A1"), customer("K2", "A1", known=3)) == 0


def test_a_change_counts_from_when_it_was_known_and_never_before_what_it_replaces(lake: Lake) -> None:
    write(lake, "customer", customer("K1", "A1", known=5))
    assert write(lake, "customer", customer("K1", "A2", known=2)) == 1
    assert lake.read("customer")["area_id"].tolist() == ["A2"]
    assert lake.read("customer", as_of=day(4)).empty


def test_what_is_gone_ends(lake: Lake) -> None:
    write(lake, "customer", customer("K1", "A1"), customer("K2", "A1"))
    assert write(lake, "customer", customer("K1", "A1", known=1)) == 1
    ended = lake.read("customer").set_index("customer_id")["valid_to"]
    assert ended.isna().to_dict() == {"K1": True, "K2": False}
    assert write(lake, "customer", customer("K1", "A1", known=1)) == 0


def test_what_a_source_wrote_itself_is_not_ended(lake: Lake) -> None:
    lake.append("customer", framed("customer", [customer("K9", "A9")]), "utility:1")
    write(lake, "customer", customer("K1", "A1"))
    assert lake.read("customer")["valid_to"].isna().all()
    lake.append("application", framed("application", [asked("Y9")]), "utility:1")
    write(lake, "application", asked("Y1"))
    assert write(lake, "application") == 1
    assert lake.read("application").set_index("application_id")["status"].to_dict() == {
        "Y1": "withdrawn",
        "Y9": "submitted",
    }


def test_an_application_that_turns_out_to_repeat_another_is_promised_once(lake: Lake) -> None:
    write(lake, "application", asked("Y2", known=6))
    write(lake, "application", asked("Y1", known=2))
    standing = lake.read("application").set_index("application_id")
    assert standing["status"].to_dict() == {"Y1": "submitted", "Y2": "withdrawn"}
    # As it was known before, the second stood alone.
    assert lake.read("application", as_of=day(6))["application_id"].tolist()[-1] == "Y2"
    assert write(lake, "application", asked("Y1", known=2)) == 0


def test_one_that_was_taken_back_comes_back(lake: Lake) -> None:
    first = asked("Y1", known=1)
    write(lake, "application", first, asked("Y2", known=1))
    write(lake, "application", asked("Y2", known=1))
    assert write(lake, "application", first, asked("Y2", known=1)) == 1
    assert lake.read("application").set_index("application_id")["status"].to_dict() == {
        "Y1": "submitted",
        "Y2": "submitted",
    }
    assert write(lake, "application", first, asked("Y2", known=1)) == 0


def test_every_stage_is_a_version(lake: Lake) -> None:
    later = asked("Y1", known=4, status="surveyed", surveyed_at=day(4))
    assert write(lake, "application", asked("Y1"), later) == 2
    assert lake.read("application", as_of=day(1))["status"].tolist() == ["submitted"]
    assert lake.read("application")["status"].tolist() == ["surveyed"]
