"""The registry: what is registered is what serves, and serving never needs MLflow."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from features.errors import ModelError, NotFoundError
from features.workspace import Workspace
from training.registry import artifact_hash, champion, evaluation, list_versions, promote, register


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
