"""Runs that are no model version: studies and their trials, backtests, gates, monitoring."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.workspace import Workspace
from training.registry.store import (
    PARENT_TAG,
    RUN_NAME_TAG,
    experiment,
    is_there,
    log_values,
    open_store,
    stored_name,
)

__all__ = ["Run", "find_runs", "log_files", "log_to_run", "start_run"]

_FIGURES, _TABLES = "figures", "tables"
_MOST_RUNS = 50_000


@dataclass(frozen=True)
class Run:
    """One run as it stands: status RUNNING, FINISHED, FAILED or KILLED; `parent` is the run it is nested in."""

    run_id: str
    name: str
    status: str
    started_at: pd.Timestamp
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    parent: str | None


def start_run(
    workspace: Workspace,
    experiment_name: str,
    run_name: str,
    *,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    parent: str | None = None,
) -> str:
    """Open a run, nested in `parent` where given; its id. It stays RUNNING until log_to_run finishes it."""
    own = {RUN_NAME_TAG: run_name, **({PARENT_TAG: parent} if parent else {}), **(tags or {})}
    with open_store(workspace) as client:
        made = client.create_run(experiment(client, workspace, experiment_name), tags=own, run_name=run_name)
        run_id = str(made.info.run_id)
        log_values(client, run_id, {}, params or {}, {})
    return run_id


def log_to_run(
    workspace: Workspace,
    run_id: str,
    *,
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    figures: Mapping[str, str | bytes] | None = None,
    tables: Mapping[str, Any] | None = None,
    step: int = 0,
    finish: str | None = None,
) -> None:
    """Add to a run: numbers, figures (file name → SVG text or PNG bytes), tables (file name ending in .parquet, .csv
    or .json → frame or plain values). `finish` (FINISHED, FAILED, KILLED) closes it.
    """
    with open_store(workspace) as client:
        log_values(client, run_id, metrics or {}, params or {}, tags or {}, step)
        log_files(client, run_id, figures or {}, tables or {})
        if finish is not None:
            client.set_terminated(run_id, finish)


def find_runs(workspace: Workspace, experiment_name: str, tags: Mapping[str, str] | None = None) -> list[Run]:
    """The runs of an experiment that carry all of `tags`, oldest first; empty where there is no such experiment."""
    if not is_there(workspace):
        return []
    with open_store(workspace) as client:
        known = client.get_experiment_by_name(stored_name(workspace, experiment_name))
        if known is None:
            return []
        wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in (tags or {}).items())
        found: list[Any] = []
        token: str | None = None
        while len(found) < _MOST_RUNS:
            page = client.search_runs(
                [known.experiment_id], wanted, max_results=1000, order_by=["start_time ASC"], page_token=token
            )
            found.extend(page)
            token = page.token
            if not token:
                break
    return [_run(one) for one in found]


def log_files(client: Any, run_id: str, figures: Mapping[str, str | bytes], tables: Mapping[str, Any]) -> None:
    """Write figures and tables to temporary files and hand them to the store."""
    with tempfile.TemporaryDirectory() as folder:
        for file_name, content in figures.items():
            data = content.encode("utf-8") if isinstance(content, str) else content
            _into(Path(folder) / _FIGURES, file_name).write_bytes(data)
        for file_name, table in tables.items():
            _write_table(_into(Path(folder) / _TABLES, file_name), table)
        for part in sorted(Path(folder).iterdir()):
            client.log_artifacts(run_id, str(part), part.name)


def _into(folder: Path, file_name: str) -> Path:
    folder.mkdir(exist_ok=True)
    return folder / file_name


def _write_table(path: Path, table: Any) -> None:
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".csv":
        table.to_csv(path)
    else:
        plain = json.loads(table.to_json(orient="records")) if isinstance(table, pd.DataFrame) else table
        path.write_text(json.dumps(plain, ensure_ascii=False, indent=1, default=str), encoding="utf-8")


def _run(one: Any) -> Run:
    tags = dict(one.data.tags)
    return Run(
        run_id=one.info.run_id,
        name=one.info.run_name or "",
        status=one.info.status,
        started_at=pd.Timestamp(one.info.start_time, unit="ms", tz="UTC"),
        metrics=dict(one.data.metrics),
        params=dict(one.data.params),
        tags={key: value for key, value in tags.items() if not key.startswith("mlflow.")},
        parent=tags.get(PARENT_TAG),
    )
