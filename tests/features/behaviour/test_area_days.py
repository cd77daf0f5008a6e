"""Daily energy of areas: sums of local days, gaps filled a little, and unknown where too much is missing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.behaviour.areadays import read_area_days
from features.clock import Calendar
from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake

CALENDAR = Calendar("Asia/Shanghai", "CN")
FIRST = pd.Timestamp("2025-03-01")
TOLD = pd.Timestamp("2025-04-01", tz="UTC")


def make_lake(folder: Path, load_kw: np.ndarray, step: str = "1h", missing: tuple[int, ...] = ()) -> Lake:
    """Loads of A1 from local midnight of FIRST on; places in `missing` were never read."""
    begin = FIRST.tz_localize("Asia/Shanghai").tz_convert("UTC")
    starts = pd.date_range(begin, periods=len(load_kw), freq=step)
    frame = pd.DataFrame({"node_id": "A1", "start_utc": starts, "load_kw": load_kw})
    frame["end_utc"] = starts + pd.Timedelta(step)
    frame["available_at"] = frame["end_utc"] + pd.Timedelta(hours=1)
    lake, contract = Lake(folder), CONTRACTS["node_load"]
    lake.append(
        "node_load",
        as_contract(contract, frame.drop(index=list(missing)).reindex(columns=list(contract.columns))),
        "loads",
    )
    return lake


@pytest.mark.parametrize(("step", "of_a_day"), [("1h", 24), ("15min", 96)])
def test_a_local_day_is_the_sum_of_its_intervals(tmp_path: Path, step: str, of_a_day: int) -> None:
    rng = np.random.default_rng(1)
    load = rng.uniform(10, 90, 3 * of_a_day)
    days = read_area_days(make_lake(tmp_path, load, step), CALENDAR, ["A1", "A9"], FIRST, 4, TOLD)
    assert days[0, :3] == pytest.approx(load.reshape(3, of_a_day).mean(axis=1) * 24)
    assert np.isnan(days[0, 3])
    assert np.isnan(days[1]).all()


def test_a_gap_counts_as_the_rest_of_the_day_and_a_large_one_makes_it_unknown(tmp_path: Path) -> None:
    lake = make_lake(tmp_path, np.full(48, 50.0), missing=(3, 4, 30, 31, 32))
    days = read_area_days(lake, CALENDAR, ["A1"], FIRST, 2, TOLD)
    assert days[0, 0] == pytest.approx(1200.0)
    assert np.isnan(days[0, 1])


def test_what_was_not_known_yet_is_not_counted(tmp_path: Path) -> None:
    lake = make_lake(tmp_path, np.full(48, 50.0))
    early = FIRST.tz_localize("Asia/Shanghai").tz_convert("UTC") + pd.Timedelta(hours=25)
    days = read_area_days(lake, CALENDAR, ["A1"], FIRST, 2, early)
    assert days[0, 0] == pytest.approx(1200.0)
    assert np.isnan(days[0, 1])
