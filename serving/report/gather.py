"""What a report needs, collected from a workspace: the publication, the models behind it, held-out forecasts."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import NotFoundError
from features.lake import Lake
from features.workspace import Workspace
from serving.publish import Publication
from serving.report.page import HeldOut, ReportData
from training.registry import ModelVersion, champion, evaluation, list_versions

__all__ = ["gate_rows", "gather"]


def gather(
    workspace: Workspace,
    publication: Publication,
    gate: Mapping[str, Any] | None = None,
    stages: Sequence[tuple[str, float]] = (),
) -> ReportData:
    """Everything `write_report` shows. Models that do not serve, or kept no evaluation, are left out."""
    nodes = Lake(workspace.lake).valid("node", at=publication.provenance.now, as_of=publication.provenance.now)
    demand, peak = _serving(workspace, "demand"), _serving(workspace, "peak")
    with tempfile.TemporaryDirectory() as folder:
        held_out = _held_out(workspace, demand, Path(folder)) if demand else None
        outcomes = _frames(workspace, peak, Path(folder) / "peak", ("outcomes",)) if peak else {}
    return ReportData(
        territory=workspace.territory(),
        publication=publication,
        capacity=publication.capacity(),
        parents=nodes.set_index("node_id")["parent_id"],
        demand=demand,
        peak=peak,
        held_out=held_out,
        outcomes=outcomes.get("outcomes"),
        gate=gate_rows(gate) if gate else (),
        stages=stages,
    )


def gate_rows(account: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per table of an ingest's account (`IngestReport.to_dict`)."""
    rows = []
    for name, table in account["tables"].items():
        reasons = table["quarantined"]
        rows.append(
            {
                "table": name,
                "rows_in": table["rows_in"],
                "accepted": table["accepted"],
                "superseded": table["superseded"],
                "quarantined": sum(reasons.values()),
                "reasons": ", ".join(f"{code} {count:,}" for code, count in reasons.items()),
            }
        )
    return rows


def _serving(workspace: Workspace, name: str) -> ModelVersion | None:
    serving = champion(workspace, name)
    if serving is None:
        return None
    return next((v for v in list_versions(workspace, name) if v.version == serving.version), None)


def _held_out(workspace: Workspace, version: ModelVersion, folder: Path) -> HeldOut | None:
    frames = _frames(workspace, version, folder / "demand", ("fans", "before", "shares"))
    if not frames:
        return None
    days = (frames["fans"]["start_utc"].max() - frames["fans"]["start_utc"].min()) / pd.Timedelta(days=1)
    return HeldOut(frames["fans"], frames["before"], frames["shares"], round(days))


def _frames(workspace: Workspace, version: ModelVersion, folder: Path, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    folder.mkdir(parents=True)
    try:
        kept = evaluation(workspace, version, folder)
    except NotFoundError:
        return {}
    return {name: pd.read_parquet(kept / f"{name}.parquet") for name in names}
