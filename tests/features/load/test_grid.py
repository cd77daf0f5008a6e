"""A grid as of any moment equals what a slow reading of the versions says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import DataError
from features.load.grid import Replay, Versions

START = pd.Timestamp("2024-01-01", tz="UTC")


def frame(rows: list[tuple[int, int, float, int]]) -> pd.DataFrame:
    """Rows (node, interval, value, available hour) in the order of availability."""
    ordered = sorted(rows, key=lambda row: row[3])
    return pd.DataFrame(
        {
            "node_id": [f"N{row[0]}" for row in ordered],
            "start_utc": [START + pd.Timedelta(hours=row[1]) for row in ordered],
            "load_kw": [row[2] for row in ordered],
            "available_at": [START + pd.Timedelta(hours=row[3]) for row in ordered],
        }
    )


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 9), st.floats(-5, 5), st.integers(0, 20)), min_size=1, max_size=40
)


@given(ROWS, st.lists(st.integers(0, 22), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_replay_equals_the_slow_reading(rows: list[tuple[int, int, float, int]], hours: list[int]) -> None:
    table = frame(rows)
    versions = Versions.from_frame(table, "node_id", "load_kw", step_minutes=60)
    replay = Replay(versions)
    for hour in sorted(hours):
        moment = START + pd.Timedelta(hours=hour)
        slow = np.full((len(versions.ids), versions.width), np.nan)
        for row in table[table["available_at"] <= moment].itertuples():
            column = int((row.start_utc - versions.start) / pd.Timedelta(hours=1))
            slow[versions.ids.index(row.node_id), column] = row.load_kw
        np.testing.assert_array_equal(replay.at(moment), slow)


def test_a_replay_does_not_go_back() -> None:
    replay = Replay(Versions.from_frame(frame([(0, 0, 1.0, 1), (0, 1, 2.0, 5)]), "node_id", "load_kw"))
    replay.at(START + pd.Timedelta(hours=6))
    with pytest.raises(ValueError, match="forward"):
        replay.at(START)


def test_a_reading_off_the_grid_is_named() -> None:
    table = frame([(0, 0, 1.0, 1), (0, 1, 1.0, 2), (0, 2, 1.0, 3)])
    table.loc[1, "start_utc"] += pd.Timedelta(minutes=7)
    with pytest.raises(DataError, match="60-minute grid in 1 row"):
        Versions.from_frame(table, "node_id", "load_kw", step_minutes=60)


def test_versions_of_a_grid_give_it_back() -> None:
    table = frame([(node, hour, float(hour), hour + 1) for node in range(2) for hour in range(5)])
    grid = Versions.from_frame(table, "node_id", "load_kw").grid()
    again = Versions.from_grid(grid)
    np.testing.assert_array_equal(again.grid().values, grid.values)
    known = again.grid(START + pd.Timedelta(hours=3)).values
    assert np.isfinite(known).sum(axis=1).tolist() == [3, 3]
