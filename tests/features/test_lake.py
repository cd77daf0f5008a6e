"""The lake: versions are kept, batches land once and whole, and what is read has the contract's dtypes."""

import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts import CONTRACTS
from features.errors import DataError, HeadroomError
from features.frames import as_contract, empty_frame
from features.lake import Lake


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def loads(rows: list[tuple[str, str, float, str]]) -> pd.DataFrame:
    """Load rows of (node, start, kW, available at)."""
    frame = empty_frame(CONTRACTS["node_load"]).reindex(range(len(rows)))
    for position, name in enumerate(("node_id", "start_utc", "load_kw", "available_at")):
        dtype = CONTRACTS["node_load"].field(name).dtype
        values = [row[position] for row in rows]
        frame[name] = pd.to_datetime(pd.Series(values), utc=True) if "datetime" in dtype else pd.Series(values)
    return frame


def nodes(rows: list[tuple[str, str | None, str, str | None]]) -> pd.DataFrame:
    """Node rows of (node, parent, valid from, valid to)."""
    frame = empty_frame(CONTRACTS["node"]).reindex(range(len(rows)))
    frame["node_id"] = [row[0] for row in rows]
    frame["name"] = frame["node_id"]
    frame["kind"] = "area"
    frame["parent_id"] = pd.Series([row[1] for row in rows], dtype="str")
    frame["power_factor"], frame["allowed_utilisation"], frame["rating_assumed"] = 0.95, 0.8, False
    frame["valid_from"] = pd.to_datetime(pd.Series([row[2] for row in rows]), utc=True)
    frame["valid_to"] = pd.to_datetime(pd.Series([row[3] for row in rows]), utc=True)
    frame["available_at"] = frame["valid_from"]
    return frame


FIRST = loads([("a", "2024-01-01 00:00", 1.0, "2024-01-01 01:00"), ("b", "2024-01-01 00:00", 2.0, "2024-01-01 01:00")])
CORRECTED = loads([("a", "2024-01-01 00:00", 9.0, "2024-01-03 00:00")])


def test_a_lake_that_holds_nothing_creates_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    frame = lake.read("node")
    assert frame.empty
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        field.name: field.dtype for field in CONTRACTS["node"].fields
    }
    assert lake.tables() == []
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("columns", [["load_kw"], ["start_utc", "node_id"]])
def test_columns_of_a_missing_table(tmp_path: Path, columns: list[str]) -> None:
    assert list(Lake(tmp_path).read("node_load", columns=columns).columns) == columns


def test_current_and_as_of(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("node_load", FIRST, "first")
    lake.append("node_load", CORRECTED, "second")
    assert lake.read("node_load")["load_kw"].tolist() == [9.0, 2.0]
    assert lake.read("node_load", as_of=utc("2024-01-02"))["load_kw"].tolist() == [1.0, 2.0]
    assert lake.read("node_load", as_of=utc("2024-01-01")).empty
    assert lake.versions("node_load")["load_kw"].tolist() == [1.0, 2.0, 9.0]
    assert lake.read("node_load", where={"node_id": ["b"]})["load_kw"].tolist() == [2.0]
    assert lake.read("node_load", since=utc("2024-01-01 00:30")).empty


def test_a_tie_in_time_goes_to_the_later_batch(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("node_load", FIRST, "first")
    lake.append("node_load", FIRST.assign(load_kw=7.0), "second")
    assert lake.read("node_load")["load_kw"].tolist() == [7.0, 7.0]


def test_what_was_written_comes_back_with_its_dtypes(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    frame = nodes([("台区-1", None, "2020-01-01", None), ("台区-2", "馈线", "2020-01-01", "2021-01-01")])
    lake.append("node", frame, "n")
    pd.testing.assert_frame_equal(lake.read("node"), as_contract(CONTRACTS["node"], frame))


def test_a_nullable_integer_and_a_nullable_truth_value(tmp_path: Path) -> None:
    contract = CONTRACTS["application"]
    frame = empty_frame(contract).reindex(range(3))
    frame["application_id"] = ["1", "2", "3"]
    frame["source_constrained"] = pd.array([True, None, False], dtype="boolean")
    frame["submitted_at"] = frame["available_at"] = utc("2024-01-01")
    Lake(tmp_path).append("application", frame, "x")
    assert Lake(tmp_path).read("application")["source_constrained"].tolist() == [True, pd.NA, False]


def test_a_batch_lands_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.append("node_load", FIRST, "x") == 2
    assert lake.append("node_load", FIRST, "x") == 0
    assert lake.has_batch("node_load", "x")
    assert not lake.has_batch("node_load", "y")
    assert len(lake.versions("node_load")) == 2
    with pytest.raises(DataError, match="other content"):
        lake.append("node_load", CORRECTED, "x")


def test_an_empty_batch_is_remembered(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.append("node_load", FIRST.iloc[:0], "x") == 0
    assert lake.has_batch("node_load", "x")
    assert lake.read("node_load").empty


def test_wrong_frames_are_refused_by_name(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(DataError, match=r"node_load\.load_kw"):
        lake.append("node_load", FIRST.drop(columns="load_kw"), "x")
    with pytest.raises(DataError, match=r"node_load\.surprise"):
        lake.append("node_load", FIRST.assign(surprise=1), "x")
    with pytest.raises(DataError, match=r"node_load\.load_kw"):
        lake.append("node_load", FIRST.assign(load_kw="many"), "x")
    with pytest.raises(DataError, match="no such table"):
        lake.read("nodes")
    assert lake.tables() == []


def test_validity(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("node", nodes([("a", "f1", "2020-01-01", "2022-01-01"), ("a", "f2", "2022-01-01", None)]), "1")
    lake.append("node", nodes([("b", "f1", "2020-01-01", None), ("b", "f3", "2023-01-01", None)]), "2")
    parents = {
        year: lake.valid("node", at=utc(f"{year}-01-01"))["parent_id"].tolist() for year in (2019, 2021, 2022, 2023)
    }
    assert parents == {2019: [], 2021: ["f1", "f1"], 2022: ["f2", "f1"], 2023: ["f2", "f3"]}
    with pytest.raises(DataError, match="validity"):
        lake.valid("node_load", at=utc("2020-01-01"))


def test_the_fingerprint_follows_content_and_batches_only(tmp_path: Path) -> None:
    here, there, other = Lake(tmp_path / "a"), Lake(tmp_path / "b"), Lake(tmp_path / "c")
    empty = here.fingerprint()
    for lake in (here, there):
        lake.append("node_load", FIRST, "x")
    other.append("node_load", FIRST.assign(load_kw=[1.0, 2.5]), "x")
    assert here.fingerprint() == there.fingerprint()
    assert len({empty, here.fingerprint(), other.fingerprint()}) == 3
    before = here.fingerprint()
    here.append("node_load", FIRST, "x")
    assert here.fingerprint() == before
    here.append("node_load", CORRECTED, "y")
    assert here.fingerprint() != before


def test_the_fingerprint_of_a_moment_stays_whatever_comes_later(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    before, between, after = utc("2024-01-01 00:59"), utc("2024-01-02"), utc("2024-01-03")
    empty = lake.fingerprint()
    lake.append("node_load", FIRST, "x")
    assert lake.fingerprint(before) == empty
    assert lake.fingerprint(between) == lake.fingerprint()
    first = lake.fingerprint()
    for number in range(25):
        # Enough for a checkpoint of the log.
        lake.append("node_load", CORRECTED.assign(load_kw=float(number)), f"y{number}")
        assert lake.fingerprint(between) == first
    assert lake.fingerprint(after) == lake.fingerprint() != first
    # What says that it was known earlier changes what is read as of then.
    lake.append("node_load", CORRECTED.assign(available_at=between), "z")
    assert lake.fingerprint(between) != first
    assert lake.fingerprint(before) == empty


def test_a_batch_counts_from_its_first_row_on(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    mixed = loads(
        [("a", "2024-01-01 00:00", 1.0, "2024-01-01 01:00"), ("a", "2024-01-09 00:00", 2.0, "2024-01-09 01:00")]
    )
    lake.append("node_load", mixed, "x")
    assert lake.fingerprint(utc("2024-01-02")) == lake.fingerprint(utc("2024-01-10")) == lake.fingerprint()


def test_two_writers_of_the_same_batch_never_both_land(tmp_path: Path) -> None:
    written: list[int] = []
    barrier = threading.Barrier(4)

    def write(batch: str) -> None:
        barrier.wait()
        written.append(Lake(tmp_path).append("node_load", FIRST, batch))

    threads = [threading.Thread(target=write, args=(batch,)) for batch in ("x", "x", "x", "y")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [0, 0, 2, 2]
    assert len(Lake(tmp_path).versions("node_load")) == 4


ROWS = st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.floats(-10, 10), st.integers(0, 4))


@given(
    batches=st.lists(st.lists(ROWS, unique_by=lambda r: (r[0], r[1], r[3]), max_size=6), max_size=3),
    at=st.integers(0, 5),
)
@settings(max_examples=25, deadline=None)
def test_as_of_equals_the_obvious_loop(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, int, float, int]]], at: int
) -> None:
    """Oracle: walk over the batches in order and keep, per key, what became known last but not after the moment."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    best: dict[tuple[str, int], tuple[int, float]] = {}
    for number, rows in enumerate(batches):
        frame = loads([(n, f"2024-01-01 {h:02}:00", kw, f"2024-01-02 {a:02}:00") for n, h, kw, a in rows])
        lake.append("node_load", frame, str(number))
        for node, hour, kw, known in sorted(rows, key=lambda row: row[3]):
            if known <= at and known >= best.get((node, hour), (-1, 0.0))[0]:
                best[node, hour] = (known, kw)
    read = lake.read("node_load", as_of=utc(f"2024-01-02 {at:02}:00"))
    found = {(n, t.hour): kw for n, t, kw in zip(read["node_id"], read["start_utc"], read["load_kw"], strict=True)}
    assert found == {key: kw for key, (_, kw) in best.items()}
    assert list(found) == sorted(found)


def test_many_batches_outlive_a_checkpoint_of_the_log(tmp_path: Path) -> None:
    """The table format writes a checkpoint now and then; batches and the fingerprint must come through it."""
    lake, seen = Lake(tmp_path), set()
    for number in range(25):
        lake.append("node_load", FIRST.assign(load_kw=float(number)), f"batch {number}")
        seen.add(lake.fingerprint())
    assert list((tmp_path / "node_load" / "_delta_log").glob("*.checkpoint.parquet"))
    assert len(seen) == 25
    assert lake.append("node_load", FIRST.assign(load_kw=0.0), "batch 0") == 0
    assert lake.read("node_load")["load_kw"].tolist() == [24.0, 24.0]


def test_a_damaged_table_is_said_in_words(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    log = tmp_path / "org_unit" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{ not a commit\n")
    with pytest.raises(HeadroomError, match=r"org_unit.*damaged"):
        lake.read("org_unit")


def test_a_table_takes_in_a_column_its_contract_has_gained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = CONTRACTS["node_load"]
    fields = tuple(field for field in whole.fields if field.name != "load_c_kw")
    lake = Lake(tmp_path)
    with monkeypatch.context() as then:
        then.setitem(CONTRACTS, "node_load", replace(whole, fields=fields))
        lake.append("node_load", FIRST.drop(columns="load_c_kw"), "first")
    assert lake.read("node_load")["load_c_kw"].isna().tolist() == [True, True]
    lake.append("node_load", CORRECTED.assign(load_c_kw=3.0), "second")
    assert lake.read("node_load")["load_c_kw"].fillna(-1).tolist() == [3.0, -1.0]
