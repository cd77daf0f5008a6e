"""The part of a workspace that serving reads, copied so that it answers alike without the rest."""

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from features.contracts import APPLICATION, CONTRACTS, LEDGER_LINK, LEDGER_NODE, LINK, WORK_ITEM
from features.errors import HeadroomError, ModelError
from features.lake import Lake
from features.load.reading import keep_customer_sums
from features.workspace import Workspace
from serving.answers import Answers
from serving.holdings import Holdings, newest_load_moment
from serving.publish import read_publication
from serving.settings import FILE_NAME, SNAPSHOT_RECORD, ServiceSettings, service_settings
from training.registry import Champion, artifact_hash, champion

__all__ = ["pack_snapshot", "require_answers", "require_complete"]

_MODELS = ("demand", "peak")
_TERRITORY, _CHAMPION, _LOG = "territory.yaml", "champion.json", "_delta_log"
# What single customers use, owe and say is never asked of the service, and stays where it was ingested, as do the
# ledgers it was reconciled from; applications are asked for, since they are load to come.
_KEPT_BACK = frozenset(
    name for name, contract in CONTRACTS.items() if {"customer_id", "meter_id"} & set(contract.columns)
) - {APPLICATION.name} | {LEDGER_NODE.name, LEDGER_LINK.name, LINK.name, WORK_ITEM.name}


def require_complete(workspace: Workspace) -> None:
    """Raises HeadroomError with everything that is missing, and the command that brings each."""
    missing = Answers(Holdings(workspace, service_settings(workspace))).missing()
    if champion(workspace, "peak") is None:
        missing.append(
            ("models/peak", "no peak model is promoted: `headroom train peak`, then `headroom promote peak`")
        )
    if missing:
        lines = "\n".join(f"  {part}: {reason}" for part, reason in missing)
        raise HeadroomError(f"{workspace.root} is not ready to be packed:\n{lines}")


def require_answers(packed: Workspace) -> None:
    """Ask a packed workspace for one forecast, its publication and live capacity; raises what they raise."""
    holdings = Holdings(packed, ServiceSettings())
    _, history = holdings.history()
    moment: pd.Timestamp = newest_load_moment(history)
    holdings.demand().model.forecast(history, moment, horizon_hours=1, node_ids=[history.node_ids[0]])
    holdings.published(None)
    holdings.live()


def pack_snapshot(
    workspace: Workspace, target: Path, ask: Callable[[Workspace], None] = require_answers
) -> dict[str, str]:
    """Copy to `target` (which must not exist) what answers are made from; returns what it is, as written beside it.

    Packed are the lake's tables with every version of their rows, the serving models, all publications and the
    settings. Of the tables about single customers only the names and digests of their batches come along, so that
    the fingerprint is the same, and the sums of their agreed capacity by area and class, by which siblings are chosen.
    Never packed: who customers are, the state with its keys, the model store, sources, quarantine.

    The copy is handed to `ask`, which raises HeadroomError where it does not answer.
    """
    packed = Workspace(target)
    target.mkdir(parents=True)
    for name, contract in CONTRACTS.items():
        if not contract.personal and (workspace.lake / name / _LOG).is_dir():
            _pack_table(workspace.lake / name, packed.lake / name)
    keep_customer_sums(Lake(workspace.lake), packed.lake)
    models = [_pack_model(workspace, packed, name) for name in _MODELS]
    _copy_tree(workspace.publications, packed.publications)
    if (workspace.root / _TERRITORY).is_file():
        shutil.copyfile(workspace.root / _TERRITORY, target / _TERRITORY)
    if (workspace.root / FILE_NAME).is_file():
        _pack_settings(workspace.root / FILE_NAME, target / FILE_NAME)
    record = _record(packed, models)
    (target / SNAPSHOT_RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    ask(packed)
    return record


def _pack_table(source: Path, target: Path) -> None:
    log = target / _LOG
    log.mkdir(parents=True)
    commits = sorted(path for path in (source / _LOG).glob("*.json") if path.stem.isdigit())
    if source.name in _KEPT_BACK:
        for path in commits:
            _write_lines(log / path.name, _without_rows(path.read_text(encoding="utf-8").splitlines()))
        return
    # A checkpoint is always older than what points to it, so that the order of copying keeps the log whole.
    pointer = source / _LOG / "_last_checkpoint"
    for path in [*([pointer] if pointer.is_file() else []), *(source / _LOG).glob("*.checkpoint*.parquet"), *commits]:
        shutil.copyfile(path, log / path.name)
    for name in _files(target):
        try:
            shutil.copyfile(source / name, target / name)
        except FileNotFoundError as error:
            raise HeadroomError(f"the table {source.name} is damaged: {source / name} is not there") from error


def _files(table: Path) -> list[str]:
    """Names of the files the newest state of a table consists of."""
    from deltalake import DeltaTable

    return sorted(Path(uri).name for uri in DeltaTable(table).file_uris())


def _without_rows(actions: Iterable[str]) -> list[str]:
    return [line for line in actions if line.strip() and not {"add", "remove"} & set(json.loads(line))]


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _pack_model(workspace: Workspace, packed: Workspace, name: str) -> Champion:
    (packed.models / name).mkdir(parents=True)
    shutil.copyfile(workspace.models / name / _CHAMPION, packed.models / name / _CHAMPION)
    serving = champion(packed, name)
    assert serving is not None
    original = workspace.models / serving.path.relative_to(packed.models)
    if not original.is_dir():
        raise ModelError(f"{original} is not there, though version {serving.version} serves: promote it anew")
    _copy_tree(original, serving.path)
    if artifact_hash(serving.path) != serving.sha256:
        raise ModelError(
            f"{original} is damaged: it is not what was registered; promote version {serving.version} anew"
        )
    return serving


def _pack_settings(source: Path, target: Path) -> None:
    """The settings without the state's address, which may hold a password and belongs to one machine."""
    from features.settings import load_settings

    settings = load_settings(ServiceSettings, source).model_dump(mode="json", exclude={"state_url"})
    target.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _copy_tree(source: Path, target: Path) -> None:
    """A copy without hidden files, which are writes that never finished."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"), copy_function=shutil.copyfile)


def _record(packed: Workspace, models: list[Champion]) -> dict[str, str]:
    record: dict[str, Any] = {"data_fingerprint": Lake(packed.lake).fingerprint()}
    for model in models:
        record |= {f"{model.name}_version": str(model.version), f"{model.name}_sha256": model.sha256}
    return {**record, "publication_id": read_publication(packed).id, "territory": packed.territory().name}
