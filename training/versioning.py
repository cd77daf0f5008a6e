"""What all training jobs share: the tags by which a version is known again, and what a job leaves behind."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as distribution_version
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from features.lake import Lake
from features.settings import config_hash
from features.workspace import Workspace
from training.environment import git_revision
from training.registry import ModelVersion, list_versions

__all__ = ["Trained", "flat", "inherited_tags", "made_tags", "source_tags", "trained", "trained_before", "version_of"]


@dataclass(frozen=True)
class Trained:
    """What a job leaves: the version, which is challenger now, and whether it had been trained before."""

    name: str
    version: int
    reused: bool
    metrics: Mapping[str, float]
    seconds: float


def source_tags(lake: Lake, config: BaseModel, more: Mapping[str, str]) -> dict[str, str]:
    """What a version was made from; equal tags mean that training anew would give the same artifact."""
    tags = {"data": lake.fingerprint(), "config": config_hash(config), "headroom": distribution_version("headroom")}
    return {**tags, "study": "", "tuned_until": "", **more}


def made_tags(trained_until: pd.Timestamp) -> dict[str, str]:
    """What is known of a version only once it is made."""
    return {"trained_until": trained_until.isoformat(), "git": git_revision()}


def inherited_tags(version: ModelVersion) -> dict[str, str]:
    """What a refit takes over from the version whose settings it has."""
    return {key: version.tags[key] for key in ("config", "headroom", "study", "tuned_until") if key in version.tags}


def trained_before(workspace: Workspace, name: str, tags: Mapping[str, str]) -> ModelVersion | None:
    """The newest version of the model that carries all of `tags`."""
    same = [v for v in list_versions(workspace, name) if tags.items() <= v.tags.items()]
    return same[-1] if same else None


def trained(version: ModelVersion, reused: bool, started: float) -> Trained:
    """What a job leaves that began at `started` (time.perf_counter)."""
    known = {name: value for name, value in version.metrics.items() if np.isfinite(value)}
    return Trained(version.name, version.version, reused, known, time.perf_counter() - started)


def version_of(workspace: Workspace, name: str, number: int) -> ModelVersion:
    """The registered version of this number, which exists."""
    return next(v for v in list_versions(workspace, name) if v.version == number)


def flat(config: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Settings as `a.b.c` → value."""
    found: dict[str, Any] = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, BaseModel) else {f"{prefix}{name}": value}
    return found
