"""Erasing a person: no byte of it is left below the lake, and nothing else changes."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.contracts import CONTRACTS
from features.frames import as_contract, empty_frame
from features.lake import Lake, erase_identity

WORDS = ("张三丰", "13800138000", "江州市幸福路8号", "110101194910010015")
OTHERS = ("李四光", "13900139000", "江州市和平路1号", "110101196001010023")


def identities(*rows: tuple[str, tuple[str, ...], str]) -> pd.DataFrame:
    """Rows of (customer, name and phone and address and number, day from which they are valid and known)."""
    contract = CONTRACTS["identity"]
    frame = empty_frame(contract).reindex(range(len(rows)))
    frame["customer_id"] = [row[0] for row in rows]
    for position, name in enumerate(("name", "phone", "address", "document_id")):
        frame[name] = [row[1][position] for row in rows]
    frame["document_kind"] = "identity_card"
    frame["valid_from"] = frame["available_at"] = pd.to_datetime(pd.Series([row[2] for row in rows]), utc=True)
    return as_contract(contract, frame)


def holds(root: Path, words: tuple[str, ...]) -> set[str]:
    """Names of the files below `root` in which one of the words stands, plainly or packed."""
    found = set()
    for path in (path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            content += str(pq.ParquetFile(path).read().to_pylist())
        if any(word in content for word in words):
            found.add(path.name)
    return found


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Versions over many commits, so that the log has checkpoints; the person is alone in one and shares others."""
    lake = Lake(tmp_path / "lake")
    lake.append("identity", identities(("C1", WORDS, "2024-01-01"), ("C2", OTHERS, "2024-01-01")), "first")
    lake.append("identity", identities(("C1", (WORDS[0], "13811112222", *WORDS[2:]), "2024-02-01")), "moved")
    for day in range(1, 25):
        rows = identities(("C1", WORDS, f"2024-03-{day:02d}"), (f"D{day}", OTHERS, f"2024-03-{day:02d}"))
        lake.append("identity", rows, f"day {day}")
    return lake


def test_no_byte_is_left_in_any_file(lake: Lake) -> None:
    assert (lake.root / "identity" / "_delta_log" / "_last_checkpoint").is_file()
    before = holds(lake.root, (*WORDS, "13811112222"))
    assert len(before) == 26
    assert erase_identity(lake, "C1") == 26
    assert holds(lake.root, (*WORDS, "13811112222")) == set()
    assert holds(lake.root, OTHERS)


def test_the_log_never_held_personal_values(lake: Lake) -> None:
    log = lake.root / "identity" / "_delta_log"
    assert holds(log, (*WORDS, *OTHERS)) == set()
    # The statistics by which rows are found are there.
    assert holds(log, ("2024-03-05",))


def test_all_others_stay_as_they_were(lake: Lake) -> None:
    every = lake.versions("identity")
    erase_identity(lake, "C1")
    expected = every[every["customer_id"] != "C1"].reset_index(drop=True)
    left = lake.versions("identity").astype({"customer_id": "str"})
    pd.testing.assert_frame_equal(left, expected.astype({"customer_id": "str"}))
    moment = pd.Timestamp("2024-03-10", tz="UTC")
    assert set(lake.read("identity", as_of=moment)["customer_id"]) == {"C2", *(f"D{day}" for day in range(1, 11))}


def test_the_batch_that_brought_the_person_does_not_bring_him_back(lake: Lake) -> None:
    erase_identity(lake, "C1")
    again = identities(("C1", WORDS, "2024-01-01"), ("C2", OTHERS, "2024-01-01"))
    assert lake.append("identity", again, "first") == 0
    assert holds(lake.root, WORDS) == set()
    # Writing goes on after it.
    assert lake.append("identity", identities(("C3", OTHERS, "2024-04-01")), "later") == 1
    assert "C3" in set(lake.read("identity")["customer_id"])


def test_what_a_killed_writer_left_is_erased_too_even_when_no_row_is_left(lake: Lake) -> None:
    table = lake.root / "identity"
    erase_identity(lake, "C1")
    pq.write_table(pq.ParquetFile(next(table.glob("*.parquet"))).read(), table / "part-never-committed.parquet")
    (table / "part-half.parquet").write_bytes(f"half of {WORDS[0]}".encode())
    assert erase_identity(lake, "C1") == 0
    assert not list(table.glob("part-never*")) + list(table.glob("part-half*"))


def test_the_fingerprint_does_not_stand_on_people(lake: Lake) -> None:
    moment = pd.Timestamp("2024-03-10", tz="UTC")
    before = lake.fingerprint(), lake.fingerprint(moment)
    erase_identity(lake, "C1")
    assert (lake.fingerprint(), lake.fingerprint(moment)) == before
    assert before[0] == Lake(lake.root / "none").fingerprint()


def test_a_name_with_a_quote_erases_only_itself(lake: Lake) -> None:
    odd = "x' OR '1'='1"
    lake.append("identity", identities((odd, WORDS, "2024-05-01")), "odd")
    assert erase_identity(lake, odd) == 1
    assert len(lake.versions("identity")) == 51


def test_nobody_known_is_no_error_and_makes_no_table(tmp_path: Path, lake: Lake) -> None:
    assert erase_identity(Lake(tmp_path / "empty"), "C1") == 0
    assert not (tmp_path / "empty").exists()
    assert erase_identity(lake, "nobody") == 0
    assert len(lake.versions("identity")) == 51
