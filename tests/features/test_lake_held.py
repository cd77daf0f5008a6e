"""A lake held in memory answers every reading as the lake itself does."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.lake.held import HeldLake, current_rows

START = pd.Timestamp("2024-01-01", tz="UTC")
DAY = pd.Timedelta(days=1)


def application(number: int, node: str, submitted: int, known: int, kva: float) -> dict:
    facts = {"application_id": f"Y{number}", "node_id": node, "kind": "new", "customer_class": "public"}
    stamps = {"submitted_at": START + submitted * DAY, "available_at": START + known * DAY}
    return {**facts, **stamps, "requested_kva": kva, "status": "submitted"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Versions of eight applications in three batches, some told of twice at the same moment."""
    lake = Lake(tmp_path_factory.mktemp("held") / "lake")
    contract = CONTRACTS["application"]
    for batch in range(3):
        rows = [
            application(number, "AB"[(number + batch) % 2], number + batch % 2, number % 4 + batch % 2, float(batch))
            for number in range(8)
            if (number + batch) % 3
        ]
        frame = pd.DataFrame(rows).reindex(columns=list(contract.columns))
        for field in contract.fields:
            if field.kind == "utc":
                frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
        lake.append("application", as_contract(contract, frame), f"batch{batch}")
    return lake


@settings(max_examples=10, deadline=None)
@given(
    as_of=st.one_of(st.none(), st.integers(-1, 9)),
    since=st.one_of(st.none(), st.integers(-1, 10)),
    node=st.one_of(st.none(), st.sampled_from(["A", "B", "C"])),
    columns=st.one_of(st.none(), st.just(["requested_kva", "application_id"]), st.just(["node_id"])),
)
def test_it_reads_what_the_lake_reads(
    as_of: int | None, since: int | None, node: str | None, columns: list[str] | None, lake: Lake
) -> None:
    asked = {
        "as_of": None if as_of is None else START + as_of * DAY,
        "since": None if since is None else START + since * DAY,
        "where": None if node is None else {"node_id": [node]},
    }
    held = HeldLake(lake)
    wanted = lake.read("application", columns=columns, **asked)
    pd.testing.assert_frame_equal(held.read("application", columns=columns, **asked), wanted)
    # Again, now that the table is held with some of its columns.
    pd.testing.assert_frame_equal(held.read("application", **asked), lake.read("application", **asked))
    for one in (lake, held):
        rows = current_rows(one, "application", ["application_id", "requested_kva"], **asked)
        assert (
            rows["application_id"].astype("str").tolist()
            == lake.read("application", **asked)["application_id"].tolist()
        )


def test_it_tells_sources_and_what_is_not_there(lake: Lake, tmp_path: Path) -> None:
    held = HeldLake(lake)
    pd.testing.assert_frame_equal(held.read("application", sources=True), lake.read("application", sources=True))
    assert HeldLake(Lake(tmp_path / "none")).read("customer").empty
    assert held.valid("customer", at=START).empty


def test_what_comes_in_later_is_not_seen(tmp_path: Path) -> None:
    contract = CONTRACTS["org_unit"]
    row = {
        "unit_id": "C1",
        "name": "C",
        "kind": "company",
        "parent_id": None,
        "valid_from": START,
        "available_at": START,
    }
    frame = pd.DataFrame([row]).assign(valid_to=pd.Series([pd.NaT], dtype="datetime64[us, UTC]"))
    lake = Lake(tmp_path / "lake")
    lake.append("org_unit", as_contract(contract, frame), "first")
    held = HeldLake(lake)
    assert len(held.read("org_unit")) == 1
    lake.append("org_unit", as_contract(contract, frame.assign(unit_id="D1")), "second")
    assert len(held.read("org_unit")) == 1
    assert len(lake.read("org_unit")) == 2
