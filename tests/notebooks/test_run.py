"""Every notebook runs from top to bottom in a fresh kernel."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.mark.slow
# The client of the kernel opens sockets and loops of its own; their warnings are not ours.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import jupytext
    from nbclient import NotebookClient

    monkeypatch.setenv("HEADROOM_NOTEBOOK_WORKSPACE", str(tmp_path / "workspace"))
    notebook = jupytext.read(path)
    NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    images = [out for cell in notebook.cells for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]
    assert images, "a notebook shows plots"
