"""What is kept in memory: made once, and made again when what it was made from changed."""

import os
import threading
import time
from pathlib import Path

import pytest

from serving.holdings import Kept, folder_stamp


def test_a_value_many_ask_for_at_once_is_made_once() -> None:
    made: list[int] = []

    def make(key: int) -> int:
        made.append(key)
        time.sleep(0.05)
        return key * 10

    kept: Kept[int, int] = Kept(make)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(kept.get(4))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [40] * 8
    assert made == [4]


def test_only_the_last_few_are_kept() -> None:
    made: list[int] = []
    kept: Kept[int, int] = Kept(lambda key: made.append(key) or key, size=2)
    for key in (1, 2, 1, 3, 1, 2):
        kept.get(key)
    assert made == [1, 2, 3, 2]


def test_a_failure_is_not_kept() -> None:
    answers = iter([ValueError("not yet"), 7])

    def make(key: str) -> int:
        found = next(answers)
        if isinstance(found, ValueError):
            raise found
        return found

    kept: Kept[str, int] = Kept(make)
    with pytest.raises(ValueError, match="not yet"):
        kept.get("x")
    assert kept.get("x") == 7


def test_a_quiet_folder_keeps_its_stamp_and_a_changed_one_does_not(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    past = time.time_ns() - 10**10
    os.utime(quiet, ns=(past, past))
    first = folder_stamp([quiet, tmp_path / "absent"])
    assert folder_stamp([tmp_path / "absent", quiet]) == first
    (quiet / "new").write_text("")
    second = folder_stamp([quiet])
    assert second != first
    # It changed just now: another change could still come within the same tick of the clock.
    assert folder_stamp([quiet]) != second
