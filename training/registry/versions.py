"""Model versions: one finished training each, with its artifact, scores and tags.

What serving needs is written beside the store: `models/<name>/champion.json` and a copy of the artifact in
`models/<name>/<version>/`, so that a server reads a small file and never waits for MLflow.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ModelError, NotFoundError
from features.workspace import Workspace
from training.registry.record import Champion, write_champion
from training.registry.runs import log_files
from training.registry.store import PARENT_TAG, experiment, is_there, log_values, open_store, stored_name

__all__ = [
    "ModelVersion",
    "artifact_hash",
    "evaluation",
    "fetch",
    "list_versions",
    "promote",
    "register",
]

CHAMPION, CHALLENGER = "champion", "challenger"
_MODEL, _EVALUATION, _HASH_TAG, _NAME_TAG = "model", "evaluation", "sha256", "model"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


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
    tables: Mapping[str, Any] | None = None,
    parent_run: str | None = None,
) -> int:
    """Log one finished training and register its artifact folder; the version, which becomes challenger.

    `figures` are file names with their content (SVG text or PNG bytes), `tables` file names with frames or plain
    values; `evaluation_dir` holds what a report needs to show the version again (held-out forecasts); `parent_run` is
    the study the parameters come from. Raises ModelError for an empty artifact or a name the store would refuse.
    """
    _check_name(name)
    if not model_dir.is_dir() or not any(p.is_file() for p in model_dir.rglob("*")):
        raise ModelError(f"model {name}: nothing to register, {model_dir} holds no file")
    stored = stored_name(workspace, name)
    with open_store(workspace) as client:
        nested = {PARENT_TAG: parent_run} if parent_run else {}
        run_id = client.create_run(experiment(client, workspace, name), tags=nested).info.run_id
        log_values(client, run_id, metrics, params, tags)
        client.log_artifacts(run_id, str(model_dir), _MODEL)
        if evaluation_dir is not None:
            client.log_artifacts(run_id, str(evaluation_dir), _EVALUATION)
        log_files(client, run_id, figures, tables or {})
        client.set_terminated(run_id)
        if not client.search_registered_models(f"name = '{stored}'"):
            client.create_registered_model(stored, tags={_NAME_TAG: name})
        source = f"{client.get_run(run_id).info.artifact_uri}/{_MODEL}"
        own_tags = {**tags, _HASH_TAG: artifact_hash(model_dir)}
        version = client.create_model_version(stored, source, run_id, tags=own_tags).version
        client.set_registered_model_alias(stored, CHALLENGER, version)
    return int(version)


def promote(workspace: Workspace, name: str, version: int, record: Mapping[str, str] | None = None) -> Champion:
    """Make `version` the one that serves: artifact copied, hash checked, `champion.json` replaced in one step.

    No judgement is made here. `record` says who, why and on what figures; it is kept with the version, in
    `champion.json` and in the log of promotions. Raises NotFoundError for an unknown version and ModelError when the
    stored artifact is not what was registered.
    """
    known = list_versions(workspace, name)
    found = [v for v in known if v.version == version]
    if not found:
        raise NotFoundError(
            f"model {name} has no version {version}; registered: {[v.version for v in known] or 'none'}"
        )
    stored, details = stored_name(workspace, name), dict(record or {})
    with open_store(workspace) as client:
        _copy_artifact(client, found[0], workspace.models / name)
        for key, value in details.items():
            client.set_model_version_tag(stored, str(version), f"promotion.{key}", value)
        client.set_registered_model_alias(stored, CHAMPION, str(version))
        if CHALLENGER in found[0].aliases:
            client.delete_registered_model_alias(stored, CHALLENGER)
    return write_champion(workspace, name, version, found[0].sha256, details)


def list_versions(workspace: Workspace, name: str | None = None) -> list[ModelVersion]:
    """Every registered version (of one model), oldest first; empty while nothing was trained."""
    if not is_there(workspace):
        return []
    wanted = f"name = '{stored_name(workspace, _check_name(name))}'" if name else None
    with open_store(workspace) as client:
        found: list[ModelVersion] = []
        for model in client.search_registered_models(wanted):
            own = model.tags.get(_NAME_TAG, model.name)
            # A shared store holds other territories' models, too.
            if model.name == stored_name(workspace, own):
                entries = client.search_model_versions(f"name = '{model.name}'")
                found += [_version(client, own, entry, model.aliases) for entry in entries]
    return sorted(found, key=lambda v: (v.name, v.version))


def fetch(workspace: Workspace, version: ModelVersion, target: Path) -> Path:
    """The artifact folder of any version, copied below `target`; ModelError when it is not what was registered."""
    with open_store(workspace) as client:
        return _download(client, version, target)


def evaluation(workspace: Workspace, version: ModelVersion, target: Path) -> Path:
    """The version's evaluation files, copied below `target`; NotFoundError when it was registered without any."""
    with open_store(workspace) as client:
        if not any(a.path == _EVALUATION for a in client.list_artifacts(version.run_id)):
            raise NotFoundError(f"model {version.name} version {version.version} keeps no evaluation files")
        return Path(client.download_artifacts(version.run_id, _EVALUATION, str(target)))


def _version(client: Any, name: str, entry: Any, aliases: Mapping[str, Any]) -> ModelVersion:
    run = client.get_run(entry.run_id)
    return ModelVersion(
        name=name,
        version=int(entry.version),
        run_id=entry.run_id,
        created_at=pd.Timestamp(entry.creation_timestamp, unit="ms", tz="UTC"),
        sha256=entry.tags.get(_HASH_TAG, ""),
        aliases=tuple(sorted(alias for alias, version in aliases.items() if int(version) == int(entry.version))),
        metrics=dict(run.data.metrics),
        params=dict(run.data.params),
        tags={key: value for key, value in entry.tags.items() if key != _HASH_TAG},
    )


def _download(client: Any, version: ModelVersion, target: Path) -> Path:
    copied = Path(client.download_artifacts(version.run_id, _MODEL, str(target)))
    if artifact_hash(copied) != version.sha256:
        raise ModelError(f"model {version.name} version {version.version}: the stored artifact is not as registered")
    return copied


def _copy_artifact(client: Any, version: ModelVersion, folder: Path) -> None:
    """Copy the artifact to `folder/<version>` by one rename, so that a reader sees all of it or nothing."""
    target = folder / str(version.version)
    if target.is_dir() and artifact_hash(target) == version.sha256:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".incoming-") as incoming:
        copied = _download(client, version, Path(incoming))
        if target.is_dir():
            shutil.rmtree(target)
        copied.rename(target)


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ModelError(f"{name!r} is no model name: lower-case letters, digits, - and _, starting with a letter")
    return name
