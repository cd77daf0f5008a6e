"""Where things are kept: one directory holds the lake, the model store, the publications and the state."""

import os
from dataclasses import dataclass
from pathlib import Path

from features.settings import Settings, load_settings
from features.urls import with_driver

__all__ = ["TerritorySettings", "Workspace"]


class TerritorySettings(Settings):
    """What the whole territory shares; ingest writes it from the source mapping into `territory.yaml`.

    `time_zone` is an IANA name or a fixed offset such as `-05:00`; `country` (ISO 3166) chooses the public holidays.
    """

    name: str = "territory"
    time_zone: str = "Asia/Shanghai"
    country: str | None = "CN"
    subdivision: str | None = None


@dataclass(frozen=True)
class Workspace:
    """Paths below one root; nothing is created by asking for a path."""

    root: Path

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def models(self) -> Path:
        """What serving reads: one folder per model with `champion.json`, written by the registry."""
        return self.root / "models"

    @property
    def mlflow_uri(self) -> str:
        """Where runs and versions are kept: HEADROOM_TRACKING_URL (a server or a database), else SQLite here."""
        url = os.environ.get("HEADROOM_TRACKING_URL")
        return with_driver(url) if url else f"sqlite:///{self.root.resolve() / 'mlflow.db'}"

    @property
    def has_tracking_server(self) -> bool:
        """True when runs and versions are kept outside this workspace, in a store others may share."""
        return bool(os.environ.get("HEADROOM_TRACKING_URL"))

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def publications(self) -> Path:
        return self.root / "publications"

    @property
    def state_url(self) -> str:
        return f"sqlite:///{self.root.resolve() / 'state.db'}"

    def territory(self) -> TerritorySettings:
        """The territory's settings; the defaults when none were written yet."""
        path = self.root / "territory.yaml"
        return load_settings(TerritorySettings, path) if path.exists() else TerritorySettings()
