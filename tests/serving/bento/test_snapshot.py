"""What is packed, what stays, and what is refused, on a small made-up workspace."""

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.errors import HeadroomError, ModelError
from features.frames import as_contract
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import Workspace
from serving.bento.snapshot import _KEPT_BACK, pack_snapshot, require_complete
from serving.settings import SNAPSHOT_RECORD, command_name, default_root, service_settings, workspace_from_environment
from training.registry import artifact_hash, champion

SECRET = "postgresql://headroom:open-sesame@db/state"


def promote_real(workspace: Workspace, name: str, version: int = 1) -> Path:
    """A champion whose hash is that of its artifact."""
    folder = workspace.models / name / str(version)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flat.json").write_text(json.dumps({"base_kw": 100.0}))
    record = {"name": name, "version": version, "path": str(version), "sha256": artifact_hash(folder)}
    record["promoted_at"] = "2026-01-01T00:00:00+00:00"
    (workspace.models / name / "champion.json").write_text(json.dumps(record))
    return folder


def customers(count: int) -> pd.DataFrame:
    contract = CONTRACTS["customer"]
    frame = pd.DataFrame({"customer_id": [f"PRIVATE{i}" for i in range(count)], "area_id": "A1"})
    frame = frame.assign(customer_class="residential", contract_kva=8.0, valid_to=pd.NaT)
    frame["valid_from"] = frame["available_at"] = pd.Timestamp("2020-01-01T00:00Z")
    frame["valid_to"] = pd.to_datetime(frame["valid_to"], utc=True)
    return as_contract(contract, frame[list(contract.columns)])


def identities(count: int) -> pd.DataFrame:
    contract = CONTRACTS["identity"]
    frame = customers(count)[["customer_id", "valid_from", "valid_to", "available_at"]]
    return as_contract(contract, frame.assign(name="PRIVATE").reindex(columns=list(contract.columns)))


def consents(count: int) -> pd.DataFrame:
    frame = customers(count)[["customer_id", "valid_from", "valid_to", "available_at"]]
    return as_contract(CONTRACTS["consent"], frame.assign(purpose="marketing", channel="app", granted=False))


@pytest.fixture
def workspace(full_workspace: Workspace, copied, helpers: SimpleNamespace) -> Workspace:
    made: Workspace = copied(full_workspace)
    for name in ("demand", "peak"):
        promote_real(made, name)
    Lake(made.lake).append("customer", customers(3), "first")
    Lake(made.lake).append("identity", identities(3), "first")
    Lake(made.lake).append("consent", consents(3), "first")
    (made.root / "territory.yaml").write_text("name: 江州 / east\n")
    (made.root / "service.yaml").write_text(f"state_url: {SECRET}\nmax_nodes: 17\n")
    for name in ("state.db", "mlflow.db", "source/a.csv", "quarantine/b.csv", "models/demand/7/old.txt"):
        (made.root / name).parent.mkdir(exist_ok=True, parents=True)
        (made.root / name).write_text("stays here")
    return made


def pack(workspace: Workspace, target: Path) -> dict[str, str]:
    return pack_snapshot(workspace, target, ask=lambda _packed: None)


def test_the_snapshot_holds_what_serving_reads_and_nothing_else(workspace: Workspace, tmp_path: Path) -> None:
    record = pack(workspace, tmp_path / "snapshot")
    packed = Workspace(tmp_path / "snapshot")
    assert {path.name for path in packed.root.iterdir()} == {
        *("lake", "models", "publications", "territory.yaml", "service.yaml", SNAPSHOT_RECORD)
    }
    assert json.loads((packed.root / SNAPSHOT_RECORD).read_text()) == record
    content = b"".join(path.read_bytes() for path in sorted(packed.root.rglob("*")) if path.is_file())
    for private in (b"PRIVATE", b"open-sesame", b"stays here"):
        assert private not in content
    assert service_settings(packed).max_nodes == 17
    assert not (packed.lake / "identity").exists()
    for name in ("node", "node_load", "org_unit"):
        pd.testing.assert_frame_equal(Lake(packed.lake).versions(name), Lake(workspace.lake).versions(name))
    for name in ("demand", "peak"):
        assert artifact_hash(champion(packed, name).path) == champion(workspace, name).sha256


def test_sums_of_customers_come_along_so_that_siblings_are_the_same(workspace: Workspace, tmp_path: Path) -> None:
    pack(workspace, tmp_path / "snapshot")
    packed = Lake(tmp_path / "snapshot" / "lake")
    found, expected = (load_history(lake, workspace.territory()).customers for lake in (packed, Lake(workspace.lake)))
    pd.testing.assert_frame_equal(found, expected)
    assert found["change_kva"].tolist() == [24.0]


def test_the_fingerprint_counts_batches_whose_rows_stay_behind(workspace: Workspace, tmp_path: Path) -> None:
    whole = Lake(workspace.lake)
    record = pack(workspace, tmp_path / "one")
    packed = Lake(tmp_path / "one" / "lake")
    assert record["data_fingerprint"] == whole.fingerprint() == packed.fingerprint()
    assert packed.read("customer").empty
    assert packed.has_batch("customer", "first")
    whole.append("customer", customers(5), "second")
    assert pack(workspace, tmp_path / "two")["data_fingerprint"] == whole.fingerprint() != record["data_fingerprint"]


def test_a_table_with_a_checkpoint_and_a_killed_write_is_packed_whole(
    workspace: Workspace, helpers: SimpleNamespace, tmp_path: Path
) -> None:
    lake = Lake(workspace.lake)
    for hour in range(25):
        start = helpers.LAST_LOAD + pd.Timedelta(hours=hour)
        lake.append("node_load", helpers.loads_frame(start, 1), f"hour {hour}")
    log = workspace.lake / "node_load" / "_delta_log"
    assert (log / "_last_checkpoint").is_file()
    (workspace.lake / "node_load" / "part-never-committed.parquet").write_bytes(b"half")
    (log / "_commit_1234.json.tmp").write_text("half")
    pack(workspace, tmp_path / "snapshot")
    packed = Lake(tmp_path / "snapshot" / "lake")
    pd.testing.assert_frame_equal(packed.versions("node_load"), lake.versions("node_load"))
    assert packed.fingerprint() == lake.fingerprint()
    assert not list(packed.root.rglob("*never*")) + list(packed.root.rglob("*.tmp"))


def test_no_table_about_single_customers_is_packed_but_applications() -> None:
    about_none = {"org_unit", "node", "transformer", "line_segment", "tie", "node_load", "event", "tariff"}
    weather = {"weather_observed", "weather_forecast"}
    assert set(CONTRACTS) - _KEPT_BACK == about_none | weather | {"application"}


def test_packing_twice_gives_the_same_content(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("one", "two"):
        pack(workspace, tmp_path / name)
    assert artifact_hash(tmp_path / "one") == artifact_hash(tmp_path / "two")


def test_what_is_missing_is_said_all_at_once_with_the_commands_that_bring_it(tmp_path: Path) -> None:
    with pytest.raises(HeadroomError) as refused:
        require_complete(Workspace(tmp_path / "none"))
    for part in ("headroom ingest", "headroom train demand", "headroom train peak", "headroom publish capacity"):
        assert part in str(refused.value)


def test_damage_is_said_with_the_file_it_is_in(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.models / "peak" / "1" / "flat.json").write_text("{}")
    with pytest.raises(ModelError, match="peak/1 is damaged"):
        pack(workspace, tmp_path / "one")
    promote_real(workspace, "peak")
    next((workspace.lake / "node_load").glob("*.parquet")).unlink()
    with pytest.raises(HeadroomError, match="the table node_load is damaged"):
        pack(workspace, tmp_path / "two")


def test_a_snapshot_that_does_not_answer_is_no_bento(workspace: Workspace, tmp_path: Path) -> None:
    # The artifacts of this workspace are no trained models, so that asking for a forecast fails.
    with pytest.raises(HeadroomError):
        pack_snapshot(workspace, tmp_path / "snapshot")


def test_beside_a_snapshot_nobody_has_to_name_the_workspace(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEADROOM_WORKSPACE", raising=False)
    monkeypatch.delenv("HEADROOM_STATE_URL", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    assert default_root() == Path("workspace")
    assert command_name() == "headroom"
    monkeypatch.setattr("serving.settings.__file__", str(tmp_path / "src" / "serving" / "settings.py"))
    pack(workspace, tmp_path / "src" / "snapshot")
    assert workspace_from_environment().root == tmp_path / "src" / "snapshot"
    assert command_name() == "python -m serving.cli"
    # The state lies in the user's folder, by territory: never in the bento, and never two territories in one.
    url = service_settings(workspace_from_environment()).state_url
    assert url == f"sqlite:///{tmp_path}/own/headroom/江州-east/state.db"
    assert (tmp_path / "own" / "headroom" / "江州-east").is_dir()
    monkeypatch.setenv("HEADROOM_STATE_URL", SECRET)
    assert service_settings(workspace_from_environment()).state_url == SECRET
    monkeypatch.setenv("HEADROOM_WORKSPACE", str(workspace.root))
    assert workspace_from_environment().root == workspace.root
