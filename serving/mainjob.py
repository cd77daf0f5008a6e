"""The main job on the demo territory: generate, gate, train, register, publish, report. Running it twice is safe."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.configs import config_path
from features.demo import DemoConfig
from features.errors import ConfigError
from features.settings import config_hash, load_settings
from features.workspace import Workspace
from serving.publish import Publication
from training.jobs import Trained

__all__ = ["Outcome", "run_main_job"]

Say = Callable[[str], None]
_MARKER, _GATE = "demo.json", "gate.json"
_MEND = "give another --workspace, or remove this one first"


@dataclass(frozen=True)
class Outcome:
    """What the main job leaves behind."""

    demand: Trained
    peak: Trained
    publication: Publication
    capacity: pd.DataFrame
    gate: Mapping[str, Any]


def run_main_job(workspace: Workspace, config: DemoConfig, say: Say) -> Outcome:
    """Everything but the report. Raises ConfigError where `workspace` holds other data than this demo's."""
    from serving.capacity import publish_capacity
    from training.demand import DemandConfig
    from training.jobs import train_demand, train_peak
    from training.peak import ConnectionPolicy, PeakConfig
    from training.registry import promote

    source = _generated(workspace, config, say)
    gate = _ingested(workspace, source, say)
    demand_config = load_settings(DemandConfig, config_path("demo/demand.yaml"))
    demand = train_demand(workspace, demand_config, say=_within(say, "train demand"))
    promote(workspace, demand.name, demand.version)
    peak_config = load_settings(PeakConfig, config_path("peak.yaml"))
    connections = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    peak = train_peak(workspace, peak_config, connections, say=_within(say, "train peak"))
    promote(workspace, peak.name, peak.version)
    say("publish capacity")
    publication = publish_capacity(workspace)
    return Outcome(demand, peak, publication, publication.capacity(), gate)


def _within(say: Say, job: str) -> Say:
    return lambda step: say(f"{job}: {step}")


def _generated(workspace: Workspace, config: DemoConfig, say: Say) -> Path:
    """The folder of source files, made unless it is there from the same configuration."""
    from features.demo import generate

    source, marker = workspace.root / "source", workspace.root / _MARKER
    made_from = _marked(marker)
    if made_from == config_hash(config):
        say("generate: the source files are there")
        return source
    if made_from is not None or workspace.lake.exists():
        raise ConfigError(
            f"{workspace.root} holds other data than this demo territory: give another --workspace, or remove it first"
        )
    say(f"generate {config.areas} areas, {config.customers} customers, {config.years} years")
    generate(config, source)
    marker.write_text(json.dumps({"config": config_hash(config), **config.model_dump(mode="json")}, indent=2) + "\n")
    return source


def _marked(marker: Path) -> str | None:
    """The hash of the configuration the source files were made from; None before they are complete."""
    if not marker.is_file():
        return None
    made_from = _kept(marker).get("config")
    if not isinstance(made_from, str):
        raise ConfigError(f"{marker}: damaged, it does not say what the source files were made from; {_MEND}")
    return made_from


def _kept(path: Path) -> dict[str, Any]:
    """A JSON object this job wrote earlier; ConfigError where it is damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: damaged, not readable as JSON ({error}); {_MEND}") from error
    if not isinstance(record, dict):
        raise ConfigError(f"{path}: damaged, not a JSON object; {_MEND}")
    return record


def _ingested(workspace: Workspace, source: Path, say: Say) -> dict[str, Any]:
    """The gate's account of the ingest that read the files; a later one finds them in the lake already."""
    from features.ingest import ingest

    say("ingest through the gate")
    kept = workspace.root / _GATE
    report = ingest(config_path("sources/demo.yaml"), source, workspace)
    if report.changed or not kept.is_file():
        kept.write_text(json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return _kept(kept)
