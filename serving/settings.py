"""How the service behaves: limits of requests, waiting, which workspace it reads and where the state is."""

import contextlib
import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field

from features.settings import Settings, load_settings
from features.workspace import Workspace

__all__ = [
    "FILE_NAME",
    "SNAPSHOT_FOLDER",
    "SNAPSHOT_RECORD",
    "ServiceSettings",
    "command_name",
    "default_root",
    "service_settings",
    "snapshot_root",
    "workspace_from_environment",
]

FILE_NAME = "service.yaml"
# In a bento, the packed workspace lies beside the packages; the record says what it was packed from.
SNAPSHOT_FOLDER, SNAPSHOT_RECORD = "snapshot", "snapshot.json"


class ServiceSettings(Settings):
    """Read from `service.yaml` in the workspace where it exists; every value has a working default."""

    state_url: str | None = Field(None, description="SQLAlchemy URL of the state; empty: state.db in the workspace")
    timeout_seconds: float = Field(60.0, gt=0, description="longest time a request may take before it is answered 504")
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="largest request body")
    max_ingest_bytes: int = Field(20_000_000, ge=1_000, description="largest body of rows brought in")
    max_ingest_rows: int = Field(500_000, ge=1, description="most rows in one such body")
    max_nodes: int = Field(1_000, ge=1, description="most node ids in one request")
    max_forecast_rows: int = Field(200_000, ge=1, description="most forecast rows (nodes times intervals) in an answer")
    max_explained_rows: int = Field(1_500, ge=1, description="most rows in an answer that explains them")
    warm_up_seconds: float = Field(6.0, ge=0, description="longest time readiness waits for histories to be read")
    threads: int = Field(8, ge=1, le=256, description="requests worked on at the same time in one process")
    max_waiting: int = Field(64, ge=0, description="requests that may wait for a thread before others are turned away")
    keep_forecasts: bool = Field(True, description="store forecasts given, to score them when the load is known")
    rule_set: Literal["a", "b"] = Field("a", description="rules events are judged by: configs/policy/monitoring_*.yaml")
    recheck_seconds: float = Field(300.0, gt=0, description="how often the queue is looked at again by itself")
    watch_seconds: float = Field(900.0, gt=0, description="how often nodes are looked at by themselves")
    kept_days: int = Field(400, ge=1, description="days after which a stored forecast is removed")
    keep_queue_bytes: int = Field(64_000_000, ge=0, description="forecasts waiting to be stored; beyond it, not kept")


def service_settings(workspace: Workspace) -> ServiceSettings:
    """The settings of `workspace`; HEADROOM_STATE_URL, where set, wins over the file (it may hold a password).

    The state of a packed workspace is kept outside it: a bento is replaced by the next one, its keys are not.
    """
    path = workspace.root / FILE_NAME
    settings = load_settings(ServiceSettings, path) if path.exists() else ServiceSettings()
    url = os.environ.get("HEADROOM_STATE_URL") or settings.state_url
    if not url and (workspace.root / SNAPSHOT_RECORD).is_file():
        url = f"sqlite:///{_own_folder(workspace.territory().name) / 'state.db'}"
    return settings.model_copy(update={"state_url": url}) if url else settings


def workspace_from_environment() -> Workspace:
    """The workspace named by HEADROOM_WORKSPACE; without it the packed one of a bento, else `./workspace`."""
    return Workspace(Path(os.environ.get("HEADROOM_WORKSPACE") or default_root()))


def default_root() -> Path:
    """Where the workspace is when nobody names one."""
    return snapshot_root() or Path("workspace")


def snapshot_root() -> Path | None:
    """The workspace packed beside the code, which only a bento has."""
    root = Path(__file__).resolve().parents[1] / SNAPSHOT_FOLDER
    return root if (root / SNAPSHOT_RECORD).is_file() else None


def command_name() -> str:
    """What the command is called here: a bento brings the code, but no script."""
    return "python -m serving.cli" if snapshot_root() else "headroom"


def _own_folder(territory: str) -> Path:
    """The user's folder for the state of one territory, created where it can be."""
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = home / "headroom" / (re.sub(r"[^\w-]+", "-", territory) or "territory")
    # A folder that cannot be made is said by whoever opens the state, with its path: the service is then not ready.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
