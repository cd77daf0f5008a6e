"""Histories from a lake: what one stray row may not spoil."""

import logging
from pathlib import Path

import pandas as pd
import pytest

from features.contracts import NODE_LOAD
from features.errors import DataError
from features.frames import as_contract
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import TerritorySettings

START = pd.Timestamp("2024-01-01", tz="UTC")
HOUR = pd.Timedelta(hours=1)


def loads(starts: list[pd.Timestamp], kw: float = 1.0) -> pd.DataFrame:
    frame = pd.DataFrame({"node_id": "A1", "start_utc": starts, "load_kw": kw})
    frame["available_at"] = frame["start_utc"] + HOUR
    return as_contract(NODE_LOAD, frame.reindex(columns=NODE_LOAD.columns))


@pytest.mark.parametrize("minutes", [-7, 7])
def test_a_stray_stamp_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, minutes: int) -> None:
    lake = Lake(tmp_path)
    lake.append("node_load", loads([START + HOUR * k for k in range(48)]), "good")
    alone = load_history(lake, TerritorySettings()).loads
    # The earliest stamp of all must not decide where the grid begins.
    lake.append("node_load", loads([START + pd.Timedelta(minutes=minutes)], 999.0), "stray")
    with caplog.at_level(logging.WARNING):
        found = load_history(lake, TerritorySettings()).loads
    assert (found.start, found.step_minutes) == (alone.start, 60)
    assert found.values.tolist() == alone.values.tolist()
    assert "node_load.start_utc: 1 row(s) not on the 60-minute grid are left out, first at A1" in caplog.text


def test_daily_loads_are_refused_in_words(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("node_load", loads([START + HOUR * 24 * k for k in range(10)]), "daily")
    with pytest.raises(DataError, match="readings every 1440 minutes"):
        load_history(lake, TerritorySettings())
