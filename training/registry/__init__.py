"""Runs, versions and champions, kept in MLflow; what serves is told by a small file that needs no MLflow to read."""

from training.registry.record import Champion, Promotion, champion, promotions
from training.registry.runs import Run, find_runs, log_to_run, start_run
from training.registry.versions import (
    ModelVersion,
    artifact_hash,
    evaluation,
    fetch,
    list_versions,
    promote,
    register,
)

__all__ = [
    "Champion",
    "ModelVersion",
    "Promotion",
    "Run",
    "artifact_hash",
    "champion",
    "evaluation",
    "fetch",
    "find_runs",
    "list_versions",
    "log_to_run",
    "promote",
    "promotions",
    "register",
    "start_run",
]
