"""The registry: what is registered is what serves, and serving never needs MLflow."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pandas as pd
import pytest

from features.errors import ModelError, NotFoundError
from features.workspace import Workspace
from training.registry import (
    artifact_hash,
    champion,
    evaluation,
    fetch,
    find_runs,
    list_versions,
    log_to_run,
    promote,
    promotions,
    register,
    start_run,
)


def _artifact(folder: Path, text: str) -> Path:
    (folder / "part").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"text": text}))
    (folder / "part" / "q50.txt").write_text(text)
    return folder


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two registered versions of one model, the first with evaluation files."""
    root = tmp_path_factory.mktemp("a space in the name")
    workspace = Workspace(root / "workspace")
    held_out = root / "evaluation"
    held_out.mkdir()
    (held_out / "note.txt").write_text("kept")
    for number in (1, 2):
        register(
            workspace,
            "demand",
            _artifact(root / f"m{number}", f"tree {number}"),
            metrics={"rcrps": 0.03 / number},
            params={"trees": number},
            figures={"fan.svg": "<svg/>", "dot.png": b"\x89PNG"},
            tags={"data": f"d{number}"},
            evaluation_dir=held_out if number == 1 else None,
        )
    return workspace


def test_versions_keep_metrics_params_tags_and_hash(filled: Workspace) -> None:
    first, second = list_versions(filled, "demand")
    assert (first.version, second.version) == (1, 2)
    assert second.metrics["rcrps"] == pytest.approx(0.015)
    assert first.params["trees"] == "1"
    assert first.tags == {"data": "d1"}
    assert first.sha256 != second.sha256
    assert "challenger" in second.aliases


def test_figures_are_kept_with_the_run(filled: Workspace) -> None:
    names = {p.name for p in filled.artifacts.rglob("figures/*")}
    assert names == {"fan.svg", "dot.png"}


def test_promotion_moves_the_champion_and_a_rollback_is_a_promotion(filled: Workspace) -> None:
    for version in (1, 2, 1):
        promoted = promote(filled, "demand", version)
        serving = champion(filled, "demand")
        assert serving == promoted
        assert serving is not None
        assert serving.version == version
        assert (serving.path / "part" / "q50.txt").read_text() == f"tree {version}"
        assert artifact_hash(serving.path) == serving.sha256
        assert [v.version for v in list_versions(filled, "demand") if "champion" in v.aliases] == [version]


def test_a_moved_workspace_still_serves(filled: Workspace, tmp_path: Path) -> None:
    promote(filled, "demand", 1)
    moved = Workspace(tmp_path / "elsewhere")
    shutil.copytree(filled.root, moved.root)
    serving = champion(moved, "demand")
    assert serving is not None
    assert serving.path.is_relative_to(moved.root)
    version = register(moved, "demand", _artifact(tmp_path / "m3", "tree 3"), {}, {}, {}, {})
    assert promote(moved, "demand", version).version == 3
    assert len(list(moved.artifacts.rglob("q50.txt"))) == len(list(filled.artifacts.rglob("q50.txt"))) + 1


def test_evaluation_files_come_back(filled: Workspace, tmp_path: Path) -> None:
    first, second = list_versions(filled, "demand")
    assert (evaluation(filled, first, tmp_path) / "note.txt").read_text() == "kept"
    with pytest.raises(NotFoundError, match="version 2 keeps no evaluation"):
        evaluation(filled, second, tmp_path)


def test_unknown_version_is_named_with_those_there_are(filled: Workspace) -> None:
    with pytest.raises(NotFoundError, match=r"demand has no version 9; registered: \[1, 2\]"):
        promote(filled, "demand", 9)


def test_a_damaged_artifact_is_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    version = register(workspace, "peak", _artifact(tmp_path / "m", "tree"), {}, {}, {}, {})
    for stored in workspace.artifacts.rglob("q50.txt"):
        stored.write_text("other")
    with pytest.raises(ModelError, match="not as registered"):
        promote(workspace, "peak", version)
    assert champion(workspace, "peak") is None


def test_a_damaged_champion_record_is_an_error_not_an_absence(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (workspace.models / "demand").mkdir(parents=True)
    (workspace.models / "demand" / "champion.json").write_text('{"name": "demand"')
    with pytest.raises(ModelError, match="promote a version anew"):
        champion(workspace, "demand")


@pytest.mark.parametrize("name", ["", "Demand", "a'b", "../x"])
def test_names_that_cannot_be_kept_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="no model name"):
        register(Workspace(tmp_path), name, tmp_path, {}, {}, {}, {})


def test_an_empty_workspace_has_no_versions_and_stays_empty(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "none")
    assert list_versions(workspace) == []
    assert champion(workspace, "demand") is None
    assert not workspace.root.exists()


def test_reading_the_champion_does_not_import_mlflow(filled: Workspace) -> None:
    promote(filled, "demand", 2)
    script = (
        "import sys, pathlib; from features.workspace import Workspace; from training.registry import champion;"
        f"assert champion(Workspace(pathlib.Path({str(filled.root)!r})), 'demand').version == 2;"
        "sys.exit('mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_any_version_can_be_fetched_and_is_checked(filled: Workspace, tmp_path: Path) -> None:
    first, second = list_versions(filled, "demand")
    assert (fetch(filled, first, tmp_path / "1") / "part" / "q50.txt").read_text() == "tree 1"
    wrong = replace(first, sha256=second.sha256)
    with pytest.raises(ModelError, match="not as registered"):
        fetch(filled, wrong, tmp_path / "2")


def test_every_promotion_is_logged_with_what_was_said(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    for number in (1, 2):
        register(workspace, "peak", _artifact(tmp_path / f"m{number}", f"tree {number}"), {}, {}, {}, {})
    promote(workspace, "peak", 1)
    promote(workspace, "peak", 2, {"by": "王工", "why": "更准"})
    first, second = promotions(workspace, "peak")
    assert (first.version, first.previous, dict(first.details)) == (1, None, {})
    assert (second.version, second.previous, dict(second.details)) == (2, 1, {"by": "王工", "why": "更准"})
    assert list_versions(workspace, "peak")[1].tags["promotion.by"] == "王工"


def test_a_promotion_cut_short_after_its_record_is_still_in_the_log(tmp_path: Path) -> None:
    """The record is what decides; a log that lacks its line is completed by the next promotion."""
    workspace = Workspace(tmp_path / "w")
    register(workspace, "peak", _artifact(tmp_path / "m", "tree"), {}, {}, {}, {})
    for why in ("one", "two", "three"):
        promote(workspace, "peak", 1, {"why": why})
        (workspace.models / "peak" / "promotions.jsonl").unlink(missing_ok=True)
    promote(workspace, "peak", 1, {"why": "four"})
    assert [one.details["why"] for one in promotions(workspace, "peak")] == ["three", "four"]


def test_runs_are_nested_found_by_tag_and_finished(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    assert find_runs(workspace, "studies") == []
    assert not workspace.root.exists()
    study = start_run(workspace, "studies", "demand study", params={"trials": 2}, tags={"study": "s1"})
    for number in range(2):
        trial = start_run(workspace, "studies", f"trial {number}", tags={"trial": str(number)}, parent=study)
        log_to_run(workspace, trial, metrics={"value": 0.1 * number, "unknown": float("nan")}, finish="FINISHED")
    table = pd.DataFrame({"node_id": ["A1"], "loss": [1.5]})
    log_to_run(
        workspace, study, figures={"a.svg": "<svg/>"}, tables={"t.csv": table, "p.parquet": table, "j.json": {"k": 1}}
    )
    (found,) = find_runs(workspace, "studies", {"study": "s1"})
    assert (found.run_id, found.name, found.status, found.params["trials"]) == (study, "demand study", "RUNNING", "2")
    trials = [run for run in find_runs(workspace, "studies") if run.parent == study]
    assert [(run.tags["trial"], run.status) for run in trials] == [("0", "FINISHED"), ("1", "FINISHED")]
    assert dict(trials[1].metrics) == {"value": 0.1}
    kept = {p.name: p for p in workspace.artifacts.rglob("*") if p.is_file()}
    assert set(kept) == {"a.svg", "t.csv", "p.parquet", "j.json"}
    assert pd.read_parquet(kept["p.parquet"])["loss"].tolist() == [1.5]


def _round_trip(workspace: Workspace, tmp_path: Path) -> None:
    version = register(
        workspace, "demand", _artifact(tmp_path / "m", "tree"), {"rcrps": 0.02}, {}, {"f.svg": "<svg/>"}, {}
    )
    served = promote(workspace, "demand", version, {"by": "tests"})
    assert (served.path / "part" / "q50.txt").read_text() == "tree"
    (found,) = list_versions(workspace)
    assert (found.name, found.version, found.aliases) == ("demand", version, ("champion",))
    run = start_run(workspace, "studies", "s", tags={"k": "v"})
    log_to_run(workspace, run, tables={"t.json": {"a": 1}}, finish="FINISHED")
    assert [one.run_id for one in find_runs(workspace, "studies", {"k": "v"})] == [run]
    assert not (workspace.root / "mlflow.db").exists()


@pytest.mark.slow
def test_runs_and_versions_can_live_in_postgresql(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADROOM_TRACKING_URL", postgres_url)
    _round_trip(Workspace(tmp_path / "w"), tmp_path)


@pytest.mark.slow
def test_a_tracking_server_is_shared_by_territories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _tracking_server(tmp_path) as url:
        monkeypatch.setenv("HEADROOM_TRACKING_URL", url)
        east, west = Workspace(tmp_path / "east"), Workspace(tmp_path / "west")
        for workspace in (east, west):
            workspace.root.mkdir()
            (workspace.root / "territory.yaml").write_text(f"name: {workspace.root.name}\n")
            _round_trip(workspace, workspace.root / "made")
        register(east, "demand", _artifact(tmp_path / "second", "second"), {}, {}, {}, {})
        assert [v.version for v in list_versions(east)] == [1, 2]
        assert [v.version for v in list_versions(west)] == [1]
        assert champion(west, "demand") is not None


@contextmanager
def _tracking_server(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    line += [
        "--backend-store-uri",
        f"sqlite:///{folder / 'server.db'}",
        "--artifacts-destination",
        str(folder / "kept"),
    ]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(line, cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            pytest.fail((folder / "server.log").read_text())
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
