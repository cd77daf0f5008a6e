"""A bento: code, a snapshot of a workspace and pinned requirements in one folder that serves by itself."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from features.configs import configs_dir
from features.errors import ConfigError, HeadroomError
from features.workspace import Workspace
from serving.bento.pins import pinned_requirements
from serving.bento.snapshot import pack_snapshot, require_complete
from serving.settings import SNAPSHOT_FOLDER
from training.environment import git_revision
from training.registry import artifact_hash

__all__ = ["BENTO_ENDING", "Built", "build_bento"]

Say = Callable[[str], None]
BENTO_ENDING = ".bento"
_NAME, _SERVICE, _REQUIREMENTS = "headroom", "serving.service:Headroom", "requirements.txt"
_PACKAGES = ("features", "training", "serving")
_VERSION_DIGITS = 12
# What BentoML allows in names and versions.
_PART = re.compile(r"[a-z0-9]([-._a-z0-9]*[a-z0-9])?")
_UNPACKED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


@dataclass(frozen=True)
class Built:
    """A bento that is there: `path` is its folder or the exported file, `size_bytes` what it takes on disk.

    `labels` name what is inside: model versions, data fingerprint, publication, release, git commit, and `content`, a
    SHA-256 of all files packed. `fresh` is False where the same content was in the store already.
    """

    tag: str
    path: Path
    size_bytes: int
    fresh: bool
    labels: dict[str, str]


def build_bento(workspace: Workspace, tag: str | None = None, out: Path | None = None, say: Say = print) -> Built:
    """Pack `workspace` and the code that runs here into a bento, in the user's store or as `out` only.

    `tag` is NAME, NAME:VERSION or nothing; the version is then made of the content, so that the same workspace and
    code give the same bento. `out` is a file that ends in `.bento` or a folder that does not exist. Raises
    HeadroomError for a workspace that lacks something, ConfigError for a tag or path that cannot be used.
    """
    name, version = _parsed(tag)
    target = None if out is None else _new_path(out)
    say("look whether the workspace is complete")
    require_complete(workspace)
    with tempfile.TemporaryDirectory(prefix="headroom-build-") as folder:
        stage = Path(folder) / "stage"
        say("pack the snapshot and ask it")
        labels = pack_snapshot(workspace, stage / SNAPSHOT_FOLDER)
        say("pack code and requirements")
        labels |= _pack_code(stage)
        labels["content"] = artifact_hash(stage)
        order = {
            "tag": f"{name}:{version or labels['content'][:_VERSION_DIGITS]}",
            "build": _build_options(labels),
            "out": None if target is None else str(target),
        }
        say("make the bento")
        return _made(stage, order, Path(folder) / "store" if target is not None else None, labels)


def _parsed(tag: str | None) -> tuple[str, str | None]:
    name, _, version = (tag or _NAME).partition(":")
    for part in (name, version or "0"):
        if not _PART.fullmatch(part):
            raise ConfigError(
                f"--tag: {tag!r} is no NAME:VERSION of lower-case letters, digits, dots, hyphens and underscores"
            )
    return name, version or None


def _new_path(out: Path) -> Path:
    target = out.absolute()
    if target.exists():
        raise ConfigError(f"--out: {out} is there already")
    if not target.parent.is_dir():
        raise ConfigError(f"--out: the folder {target.parent} is not there")
    return target


def _pack_code(stage: Path) -> dict[str, str]:
    """Copy packages and configuration, from a checkout as from an installed wheel, and write the requirements."""
    for package in _PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, stage / package, ignore=_UNPACKED, copy_function=shutil.copyfile)
    shutil.copytree(configs_dir(), stage / "configs", ignore=_UNPACKED, copy_function=shutil.copyfile)
    (stage / _REQUIREMENTS).write_text("".join(f"{pin}\n" for pin in pinned_requirements()), encoding="utf-8")
    return {"headroom": metadata.version(_NAME), "git": git_revision()}


def _build_options(labels: dict[str, str]) -> dict[str, Any]:
    return {
        "service": _SERVICE,
        "labels": labels,
        "description": _DESCRIPTION.format(labels=json.dumps(labels, indent=2)),
        "python": {"requirements_txt": f"./{_REQUIREMENTS}", "lock_packages": False},
        # LightGBM needs the OpenMP runtime, which slim images leave out.
        "docker": {
            "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
            "system_packages": ["libgomp1"],
        },
    }


def _made(stage: Path, order: dict[str, Any], store: Path | None, labels: dict[str, str]) -> Built:
    """Let BentoML build in a process of its own, which imports the code that was packed and nothing else of ours."""
    environment = {**os.environ, "PYTHONPATH": str(stage), "BENTOML_DO_NOT_TRACK": "true"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "HEADROOM_WORKSPACE": ""}
    if store is not None:
        environment["BENTOML_HOME"] = str(store)
    command = [sys.executable, "-m", "serving.bento.packing"]
    done = subprocess.run(
        command, cwd=stage, env=environment, input=json.dumps(order), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise HeadroomError(f"BentoML did not build {order['tag']}: {done.stderr.strip() or done.stdout.strip()}")
    result = json.loads(done.stdout.splitlines()[-1])
    return Built(order["tag"], Path(result["path"]), result["size_bytes"], result["fresh"], labels)


_DESCRIPTION = """# Headroom

Demand forecasts and open capacity of one territory, with everything they are made from.

    pip install -r env/python/requirements.txt
    python -m serving.cli keys add NAME --role planner      # in src/, prints a key, once
    bentoml serve .                                         # in this folder, on 127.0.0.1 port 3000

The service answers from `src/snapshot`, which it never writes to. HEADROOM_WORKSPACE names another workspace to serve,
HEADROOM_STATE_URL another database for the keys than the one in the user's own folder.

Inside:

    {labels}
"""
