"""Training jobs: from the lake to a registered version that waits for the gate. No job changes what serves."""

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.configs import config_path
from features.errors import ModelError
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import config_hash, load_settings
from features.workspace import Workspace
from training.customers.families import NAMES, family, is_family
from training.customers.jobs import refit_customers
from training.demand import DemandConfig, DemandModel
from training.environment import environment
from training.evaluation import Evaluation, evaluate
from training.exhibits import contributions, demand_figures, demand_tables, feature_gains
from training.figures import outcomes
from training.outcomes import outcome_frame, peak_scores
from training.peak import ConnectionPolicy, PeakConfig, PeakModel
from training.registry import ModelVersion, evaluation, fetch, register
from training.versioning import (
    Trained,
    flat,
    inherited_tags,
    made_tags,
    source_tags,
    trained,
    trained_before,
    version_of,
)

__all__ = ["DEMAND", "HELD_OUT_DAYS", "PEAK", "Trained", "held_out_cut", "refit", "train_demand", "train_peak"]

DEMAND, PEAK = "demand", "peak"
HELD_OUT_DAYS = 28
_LEAST_TRAINING_SHARE = 0.75

Say = Callable[[str], None]


def _silent(_text: str) -> None:
    return None


def train_demand(
    workspace: Workspace,
    config: DemandConfig,
    held_out_days: int = HELD_OUT_DAYS,
    again: bool = False,
    say: Say = _silent,
    more_tags: Mapping[str, str] | None = None,
    parent_run: str | None = None,
) -> Trained:
    """Train the demand model on all but the last `held_out_days`, score it on those, register it as challenger.

    What was scored is what the gate compares; after its promotion the same parameters are fitted on all data (refit).
    A version of the same data and configuration is used again unless `again`. Raises NotFoundError for an empty lake
    and ModelError where nothing can be trained on.
    """
    started = time.perf_counter()
    lake = Lake(workspace.lake)
    tags = source_tags(lake, config, {"held_out_days": str(held_out_days), **(more_tags or {})})
    known = None if again else trained_before(workspace, DEMAND, tags)
    if known is not None:
        return trained(known, True, started)
    say("reading the lake")
    history = load_history(lake, workspace.territory())
    cut, days = held_out_cut(history, held_out_days)
    say(f"fitting {len(history.node_ids)} nodes until {cut:%Y-%m-%d %H:%M} UTC")
    model = DemandModel.fit(history.until(cut), config)
    say(f"forecasting the {days} held-out days")
    found = evaluate(model, history, cut, days) if days else None
    say("registering")
    tags |= made_tags(model.trained_until)
    return trained(_register_demand(workspace, model, found, history, tags, parent_run), False, started)


def train_peak(
    workspace: Workspace,
    config: PeakConfig,
    connections: ConnectionPolicy,
    again: bool = False,
    say: Say = _silent,
    more_tags: Mapping[str, str] | None = None,
    parent_run: str | None = None,
) -> Trained:
    """Train the peak model: what connections draw, and how earlier origins came out, from which κ is made.

    The scores come from those rolling origins, each of which saw only its own past. `connections` is policy: what
    connections are taken to draw before anything is learnt. Otherwise as `train_demand`.
    """
    started = time.perf_counter()
    lake = Lake(workspace.lake)
    tags = source_tags(lake, config, {"connections": config_hash(connections), **(more_tags or {})})
    known = None if again else trained_before(workspace, PEAK, tags)
    if known is not None:
        return trained(known, True, started)
    say("reading the lake")
    history = load_history(lake, workspace.territory())
    applications = lake.versions("application", as_of=history.as_of)
    say(f"fitting {len(history.node_ids)} nodes and calibrating on earlier origins")
    model = PeakModel.fit(history, config, applications, connections)
    say("registering")
    tags |= made_tags(model.fitted_at)
    return trained(_register_peak(workspace, model, history, tags, parent_run), False, started)


def refit(workspace: Workspace, version: ModelVersion, say: Say = _silent) -> Trained:
    """The parameters of `version` fitted on all data there is; a new version, or itself where it has seen everything.

    Nothing is left to score it on, so it carries the scores and evaluation files of the version it repeats, and says
    so in its tags (`refit_of`). Raises ModelError for a model it does not know how to fit.
    """
    started = time.perf_counter()
    if is_family(version.name):
        return refit_customers(workspace, family(version.name), version, say)
    if version.name not in (DEMAND, PEAK):
        known_names = ", ".join((DEMAND, PEAK, *NAMES))
        raise ModelError(f"model {version.name} cannot be fitted anew: known are {known_names}")
    lake = Lake(workspace.lake)
    say("reading the lake")
    history = load_history(lake, workspace.territory())
    if version.tags.get("data") == lake.fingerprint() and _seen_until(version) >= history.loads.end:
        return trained(version, True, started)
    again = {"data": lake.fingerprint(), "refit_of": str(version.version), "held_out_days": "0"}
    known = trained_before(workspace, version.name, again)
    if known is not None:
        return trained(known, True, started)
    with tempfile.TemporaryDirectory() as folder:
        artifact = fetch(workspace, version, Path(folder))
        say(f"fitting {version.name} on all data until {history.loads.end:%Y-%m-%d %H:%M} UTC")
        if version.name == PEAK:
            return _refit_peak(workspace, version, PeakModel.load(artifact), history, again, started)
        config = DemandModel.load(artifact).config
    model = DemandModel.fit(history, config)
    say("registering")
    tags = {**inherited_tags(version), **again, **made_tags(model.trained_until)}
    with tempfile.TemporaryDirectory() as folder:
        artifact, kept = Path(folder) / "model", Path(folder) / "kept"
        model.save(artifact)
        kept.mkdir()
        scores = evaluation(workspace, version, kept) if version.metrics else None
        number = register(workspace, DEMAND, artifact, version.metrics, flat(config), {}, tags, scores)
    return trained(version_of(workspace, DEMAND, number), False, started)


def held_out_cut(history: History, held_out_days: int) -> tuple[pd.Timestamp, int]:
    """Where the held-out days begin, and how many they are: at most a quarter of the history."""
    loads = history.loads
    whole = (loads.end - loads.start) / pd.Timedelta(days=1)
    days = min(held_out_days, int(whole * (1 - _LEAST_TRAINING_SHARE)))
    return loads.end - pd.Timedelta(days=days), days


def _refit_peak(
    workspace: Workspace,
    version: ModelVersion,
    model: PeakModel,
    history: History,
    again: Mapping[str, str],
    started: float,
) -> Trained:
    # The artifact holds what was learnt about connections; learning starts anew from the policy in force.
    policy = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    applications = Lake(workspace.lake).versions("application", as_of=history.as_of)
    fitted = PeakModel.fit(history, model.config, applications, policy)
    tags = {**inherited_tags(version), **again, "connections": config_hash(policy), **made_tags(fitted.fitted_at)}
    return trained(_register_peak(workspace, fitted, history, tags, None), False, started)


def _first_day(history: History) -> pd.Timestamp:
    """The local day on which the loads begin, without zone."""
    first: pd.Timestamp = history.calendar.local(history.loads.times[:1])[0]
    return first.normalize().tz_localize(None)


def _seen_until(version: ModelVersion) -> pd.Timestamp:
    return pd.Timestamp(version.tags["trained_until"])


def _register_demand(
    workspace: Workspace,
    model: DemandModel,
    found: Evaluation | None,
    history: History,
    tags: Mapping[str, str],
    parent_run: str | None,
) -> ModelVersion:
    figures: dict[str, str] = {}
    gains = feature_gains(model)
    tables: dict[str, Any] = {"environment.json": environment(), "features.csv": gains}
    with tempfile.TemporaryDirectory() as folder:
        artifact, kept = Path(folder) / "model", Path(folder) / "evaluation"
        model.save(artifact)
        if found is not None:
            found.save(kept)
            moved = contributions(model, history, model.trained_until, found.days)
            figures, tables = demand_figures(found, history, moved), {**tables, **demand_tables(found, moved, gains)}
        number = register(
            workspace,
            DEMAND,
            artifact,
            found.metrics if found else {},
            flat(model.config),
            figures,
            tags,
            kept if found else None,
            tables,
            parent_run,
        )
    return version_of(workspace, DEMAND, number)


def _register_peak(
    workspace: Workspace, model: PeakModel, history: History, tags: Mapping[str, str], parent_run: str | None
) -> ModelVersion:
    found = outcome_frame(model, _first_day(history))
    with tempfile.TemporaryDirectory() as folder:
        artifact, kept = Path(folder) / "model", Path(folder) / "evaluation"
        model.save(artifact)
        kept.mkdir()
        found.to_parquet(kept / "outcomes.parquet", index=False)
        number = register(
            workspace,
            PEAK,
            artifact,
            peak_scores(model, found),
            flat(model.config),
            {"outcomes.svg": outcomes("outcomes", found)} if len(found) else {},
            tags,
            kept,
            {"environment.json": environment(), "connections.json": model.connections.model_dump(mode="json")},
            parent_run,
        )
    return version_of(workspace, PEAK, number)
