"""Runs, versions and champions. The only importer of MLflow, and only where a run or a version is touched.

What serving needs is written beside it: `models/<name>/champion.json` and a copy of the artifact in
`models/<name>/<version>/`, so that a server reads a small file and never waits for MLflow.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ModelError, NotFoundError
from features.workspace import Workspace

__all__ = [
    "Champion",
    "ModelVersion",
    "artifact_hash",
    "champion",
    "evaluation",
    "list_versions",
    "promote",
    "register",
]

CHAMPION, CHALLENGER = "champion", "challenger"
_MODEL, _FIGURES, _EVALUATION, _HASH_TAG = "model", "figures", "evaluation", "sha256"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Champion:
    """The version that serves: `path` is its artifact folder, `sha256` the hash of that folder's content."""

    name: str
    version: int
    path: Path
    sha256: str
    promoted_at: pd.Timestamp


@dataclass(frozen=True)
class ModelVersion:
    """One registered version: the metrics and parameters of its run, its tags and aliases (champion, challenger)."""

    name: str
    version: int
    run_id: str
    created_at: pd.Timestamp
    sha256: str
    aliases: tuple[str, ...]
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]


def artifact_hash(folder: Path) -> str:
    """SHA-256 over the relative names and bytes of every file below `folder`, in order of name."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def register(
    workspace: Workspace,
    name: str,
    model_dir: Path,
    metrics: Mapping[str, float],
    params: Mapping[str, Any],
    figures: Mapping[str, str | bytes],
    tags: Mapping[str, str],
    evaluation_dir: Path | None = None,
) -> int:
    """Log one finished training to MLflow and register its artifact folder; the version, which becomes challenger.

    `figures` are file names with their content (SVG text or PNG bytes); `evaluation_dir` holds what a report needs to
    show the version again (held-out forecasts). Raises ModelError for an empty artifact or a name MLflow would refuse.
    """
    _check_name(name)
    if not model_dir.is_dir() or not any(p.is_file() for p in model_dir.rglob("*")):
        raise ModelError(f"model {name}: nothing to register, {model_dir} holds no file")
    with _store(workspace) as client:
        run_id = client.create_run(_experiment(client, workspace, name)).info.run_id
        _log(client, run_id, metrics, params, tags)
        client.log_artifacts(run_id, str(model_dir), _MODEL)
        if evaluation_dir is not None:
            client.log_artifacts(run_id, str(evaluation_dir), _EVALUATION)
        _log_figures(client, run_id, figures)
        client.set_terminated(run_id)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        source = f"{client.get_run(run_id).info.artifact_uri}/{_MODEL}"
        own_tags = {**tags, _HASH_TAG: artifact_hash(model_dir)}
        version = client.create_model_version(name, source, run_id, tags=own_tags).version
        client.set_registered_model_alias(name, CHALLENGER, version)
    return int(version)


def promote(workspace: Workspace, name: str, version: int) -> Champion:
    """Make `version` the one that serves: artifact copied, hash checked, `champion.json` replaced in one step.

    Raises NotFoundError for an unknown version and ModelError when the stored artifact is not what was registered.
    """
    found = [v for v in list_versions(workspace, name) if v.version == version]
    if not found:
        known = [v.version for v in list_versions(workspace, name)]
        raise NotFoundError(f"model {name} has no version {version}; registered: {known or 'none'}")
    with _store(workspace) as client:
        _copy_artifact(client, found[0], workspace.models / name)
        client.set_registered_model_alias(name, CHAMPION, str(version))
        if CHALLENGER in found[0].aliases:
            client.delete_registered_model_alias(name, CHALLENGER)
    record = {
        "name": name,
        "version": version,
        "path": str(version),
        "sha256": found[0].sha256,
        "promoted_at": pd.Timestamp.now(tz="UTC").isoformat(),
    }
    _replace(workspace.models / name / "champion.json", json.dumps(record, indent=2) + "\n")
    return _parse_champion(workspace.models / name / "champion.json")


def champion(workspace: Workspace, name: str) -> Champion | None:
    """The serving version of `name`, None before the first promotion; ModelError when its record is damaged."""
    path = workspace.models / name / "champion.json"
    return _parse_champion(path) if path.is_file() else None


def list_versions(workspace: Workspace, name: str | None = None) -> list[ModelVersion]:
    """Every registered version (of one model), oldest first; empty while nothing was trained."""
    if not (workspace.root / "mlflow.db").is_file():
        return []
    with _store(workspace) as client:
        found: list[ModelVersion] = []
        for model in client.search_registered_models(f"name = '{_check_name(name)}'" if name else None):
            for entry in client.search_model_versions(f"name = '{model.name}'"):
                found.append(_version(client, entry, model.aliases))
    return sorted(found, key=lambda v: (v.name, v.version))


def evaluation(workspace: Workspace, version: ModelVersion, target: Path) -> Path:
    """The version's evaluation files, copied below `target`; NotFoundError when it was registered without any."""
    with _store(workspace) as client:
        if not any(a.path == _EVALUATION for a in client.list_artifacts(version.run_id)):
            raise NotFoundError(f"model {version.name} version {version.version} keeps no evaluation files")
        return Path(client.download_artifacts(version.run_id, _EVALUATION, str(target)))


@contextmanager
def _store(workspace: Workspace) -> Iterator[Any]:
    """A client on the workspace's own store; no process-wide tracking address is set."""
    # The store announces its table creation at INFO, which would break a progress bar.
    for logger in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(logger).setLevel(logging.WARNING)
    workspace.root.mkdir(parents=True, exist_ok=True)
    # MLflow reports its use to its makers unless told not to; a utility's machine tells nobody anything.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with warnings.catch_warnings():
        # MLflow's mappings use a loader strategy that newer SQLAlchemy releases announce to be going.
        warnings.filterwarnings("ignore", message=r"The ``noload`` loader strategy is deprecated")
        from mlflow import MlflowClient
        from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
        from mlflow.exceptions import MlflowException

        # A bar per copied file, in the midst of our own progress, says nothing.
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)
        try:
            yield MlflowClient(tracking_uri=workspace.mlflow_uri, registry_uri=workspace.mlflow_uri)
        except MlflowException as error:
            raise ModelError(f"model store of {workspace.root}: {error}") from error


def _experiment(client: Any, workspace: Workspace, name: str) -> str:
    """The experiment's id; its artifacts lie below the workspace, also after the workspace was moved."""
    location = (workspace.artifacts / name).resolve().as_uri()
    known = client.get_experiment_by_name(name)
    if known is not None and known.artifact_location == location:
        return str(known.experiment_id)
    if known is not None:
        client.rename_experiment(known.experiment_id, f"{name} (before the move, {known.experiment_id})")
    return str(client.create_experiment(name, artifact_location=location))


def _log(
    client: Any, run_id: str, metrics: Mapping[str, float], params: Mapping[str, Any], tags: Mapping[str, str]
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now_ms = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(key, float(value), now_ms, 0) for key, value in metrics.items()],
        params=[Param(key, str(value)) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )


def _log_figures(client: Any, run_id: str, figures: Mapping[str, str | bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for file_name, content in figures.items():
            (Path(folder) / file_name).write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        client.log_artifacts(run_id, folder, _FIGURES)


def _version(client: Any, entry: Any, aliases: Mapping[str, Any]) -> ModelVersion:
    run = client.get_run(entry.run_id)
    return ModelVersion(
        name=entry.name,
        version=int(entry.version),
        run_id=entry.run_id,
        created_at=pd.Timestamp(entry.creation_timestamp, unit="ms", tz="UTC"),
        sha256=entry.tags.get(_HASH_TAG, ""),
        aliases=tuple(sorted(alias for alias, version in aliases.items() if int(version) == int(entry.version))),
        metrics=dict(run.data.metrics),
        params=dict(run.data.params),
        tags={key: value for key, value in entry.tags.items() if key != _HASH_TAG},
    )


def _copy_artifact(client: Any, version: ModelVersion, folder: Path) -> None:
    """Copy the artifact to `folder/<version>` by one rename, so that a reader sees all of it or nothing."""
    target = folder / str(version.version)
    if target.is_dir() and artifact_hash(target) == version.sha256:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".incoming-") as incoming:
        copied = Path(client.download_artifacts(version.run_id, _MODEL, incoming))
        if artifact_hash(copied) != version.sha256:
            raise ModelError(
                f"model {version.name} version {version.version}: the stored artifact is not as registered"
            )
        if target.is_dir():
            shutil.rmtree(target)
        copied.rename(target)


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".champion-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(path)


def _parse_champion(path: Path) -> Champion:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Champion(
            name=record["name"],
            version=int(record["version"]),
            path=path.parent / record["path"],
            sha256=record["sha256"],
            promoted_at=pd.Timestamp(record["promoted_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not a readable champion record ({error!r}); promote a version anew") from error


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ModelError(f"{name!r} is no model name: lower-case letters, digits, - and _, starting with a letter")
    return name
