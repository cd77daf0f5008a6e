"""Rolling origins: the plan, what cannot be judged, and that nothing of the future is in what was known."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.errors import ConfigError
from features.frames import as_contract
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import TerritorySettings
from training.backtests.origins import OriginPlan, known_at, rolling_origins

ZONE = TerritorySettings(time_zone="Asia/Shanghai", country="CN")
START = pd.Timestamp("2023-12-31T16:00Z")  # the first local day is 2024-01-01
DAYS = 40


def write(root: Path, late_days: int = 0, ledger: str = "2023-06-01T00:00Z") -> Lake:
    """Forty days of one node; every reading becomes known at the end of its interval or `late_days` after it."""
    lake = Lake(root)
    times = pd.date_range(START, periods=24 * DAYS, freq="h")
    known = times + pd.Timedelta(hours=1) + pd.Timedelta(days=late_days)
    loads = pd.DataFrame({"node_id": "A1", "start_utc": times, "load_kw": 50.0, "available_at": known})
    since = pd.Timestamp(ledger)
    node = {"node_id": "A1", "name": "A1", "kind": "area", "power_factor": 1.0, "allowed_utilisation": 0.8}
    nodes = pd.DataFrame([node | {"rating_assumed": False, "valid_from": since, "available_at": since}])
    for name, frame in (("node_load", loads), ("node", nodes)):
        contract = CONTRACTS[name]
        lake.append(name, as_contract(contract, frame.reindex(columns=list(contract.columns))), "first")
    return lake


def plan(first: str, last: str, step: int = 5, horizon: int = 10) -> OriginPlan:
    return OriginPlan(pd.Timestamp(first), pd.Timestamp(last), step, horizon)


def test_origins_whose_horizon_is_not_over_are_left_out(tmp_path: Path) -> None:
    lake = write(tmp_path)
    found = rolling_origins(lake, load_history(lake, ZONE), plan("2024-01-21", "2024-02-05"), 15)
    # Loads end with 2024-02-09; ten days from 2024-01-31 are just over, from 2024-02-05 they are not.
    assert found.days.strftime("%m-%d").tolist() == ["01-21", "01-26", "01-31"]
    assert found.too_late.strftime("%m-%d").tolist() == ["02-05"]


@pytest.mark.parametrize(
    ("values", "asked", "words"),
    [
        ({}, plan("2024-01-10", "2024-01-20"), "first day possible is 2024-01-16"),
        ({"late_days": 3}, plan("2024-01-16", "2024-01-20"), "first day possible is 2024-01-19"),
        ({"ledger": "2024-01-20T01:00Z"}, plan("2024-01-16", "2024-01-20"), "first day possible is 2024-01-21"),
        ({}, plan("2024-02-03", "2024-02-08"), "last origin possible is 2024-01-31"),
        ({}, plan("2024-01-25", "2024-01-20"), "before the first"),
    ],
)
def test_what_cannot_be_judged_is_said_with_the_day_that_can(
    tmp_path: Path, values: dict, asked: OriginPlan, words: str
) -> None:
    lake = write(tmp_path, **values)
    with pytest.raises(ConfigError, match=words):
        rolling_origins(lake, load_history(lake, ZONE), asked, 15)


def test_too_little_history_altogether_is_said(tmp_path: Path) -> None:
    lake = write(tmp_path)
    with pytest.raises(ConfigError, match="less than the 350 days"):
        rolling_origins(lake, load_history(lake, ZONE), plan("2024-01-25", "2024-01-25"), 350)


def test_what_was_known_ends_with_the_local_day_before(tmp_path: Path) -> None:
    lake = write(tmp_path, late_days=2)
    known = known_at(lake, ZONE, pd.Timestamp("2024-01-21"))
    assert known.history.as_of == pd.Timestamp("2024-01-20T16:00Z")
    assert known.history.loads.end == pd.Timestamp("2024-01-18T16:00Z")
    assert known.applications.empty


def test_an_origin_begins_where_its_day_does_though_clocks_go_forward_at_midnight(
    tmp_path: Path, history_of: Callable
) -> None:
    lake = write(tmp_path)
    zone = TerritorySettings(time_zone="America/Santiago", country=None)
    # On 2024-09-08 clocks in Chile go from 00:00 to 01:00.
    known = known_at(lake, zone, pd.Timestamp("2024-09-08"))
    assert known.history.as_of == pd.Timestamp("2024-09-08T04:00Z")
