"""Customers' agreed capacity by area and class: what a reader of the ledger would have summed at each moment."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts import CUSTOMER, CUSTOMER_CLASSES, NODE_LOAD
from features.frames import as_contract
from features.lake import Lake
from features.load.mix import MIX_COLUMNS, customer_changes, mix_at, no_customers
from features.load.reading import keep_customer_sums, load_history
from features.workspace import TerritorySettings

START = pd.Timestamp("2024-01-01", tz="UTC")
DAY = pd.Timedelta(days=1)
NODES = pd.DataFrame(
    {"kind": ["substation", "feeder", "area", "area"], "parent_id": [None, "S", "F", "F"]}, index=["S", "F", "A", "B"]
)

VERSION = st.tuples(
    st.sampled_from(["K1", "K2", "K3"]),
    st.sampled_from(["A", "B"]),
    st.sampled_from(CUSTOMER_CLASSES[:2]),
    st.one_of(st.none(), st.integers(0, 50).map(float)),
    st.integers(0, 6),
    st.one_of(st.none(), st.integers(1, 9)),
    st.integers(0, 9),
)


def customers(*rows: tuple[str, str, str, float | None, int, int | None, int]) -> pd.DataFrame:
    """Versions by what is known of them when; days are counted from START."""
    frame = pd.DataFrame(list(rows), columns=list(CUSTOMER.columns))
    for name in ("valid_from", "valid_to", "available_at"):
        frame[name] = START + pd.to_timedelta(frame[name].astype(float), unit="D")
    return as_contract(CUSTOMER, frame.sort_values("available_at", kind="stable"))


def read_then(versions: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Oracle: the ledger as it stood, one customer at a time."""
    total = pd.DataFrame(0.0, index=NODES.index, columns=list(CUSTOMER_CLASSES))
    for _, own in versions[versions["available_at"] <= moment].groupby("customer_id"):
        latest = {row["valid_from"]: row for row in own.dropna(subset="contract_kva").to_dict("records")}
        holds = [row for at, row in sorted(latest.items()) if at <= moment and not (row["valid_to"] <= moment)]
        for node in (holds[-1]["area_id"], "F", "S") if holds else ():
            total.loc[node, holds[-1]["customer_class"]] += holds[-1]["contract_kva"]
    return total


@given(st.lists(VERSION, max_size=8), st.integers(0, 10))
@settings(max_examples=60, deadline=None)
def test_the_mix_is_what_the_ledger_said_then(rows: list, day: int) -> None:
    versions, moment = customers(*rows), START + day * DAY
    changes = customer_changes(versions)
    pd.testing.assert_frame_equal(mix_at(changes, NODES, moment), read_then(versions, moment))
    # What becomes known later, be it told of a time long past, changes nothing before.
    then = customer_changes(versions[versions["available_at"] <= moment])
    pd.testing.assert_frame_equal(
        changes[changes["since_utc"] <= moment].reset_index(drop=True),
        then[then["since_utc"] <= moment].reset_index(drop=True),
    )


def test_no_customers_are_no_mix() -> None:
    assert tuple(no_customers().columns) == MIX_COLUMNS
    assert customer_changes(customers()).empty
    assert (mix_at(no_customers(), NODES, START) == 0).all(axis=None)


def test_a_loop_of_parents_ends() -> None:
    nodes = pd.DataFrame({"kind": "area", "parent_id": ["B", "A"]}, index=["A", "B"])
    found = mix_at(customer_changes(customers(("K1", "A", "public", 5.0, 0, None, 0))), nodes, START + DAY)
    assert found.loc[["A", "B"], "public"].tolist() == [5.0, 5.0]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake(tmp_path / "lake")
    starts = [START + pd.Timedelta(hours=hour) for hour in range(240)]
    frame = pd.DataFrame({"node_id": "A", "start_utc": starts, "load_kw": 1.0})
    frame["available_at"] = frame["start_utc"] + pd.Timedelta(hours=1)
    found.append("node_load", as_contract(NODE_LOAD, frame.reindex(columns=NODE_LOAD.columns)), "all")
    found.append(
        "customer", customers(("K1", "A", "public", 5.0, 0, 8, 1), ("K1", "A", "public", 9.0, 0, None, 4)), "all"
    )
    return found


def test_a_history_of_then_knows_no_more_of_customers(lake: Lake) -> None:
    moment = START + 3 * DAY
    bulk = load_history(lake, TerritorySettings())
    then = load_history(lake, TerritorySettings(), as_of=moment)
    for history in (bulk, bulk.until(moment), then):
        assert mix_at(history.customers, NODES, moment).loc["A", "public"] == 5.0
    assert (bulk.until(moment).customers["since_utc"] <= moment).all()
    assert mix_at(bulk.customers, NODES, START + 9 * DAY).loc["F", "public"] == 9.0


def test_sums_kept_beside_a_copy_without_customers_say_the_same(lake: Lake, tmp_path: Path) -> None:
    copy = Lake(tmp_path / "copy")
    copy.append("node_load", as_contract(NODE_LOAD, lake.read("node_load")), "all")
    keep_customer_sums(lake, copy.root)
    for moment in (None, START + 3 * DAY):
        whole, part = (load_history(one, TerritorySettings(), as_of=moment).customers for one in (lake, copy))
        until = START + 3 * DAY
        pd.testing.assert_frame_equal(
            *(one[one["since_utc"] <= until].reset_index(drop=True) for one in (whole, part)), check_dtype=True
        )
    assert "K1" not in (copy.root / "customer_sums.parquet").read_bytes().decode("latin-1")
