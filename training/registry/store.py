"""The door to MLflow: the only importer of it. A client on the workspace's store, experiments, and log entries."""

import logging
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from features.errors import ModelError
from features.workspace import Workspace

__all__ = ["PARENT_TAG", "RUN_NAME_TAG", "experiment", "is_there", "log_values", "open_store", "stored_name"]

PARENT_TAG, RUN_NAME_TAG = "mlflow.parentRunId", "mlflow.runName"


def is_there(workspace: Workspace) -> bool:
    """False while the workspace's own store was never written; asking it would create it."""
    return workspace.has_tracking_server or (workspace.root / "mlflow.db").is_file()


def stored_name(workspace: Workspace, name: str) -> str:
    """The name of a model or experiment in the store; on a shared one it carries the territory's name."""
    if not workspace.has_tracking_server:
        return name
    return f"{re.sub(r'[^0-9A-Za-z_]+', '_', workspace.territory().name)}-{name}"


@contextmanager
def open_store(workspace: Workspace) -> Iterator[Any]:
    """A client on the workspace's store; no process-wide tracking address is set. ModelError for what it refuses."""
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


def experiment(client: Any, workspace: Workspace, name: str) -> str:
    """The experiment's id, made where it is not there.

    In the workspace's own store its artifacts lie below the workspace, also after the workspace was moved; a
    database shared by URL keeps them where the experiment was made, and a tracking server where the server says.
    """
    stored = stored_name(workspace, name)
    location = (workspace.artifacts / name).resolve().as_uri()
    known = client.get_experiment_by_name(stored)
    if known is not None and (workspace.has_tracking_server or known.artifact_location == location):
        return str(known.experiment_id)
    if known is not None:
        client.rename_experiment(known.experiment_id, f"{stored} (before the move, {known.experiment_id})")
    served = workspace.mlflow_uri.startswith("http")
    return str(client.create_experiment(stored, artifact_location=None if served else location))


def log_values(
    client: Any,
    run_id: str,
    metrics: Mapping[str, float],
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    step: int = 0,
) -> None:
    """Log in one request; a metric that is not a number is left out."""
    from mlflow.entities import Metric, Param, RunTag

    now_ms = int(time.time() * 1000)
    known = {key: float(value) for key, value in metrics.items() if float(value) == float(value)}
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, now_ms, step) for key, value in known.items()],
        params=[Param(key, str(value)) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
