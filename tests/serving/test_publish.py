"""Publications: append-only, whole or absent, the same for the same inputs."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import HeadroomError, NotFoundError
from features.workspace import Workspace
from serving.publish import Provenance, content_hash, list_publications, read_publication, write_publication

NOW = pd.Timestamp("2025-06-01T00:00", tz="UTC")
MADE_FROM = Provenance(NOW, 365, "peak", 1, "a" * 64, "b" * 12, "c" * 12)


def _figures(open_kva: float = 100.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "node_id": ["A1", "A2"],
            "name": ["湖滨一号台区", "B"],
            "open_kva": [open_kva, None],
            "valid_until": pd.to_datetime([NOW, NOW]),
        }
    )


def test_a_publication_comes_back_as_written(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    written = write_publication(workspace, _figures(), MADE_FROM)
    assert written.fresh
    read = read_publication(workspace, written.id)
    assert replace(written, fresh=False) == read
    pd.testing.assert_frame_equal(read.capacity(), _figures())
    manifest = json.loads((written.path / "manifest.json").read_text())
    assert {manifest["model_hash"], manifest["data_hash"], manifest["config_hash"]} == {"a" * 64, "b" * 12, "c" * 12}


def test_the_same_figures_are_the_same_publication_and_nothing_is_rewritten(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    first = write_publication(workspace, _figures(), MADE_FROM)
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file()}
    again = write_publication(workspace, _figures(), MADE_FROM)
    assert not again.fresh
    assert (again.id, again.created_at) == (first.id, first.created_at)
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"now": NOW + pd.Timedelta(hours=1)},
        {"horizon_days": 30},
        {"model_hash": "d" * 64},
        {"model_version": 2},
        {"data_hash": "e" * 12},
        {"config_hash": "f" * 12},
    ],
)
def test_any_other_input_is_another_publication(tmp_path: Path, change: dict[str, object]) -> None:
    workspace = Workspace(tmp_path)
    first = write_publication(workspace, _figures(), MADE_FROM)
    other = write_publication(workspace, _figures(), replace(MADE_FROM, **change))
    assert first.id != other.id
    assert [p.id for p in list_publications(workspace)] == [first.id, other.id]
    assert read_publication(workspace).id == other.id


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_figures_hash_equal_only_when_equal(one: float, two: float) -> None:
    same = content_hash(_figures(one), MADE_FROM) == content_hash(_figures(two), MADE_FROM)
    assert same == (one == two)


def test_the_moment_counts_not_the_zone_it_is_written_in() -> None:
    elsewhere = replace(MADE_FROM, now=NOW.tz_convert("Asia/Shanghai"))
    assert content_hash(_figures(), elsewhere) == content_hash(_figures(), MADE_FROM)


@pytest.mark.parametrize("name", ["nothing", "../publications", ".", ""])
def test_unknown_publications_are_named(tmp_path: Path, name: str) -> None:
    workspace = Workspace(tmp_path)
    write_publication(workspace, _figures(), MADE_FROM)
    with pytest.raises(NotFoundError, match="no publication"):
        read_publication(workspace, name)


def test_a_look_beyond_two_years_does_not_take_the_place_of_the_latest_firm_one(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    far = write_publication(workspace, _figures(), replace(MADE_FROM, horizon_days=732))
    assert read_publication(workspace).id == far.id
    firm = write_publication(workspace, _figures(), replace(MADE_FROM, horizon_days=731))
    further = write_publication(workspace, _figures(), replace(MADE_FROM, horizon_days=1826))
    assert read_publication(workspace).id == firm.id
    assert read_publication(workspace, further.id).id == further.id
    assert len(list_publications(workspace)) == 3


def test_none_yet(tmp_path: Path) -> None:
    assert list_publications(Workspace(tmp_path / "w")) == []
    with pytest.raises(NotFoundError, match="publish capacity"):
        read_publication(Workspace(tmp_path / "w"))


def test_a_write_that_died_leaves_nothing_to_see(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (workspace.publications / ".incoming-x").mkdir(parents=True)
    assert list_publications(workspace) == []


def test_a_damaged_publication_is_an_error_not_an_absence(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    written = write_publication(workspace, _figures(), MADE_FROM)
    (written.path / "manifest.json").write_text("{}")
    with pytest.raises(HeadroomError, match="not a readable publication"):
        list_publications(workspace)
