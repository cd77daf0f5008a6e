"""A small source on disk: a mapping and its files, made by a few lines in each test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.ingest import IngestReport, ingest
from features.lake import Lake
from features.workspace import Workspace

LOAD_COLUMNS = {
    "node_id": "id",
    "start_utc": "stamp",
    "load_kw": "kw",
    "available_at": {"after": "start_utc", "delay_minutes": 60},
}

NODE_COLUMNS = {
    "node_id": "id",
    "name": "id",
    "kind": "kind",
    "parent_id": "parent",
    "power_factor": {"constant": 0.95},
    "allowed_utilisation": {"constant": 0.8},
    "rating_assumed": {"constant": False},
    "valid_from": {"constant": "2020-01-01"},
    "available_at": {"after": "valid_from"},
}


class Source:
    """A folder with data files, a mapping beside it, and the workspace they go to."""

    def __init__(self, root: Path) -> None:
        self.root, self.data, self.workspace = root, root / "data", Workspace(root / "ws")
        self.data.mkdir()
        self.lake = Lake(self.workspace.lake)

    def mapping(self, *tables: dict[str, Any], **top: Any) -> Path:
        path = self.root / "source.yaml"
        document = {"name": "small", "tables": list(tables), **top}
        path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    def ingest(self, *tables: dict[str, Any], **top: Any) -> IngestReport:
        return ingest(self.mapping(*tables, **top), self.data, self.workspace)

    def loads(self) -> list[tuple[str, str, float]]:
        """What the lake holds of loads: node, start in UTC as `01-31 16:00`, kW."""
        frame = self.lake.read("node_load")
        return list(zip(frame["node_id"], frame["start_utc"].dt.strftime("%m-%d %H:%M"), frame["load_kw"], strict=True))

    def write(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        path = self.data / name
        path.write_text(text, encoding=encoding)
        return path


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


@pytest.fixture
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Source]:
    return lambda: Source(tmp_path_factory.mktemp("source"))


@pytest.fixture
def load_table() -> dict[str, Any]:
    return {"table": "node_load", "files": "load.csv", "columns": LOAD_COLUMNS}


@pytest.fixture
def node_columns() -> dict[str, Any]:
    return NODE_COLUMNS
