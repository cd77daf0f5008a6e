"""How the service behaves: limits of requests, waiting, and where the state is."""

import os
from pathlib import Path

from pydantic import Field

from features.settings import Settings, load_settings
from features.workspace import Workspace

__all__ = ["FILE_NAME", "ServiceSettings", "service_settings", "workspace_from_environment"]

FILE_NAME = "service.yaml"


class ServiceSettings(Settings):
    """Read from `service.yaml` in the workspace where it exists; every value has a working default."""

    state_url: str | None = Field(None, description="SQLAlchemy URL of the state; empty: state.db in the workspace")
    timeout_seconds: float = Field(60.0, gt=0, description="longest time a request may take before it is answered 504")
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="largest request body")
    max_nodes: int = Field(1_000, ge=1, description="most node ids in one request")
    max_forecast_rows: int = Field(200_000, ge=1, description="most forecast rows (nodes times intervals) in an answer")
    warm_up_seconds: float = Field(6.0, ge=0, description="longest time readiness waits for histories to be read")
    threads: int = Field(8, ge=1, le=256, description="requests worked on at the same time in one process")
    max_waiting: int = Field(64, ge=0, description="requests that may wait for a thread before others are turned away")


def service_settings(workspace: Workspace) -> ServiceSettings:
    """The settings of `workspace`; HEADROOM_STATE_URL, where set, wins over the file (it may hold a password)."""
    path = workspace.root / FILE_NAME
    settings = load_settings(ServiceSettings, path) if path.exists() else ServiceSettings()
    url = os.environ.get("HEADROOM_STATE_URL")
    return settings.model_copy(update={"state_url": url}) if url else settings


def workspace_from_environment() -> Workspace:
    """The workspace named by HEADROOM_WORKSPACE; `./workspace` without it."""
    return Workspace(Path(os.environ.get("HEADROOM_WORKSPACE") or "workspace"))
