"""A folder is there whole or not at all, and belongs to whoever was first."""

from pathlib import Path

import pytest

from serving.once import write_once


def left(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_the_first_writer_fills_it_and_the_second_is_told_so(tmp_path: Path) -> None:
    target = tmp_path / "made here" / "one"
    assert write_once(target, lambda folder: (folder / "figures").write_text("1") and None)
    assert not write_once(target, lambda folder: (folder / "figures").write_text("2") and None)
    assert (target / "figures").read_text() == "1"
    assert left(target.parent) == ["one"]


def test_who_loses_the_race_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "one"

    def beaten(folder: Path) -> None:
        (folder / "figures").write_text("2")
        target.mkdir()
        (target / "figures").write_text("1")

    assert not write_once(target, beaten)
    assert (target / "figures").read_text() == "1"
    assert left(tmp_path) == ["one"]


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
def test_what_breaks_off_is_not_there(tmp_path: Path, error: BaseException) -> None:
    def broken(folder: Path) -> None:
        (folder / "figures").write_text("half")
        raise error

    with pytest.raises(type(error)):
        write_once(tmp_path / "one", broken)
    assert left(tmp_path) == []
