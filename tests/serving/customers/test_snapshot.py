"""Snapshots: the same again is the same one, a newer moment is the current one, and what cannot be is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError, HeadroomError
from features.workspace import Workspace
from serving.customers.snapshot import Snapshot, list_snapshots, read_snapshot, write_snapshot

AT = pd.Timestamp("2026-01-01T00:00Z")


def write(workspace: Workspace, frame: pd.DataFrame, at: pd.Timestamp = AT) -> Snapshot:
    held = pd.DataFrame({"tag": np.ones(len(frame), dtype=np.int8)}, index=frame.index)
    return write_snapshot(workspace, at, frame, held, [], {"models": []})


def test_the_same_again_is_the_same_snapshot(tmp_path: Path, customers: Any) -> None:
    workspace, frame = Workspace(tmp_path), customers.people()
    first = write(workspace, frame)
    assert write(workspace, frame.iloc[::-1]).made_at == first.made_at
    assert len(list_snapshots(workspace)) == 1
    assert write(workspace, frame.assign(p_leave=0.0)).id != first.id
    assert write(workspace, frame.rename(columns={"p_leave": "p_electrify"})).id != first.id


def test_what_was_written_is_read(tmp_path: Path, customers: Any) -> None:
    workspace, frame = Workspace(tmp_path), customers.people()
    write(workspace, frame)
    found = read_snapshot(workspace)
    assert found is not None
    assert list(found.wide.customer_ids) == list(frame.index)
    for name, values in found.wide.numbers.items():
        assert np.array_equal(values, frame[name].to_numpy(dtype=float), equal_nan=True)
    everybody = np.arange(len(frame))
    halls = frame["hall_id"].astype(object).where(frame["hall_id"].notna(), None)
    assert found.wide.texts["hall_id"].listed(everybody) == list(halls)


def test_a_snapshot_of_the_past_does_not_take_the_place_of_a_newer_one(tmp_path: Path, customers: Any) -> None:
    workspace = Workspace(tmp_path)
    assert read_snapshot(workspace) is None
    newest = write(workspace, customers.people())
    write(workspace, customers.people(), AT - pd.Timedelta(days=30))
    found = read_snapshot(workspace)
    assert found is not None
    assert found.id == newest.id


def test_what_cannot_be_a_snapshot_is_refused_by_name(tmp_path: Path, customers: Any) -> None:
    frame = customers.people(3)
    with pytest.raises(DataError, match="twice"):
        write(Workspace(tmp_path), pd.concat([frame, frame]))
    with pytest.raises(DataError, match="area_id"):
        write(Workspace(tmp_path), frame.drop(columns="area_id"))
    with pytest.raises(DataError, match="no tags"):
        write_snapshot(Workspace(tmp_path), AT, frame, pd.DataFrame(index=frame.index[:1]), [], {})
    made = write(Workspace(tmp_path), frame)
    (made.path / "manifest.json").write_text("{")
    with pytest.raises(HeadroomError, match="not a readable snapshot"):
        list_snapshots(Workspace(tmp_path))
