"""The main job on the demo territory: generate, gate, train, register, publish, tag, offer, report. Twice is safe."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.configs import config_path
from features.demo import DemoConfig
from features.errors import ConfigError
from features.settings import config_hash, load_settings
from features.workspace import Workspace
from serving.customerjob import publish_customers, publish_offers, train_customer_models
from serving.publish import Publication
from training.jobs import Trained
from training.promotion.verdict import Verdict

if TYPE_CHECKING:
    from serving.customers.publish import PublishedTags
    from serving.pushes.publish import PublishedPushes
    from training.tuning import Tuned

__all__ = ["TRIALS", "Made", "Outcome", "run_main_job"]

TRIALS = 4
"""Enough to show a study, few enough for a demo."""

Say = Callable[[str], None]
_MARKER, _GATE = "demo.json", "gate.json"
_MEND = "give another --workspace, or remove this one first"


@dataclass(frozen=True)
class Made:
    """One model of the main job: the version that was trained, what the gate made of it, and the study behind it."""

    trained: Trained
    verdict: Verdict
    tuned: "Tuned[Any] | None" = None


@dataclass(frozen=True)
class Outcome:
    """What the main job leaves behind. What customers have too little data for says so in words."""

    demand: Made
    peak: Made
    publication: Publication
    capacity: pd.DataFrame
    gate: Mapping[str, Any]
    queue: Mapping[str, int]
    events: Mapping[str, int]
    customer_models: Mapping[str, Verdict | str]
    tags: "PublishedTags | str"
    offers: "PublishedPushes | str"


def run_main_job(workspace: Workspace, config: DemoConfig, say: Say, trials: int = TRIALS) -> Outcome:
    """Everything but the report. Raises ConfigError where `workspace` holds other data than this demo's.

    The demand model's settings are tuned by `trials` trials first; 0 leaves them as they are.
    """
    from serving.capacity import publish_capacity

    source = _generated(workspace, config, say)
    gate = _ingested(workspace, source, say)
    demand = _demand(workspace, trials, say)
    peak = _peak(workspace, say)
    say("publish capacity")
    publication = publish_capacity(workspace)
    say("look for events at nodes")
    events = _watched(workspace)
    say("check the applications that wait for an answer")
    queue = _queued(workspace)
    customers, tags = train_customer_models(workspace, say), publish_customers(workspace, say)
    offers = publish_offers(workspace, say)
    return Outcome(demand, peak, publication, publication.capacity(), gate, queue, events, customers, tags, offers)


def _watched(workspace: Workspace) -> Mapping[str, int]:
    """Events at nodes by the rules in force: how many of the last months' readings make, and how many go on."""
    from serving.monitoring.run import load_policy, watch_nodes
    from serving.settings import service_settings

    found = watch_nodes(workspace, policy=load_policy(service_settings(workspace).rule_set))
    return {"opened": found.changes.get("opened", 0), "open": len(found.open_events)}


def _queued(workspace: Workspace) -> Mapping[str, int]:
    """Applications handed in and not yet approved, against what is open: how many were checked, how many wait."""
    from serving.desk.applications import Applications
    from serving.holdings import Holdings
    from serving.settings import service_settings
    from serving.state import open_state

    holdings = Holdings(workspace, service_settings(workspace))
    engine = open_state(holdings.settings.state_url or workspace.state_url)
    try:
        applications = Applications(holdings, lambda: engine)
        found = applications.check_open()
        applications.recheck()
    finally:
        engine.dispose()
    return found


def _demand(workspace: Workspace, trials: int, say: Say) -> Made:
    from training.demand import DemandConfig
    from training.jobs import HELD_OUT_DAYS, train_demand
    from training.tuning import DemandSpace, TuningRun, tags_of, tune_stored_demand

    settings = load_settings(DemandConfig, config_path("demo/demand.yaml"))
    tags, run_id, tuned = {}, None, None
    if trials:
        say(f"tune demand: {trials} trials")
        space = load_settings(DemandSpace, config_path("demo/demand.space.yaml"))
        work = TuningRun(trials, workspace=workspace)
        tuned = tune_stored_demand(workspace, settings, space, work, HELD_OUT_DAYS)
        settings, tags, run_id = tuned.config, tags_of(tuned), tuned.run_id
    within = _within(say, "train demand")
    trained = train_demand(workspace, settings, say=within, more_tags=tags, parent_run=run_id)
    return Made(trained, _promoted(workspace, trained, say), tuned)


def _peak(workspace: Workspace, say: Say) -> Made:
    from training.jobs import train_peak
    from training.peak import ConnectionPolicy, PeakConfig

    settings = load_settings(PeakConfig, config_path("peak.yaml"))
    connections = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    trained = train_peak(workspace, settings, connections, say=_within(say, "train peak"))
    return Made(trained, _promoted(workspace, trained, say))


def _promoted(workspace: Workspace, trained: Trained, say: Say) -> Verdict:
    from training.promotion import PromotionPolicy, promote_challenger

    policy = load_settings(PromotionPolicy, config_path("policy/promotion.yaml"))
    within = _within(say, f"promote {trained.name}")
    return promote_challenger(workspace, trained.name, policy, trained.version, say=within)


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
