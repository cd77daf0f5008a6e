"""A table that was made before its contract got a column."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake

SINCE = pd.Timestamp("2024-01-01", tz="UTC")
ROW = {
    "segment_id": "L1",
    "feeder_id": "F1",
    "from_id": "S1",
    "to_id": "A1",
    "r_ohm": 0.1,
    "x_ohm": 0.2,
    "thermal_limit_kva": 500.0,
    "thermal_limit_summer_kva": 450.0,
    "thermal_limit_winter_kva": 550.0,
    "nominal_kv": 10.5,
    "valid_from": SINCE,
    "valid_to": pd.NaT,
    "available_at": SINCE,
}


def test_a_column_added_later_is_empty_in_what_was_there_and_kept_in_what_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, lake = CONTRACTS["line_segment"], Lake(tmp_path)
    then = replace(now, fields=tuple(field for field in now.fields if field.name != "nominal_kv"))
    frame = pd.DataFrame([ROW])
    frame["valid_to"] = pd.to_datetime(frame["valid_to"], utc=True)
    with monkeypatch.context() as earlier:
        earlier.setitem(CONTRACTS, "line_segment", then)
        lake.append("line_segment", as_contract(then, frame[list(then.columns)]), "old")
    assert lake.read("line_segment")["nominal_kv"].isna().all()
    assert lake.read("line_segment", columns=["nominal_kv"]).columns.tolist() == ["nominal_kv"]
    lake.append("line_segment", as_contract(now, frame.assign(segment_id="L2")), "new")
    assert lake.read("line_segment").set_index("segment_id")["nominal_kv"].fillna(0).to_dict() == {"L1": 0, "L2": 10.5}
