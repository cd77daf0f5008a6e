"""A wheel holds everything an installed `headroom` reads: YAML beside the packages, where `configs_dir` looks."""

import os
import sys
import zipfile
from pathlib import Path

import pytest
import uv_build

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_every_configuration_and_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A build backend works in the project's folder and finds its own executable on the path.
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    wheel = uv_build.build_wheel(str(tmp_path))
    packed = set(zipfile.ZipFile(tmp_path / wheel).namelist())
    needed = {str(path.relative_to(ROOT)) for path in (ROOT / "configs").rglob("*.yaml")}
    assert {"configs/demo.yaml", "configs/sources/demo.yaml"} <= needed <= packed
    assert "serving/report/template.html" in packed
    assert not any(name.startswith(("tests/", "benchmarks/", "workspace")) for name in packed)
