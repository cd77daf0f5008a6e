"""`headroom suspects` over a lake in which one customer of an area takes more than his meter shows."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.workspace import Workspace
from serving.cli import group
from serving.customers import suspects
from training.anomaly import ANOMALY, AnomalyConfig
from training.anomaly.windows import WindowConfig
from training.customers.cases import Cases
from training.customers.kept import Serving

BEGIN, DAYS, PER_AREA, THIEF = pd.Timestamp("2024-01-01", tz="UTC"), 330, 15, 20
CONFIG = AnomalyConfig(windows=WindowConfig(window_days=90, history_days=300, turned=False), least_days=240)


@dataclass(frozen=True)
class Even:
    """Suspects everybody alike."""

    def predict(self, cases: Cases) -> pd.DataFrame:
        return pd.DataFrame({"theft_score": np.full(len(cases.rows), 0.1)})


def put(lake: Lake, table: str, frame: pd.DataFrame, batch: str = "made") -> None:
    contract = CONTRACTS[table]
    frame = frame.assign(available_at=frame.get("available_at", BEGIN))
    lake.append(table, as_contract(contract, frame.reindex(columns=list(contract.columns))), batch)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("suspects") / "workspace")
    lake, rng = Lake(workspace.lake), np.random.default_rng(3)
    ids = [f"C{one:03d}" for one in range(3 * PER_AREA)]
    areas = [f"A{one // PER_AREA}" for one in range(len(ids))]
    put(
        lake,
        "customer",
        pd.DataFrame({"customer_id": ids, "area_id": areas, "valid_from": BEGIN}).assign(customer_class="residential"),
    )
    put(lake, "meter", pd.DataFrame({"meter_id": [f"M{one}" for one in ids], "customer_id": ids, "valid_from": BEGIN}))
    common = 0.15 * np.sin(np.arange(DAYS) / 30) + 0.05 * rng.standard_normal(DAYS)
    true = rng.uniform(60, 120, (len(ids), 1)) * np.exp(common + 0.05 * rng.standard_normal((len(ids), DAYS)))
    shown = true.copy()
    shown[THIEF, -45:] *= 0.3
    starts = BEGIN + pd.to_timedelta(np.arange(DAYS), unit="D")
    use = pd.DataFrame({"meter_id": np.repeat([f"M{one}" for one in ids], DAYS), "kwh": shown.reshape(-1)})
    use["start_utc"] = np.tile(starts, len(ids))
    use["end_utc"] = use["start_utc"] + pd.Timedelta(days=1)
    put(lake, "consumption", use.assign(available_at=use["end_utc"] + pd.Timedelta(hours=6)))
    hours = BEGIN + pd.to_timedelta(np.arange(DAYS * 24), unit="h")
    for place, area in enumerate(("A0", "A1", "A2")):
        day_kw = 1.04 * true[place * PER_AREA : (place + 1) * PER_AREA].sum(axis=0) / 24 + 2
        load = pd.DataFrame({"node_id": area, "start_utc": hours, "load_kw": np.repeat(day_kw, 24)})
        load["end_utc"] = load["start_utc"] + pd.Timedelta(hours=1)
        put(lake, "node_load", load.assign(available_at=load["end_utc"] + pd.Timedelta(hours=1)), area)
    return workspace


@pytest.fixture
def _serving(monkeypatch: pytest.MonkeyPatch) -> None:
    serving = Serving(ANOMALY, Even(), CONFIG, 3, "0" * 64, BEGIN)
    monkeypatch.setattr(suspects, "serving_version", lambda _workspace, _name: serving)


def run(workspace: Workspace, *words: str) -> Result:
    return CliRunner().invoke(group, ["suspects", *words, "--workspace", str(workspace.root)])


@pytest.mark.usefixtures("_serving")
def test_the_area_and_then_the_customer_come_first(workspace: Workspace) -> None:
    areas = json.loads(run(workspace, "--json").stdout)
    assert areas["areas"][0]["area_id"] == "A1"
    assert areas["areas"][0]["ratio"] > 3 * areas["areas"][1]["ratio"]
    told = json.loads(run(workspace, "A1", "--json").stdout)
    assert told["model_version"] == 3
    assert told["customers"][0]["customer_id"] == f"C{THIEF:03d}"
    assert told["customers"][0]["explained_share"] > 0.5
    assert told["customers"][0]["evidence"][0]["zh"].startswith("自")


@pytest.mark.usefixtures("_serving")
def test_as_people_read_it(workspace: Workspace) -> None:
    assert "A1" in run(workspace).stdout
    shown = run(workspace, "A1", "--limit", "2").stdout
    assert f"C{THIEF:03d}" in shown
    assert "kWh unexplained in 90 days" in shown


@pytest.mark.usefixtures("_serving")
def test_an_area_nobody_hangs_on_is_refused(workspace: Workspace) -> None:
    refused = run(workspace, "A9")
    assert refused.exit_code == 2
    assert "no customer is known to hang on A9" in refused.stderr


def test_without_a_model_it_says_what_to_do(tmp_path: Path, workspace: Workspace) -> None:
    refused = run(workspace)
    assert refused.exit_code == 2
    assert "headroom train anomaly" in refused.stderr
