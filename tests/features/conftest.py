"""Exports of a territory large enough that every kind of fault finds something to strike, ingested once."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from features.configs import config_path
from features.demo import DemoConfig, Territory, simulate
from features.demo.exports import KINDS, SOURCES, ExportConfig, ExportSummary, Rates, write_exports_of
from features.ingest import IngestReport, ingest
from features.lake import Lake
from features.workspace import Workspace

EXPORTS = ExportConfig(
    territory=DemoConfig(substations=2, feeders=6, areas=48, customers=200, years=2),
    rates=Rates(**dict.fromkeys(KINDS, 0.05)),
)


@dataclass(frozen=True)
class Exported:
    """Exports in `folder`, and the workspace into which all of them were ingested."""

    config: ExportConfig
    folder: Path
    summary: ExportSummary
    workspace: Workspace
    reports: dict[str, IngestReport]

    @property
    def lake(self) -> Lake:
        return Lake(self.workspace.lake)

    def truth(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "truth" / f"{name}.parquet")

    def faults(self, kind: str, expected: str = "") -> pd.DataFrame:
        table = self.truth("fault")
        return table[(table["kind"] == kind) & table["expected"].str.startswith(expected)]


def export(territory: Territory, config: ExportConfig, folder: Path) -> Exported:
    """Write the exports of a territory and ingest them all, in their order."""
    summary = write_exports_of(territory, config, folder / "data")
    workspace = Workspace(folder / "workspace")
    reports = {n: ingest(config_path(f"sources/{n}.yaml"), folder / "data", workspace) for n in SOURCES}
    return Exported(config, folder / "data", summary, workspace, reports)


@pytest.fixture(scope="session")
def export_territory() -> Territory:
    return simulate(EXPORTS.territory)


@pytest.fixture(scope="session")
def exported(export_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(export_territory, EXPORTS, tmp_path_factory.mktemp("exports"))
