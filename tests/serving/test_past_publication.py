"""A publication for a past moment: what came later, data or outcomes, does not change it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import Workspace
from serving.capacity import publish_capacity
from serving.cli import group
from serving.publish import read_publication
from training.peak import PeakConfig, PeakModel
from training.registry import Champion

START = pd.Timestamp("2023-01-01", tz="UTC")
DAYS = 600
QUICK = PeakConfig(
    scenarios=50, calibration_scenarios=50, origins=3, origin_step_days=60, horizons_days=(31, 92), min_history_days=200
)


def add(lake: Lake, table: str, frame: pd.DataFrame, batch: str) -> None:
    contract = CONTRACTS[table]
    lake.append(table, as_contract(contract, frame.reindex(columns=list(contract.columns))), batch)


def loads_between(first: int, last: int, scale: float = 1.0) -> pd.DataFrame:
    """Hourly loads of three areas over days of the history, each known an hour after its interval ends."""
    hours = np.arange(first * 24, last * 24)
    noise = np.random.default_rng(0).normal(1, 0.05, (3, DAYS * 24 * 2))[:, hours]
    times = START + pd.to_timedelta(hours, unit="h")
    parts = [
        pd.DataFrame({"node_id": f"A{k}", "start_utc": times, "load_kw": scale * 100 * noise[k]}) for k in range(3)
    ]
    return pd.concat(parts).assign(available_at=lambda frame: frame["start_utc"] + pd.Timedelta(hours=2))


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    made = Workspace(tmp_path)
    lake = Lake(made.lake)
    nodes = pd.DataFrame({"node_id": ["A0", "A1", "A2"], "name": "n", "kind": "area", "rating_kva": 400.0})
    nodes = nodes.assign(power_factor=0.95, allowed_utilisation=0.8, rating_assumed=False)
    add(lake, "node", nodes.assign(valid_from=START, available_at=START), "nodes")
    add(lake, "node_load", loads_between(0, DAYS), "loads")
    PeakModel.fit(load_history(lake, made.territory()), QUICK).save(made.models / "peak" / "1")
    serving = Champion("peak", 1, made.models / "peak" / "1", "a" * 64, START)
    monkeypatch.setattr("serving.capacity.champion", lambda *_: serving)
    return made


def test_it_is_the_same_publication_after_new_data(workspace: Workspace) -> None:
    lake, now = Lake(workspace.lake), START + pd.Timedelta(days=500)
    made, whole = publish_capacity(workspace, now=now), lake.fingerprint()
    assert made.fresh
    assert made.capacity()["open_kva"].notna().all()
    add(lake, "node_load", loads_between(DAYS, DAYS + 2, scale=3.0), "later")
    assert lake.fingerprint() != whole
    again = publish_capacity(workspace, now=now)
    assert not again.fresh
    assert (again.id, again.provenance) == (made.id, made.provenance)
    assert publish_capacity(workspace).provenance.data_hash == lake.fingerprint()
    # A batch that says it was known by then is another past.
    add(lake, "node_load", loads_between(490, 491, scale=3.0).assign(available_at=now), "known then")
    assert publish_capacity(workspace, now=now).provenance.data_hash != made.provenance.data_hash


def test_kappa_stands_on_outcomes_complete_by_then(workspace: Workspace) -> None:
    origins = PeakModel.load(workspace.models / "peak" / "1").evidence.origin_day
    assert len(origins) == 3
    told = []
    for day in (int(origins[0]) + 91, int(origins[0]) + 92, int(origins[1]) + 92, DAYS):
        found = publish_capacity(workspace, now=START + pd.Timedelta(days=day, hours=3)).capacity()
        told.append(found["kappa_source"].iloc[0].split(" over ")[0])
    assert told[0].startswith("prior")
    assert told[1:] == ["1 earlier origins", "2 earlier origins", "3 earlier origins"]


def test_five_years_are_published_as_a_scenario_and_say_so(workspace: Workspace, tmp_path: Path) -> None:
    asked = ["publish", "capacity", "--horizon-days", "1826", "--workspace", str(workspace.root)]
    told = CliRunner().invoke(group, asked)
    assert told.exit_code == 0, told.output
    assert "3 figures are a scenario, not firm (BEYOND_FIRM_HORIZON)" in told.output
    answer = json.loads(CliRunner().invoke(group, [*asked, "--json"]).stdout)
    assert (answer["new"], answer["horizon_days"], answer["summary"]["scenarios"]) == (False, 1826, 3)
    found = read_publication(workspace, answer["id"]).capacity()
    assert (found["standing_reason"] == "BEYOND_FIRM_HORIZON").all()
    assert found["kappa_source"].str.startswith("stands in for 1826 days").all()
    assert (found["confidence"] == "LOW").all()
    too_far = CliRunner().invoke(group, [*asked[:3], "1828", *asked[4:]])
    assert too_far.exit_code == 2
