"""Training jobs: from the lake to a registered version, with the scores of the very artifact that is registered."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import config_hash
from features.workspace import Workspace
from training.demand import DemandConfig, DemandModel
from training.evaluation import Evaluation, evaluate
from training.figures import fan, outcomes, reliability
from training.outcomes import outcome_frame, peak_scores
from training.peak import ConnectionPolicy, PeakConfig, PeakModel
from training.registry import ModelVersion, champion, list_versions, promote, register

__all__ = ["DEMAND", "PEAK", "Trained", "train_demand", "train_peak"]

DEMAND, PEAK = "demand", "peak"
_LEAST_TRAINING_SHARE = 0.75

Say = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """What a job leaves: the version, whether it serves now, and whether it had been trained before."""

    name: str
    version: int
    promoted: bool
    reused: bool
    metrics: Mapping[str, float]
    seconds: float


def train_demand(
    workspace: Workspace,
    config: DemandConfig,
    held_out_days: int = 14,
    promote_it: bool | None = None,
    again: bool = False,
    say: Say = lambda _text: None,
) -> Trained:
    """Train the demand model on all but the last `held_out_days`, score it on those, register it.

    The artifact that was scored is the one that serves: it reads recent loads when it forecasts, so the two weeks
    kept from training cost little, and its figures are its own. `promote_it` None promotes the first version only.
    A version of the same data and configuration is used again unless `again`. Raises NotFoundError for an empty
    lake and ModelError where nothing can be trained on.
    """
    started = time.perf_counter()
    lake = Lake(workspace.lake)
    tags = _tags(lake, config, {"held_out_days": str(held_out_days)})
    known = None if again else _trained_before(workspace, DEMAND, tags)
    if known is not None:
        return _finish(workspace, known, promote_it, True, started)
    say("reading the lake")
    history = load_history(lake, workspace.territory())
    cut, days = _cut(history, held_out_days)
    say(f"fitting {len(history.node_ids)} nodes until {cut:%Y-%m-%d %H:%M} UTC")
    model = DemandModel.fit(history.until(cut), config)
    say(f"forecasting the {days} held-out days")
    found = evaluate(model, history, cut, days) if days else None
    say("registering")
    version = _register_demand(workspace, model, found, config, tags)
    return _finish(workspace, version, promote_it, False, started)


def train_peak(
    workspace: Workspace,
    config: PeakConfig,
    connections: ConnectionPolicy,
    promote_it: bool | None = None,
    again: bool = False,
    say: Say = lambda _text: None,
) -> Trained:
    """Train the peak model: what connections draw, and how earlier origins came out, from which κ is made.

    The scores come from those rolling origins, each of which saw only its own past. `connections` is policy: what
    connections are taken to draw before anything is learnt. Otherwise as `train_demand`.
    """
    started = time.perf_counter()
    lake = Lake(workspace.lake)
    tags = _tags(lake, config, {"connections": config_hash(connections)})
    known = None if again else _trained_before(workspace, PEAK, tags)
    if known is not None:
        return _finish(workspace, known, promote_it, True, started)
    say("reading the lake")
    history = load_history(lake, workspace.territory())
    applications = lake.versions("application", as_of=history.as_of)
    say(f"fitting {len(history.node_ids)} nodes and calibrating on earlier origins")
    model = PeakModel.fit(history, config, applications, connections)
    say("registering")
    found = outcome_frame(model, _first_day(history))
    with tempfile.TemporaryDirectory() as folder:
        artifact, kept = Path(folder) / "model", Path(folder) / "evaluation"
        model.save(artifact)
        kept.mkdir()
        found.to_parquet(kept / "outcomes.parquet", index=False)
        figures = {"outcomes.svg": outcomes("outcomes", found)} if len(found) else {}
        number = register(workspace, PEAK, artifact, peak_scores(model, found), _flat(config), figures, tags, kept)
    return _finish(workspace, _version(workspace, PEAK, number), promote_it, False, started)


def _first_day(history: History) -> pd.Timestamp:
    """The local day on which the loads begin, without zone."""
    first: pd.Timestamp = history.calendar.local(history.loads.times[:1])[0]
    return first.normalize().tz_localize(None)


def _tags(lake: Lake, config: BaseModel, more: Mapping[str, str]) -> dict[str, str]:
    """What a version was made from; equal tags mean that training anew would give the same artifact."""
    return {
        "data": lake.fingerprint(),
        "config": config_hash(config),
        "headroom": distribution_version("headroom"),
        **more,
    }


def _trained_before(workspace: Workspace, name: str, tags: Mapping[str, str]) -> ModelVersion | None:
    same = [v for v in list_versions(workspace, name) if tags.items() <= v.tags.items()]
    return same[-1] if same else None


def _cut(history: History, held_out_days: int) -> tuple[pd.Timestamp, int]:
    """Where the held-out days begin, and how many they are: at most a quarter of the history."""
    loads = history.loads
    whole = (loads.end - loads.start) / pd.Timedelta(days=1)
    days = min(held_out_days, int(whole * (1 - _LEAST_TRAINING_SHARE)))
    return loads.end - pd.Timedelta(days=days), days


def _register_demand(
    workspace: Workspace, model: DemandModel, found: Evaluation | None, config: DemandConfig, tags: Mapping[str, str]
) -> ModelVersion:
    with tempfile.TemporaryDirectory() as folder:
        artifact, kept = Path(folder) / "model", Path(folder) / "evaluation"
        artifact.mkdir()
        model.save(artifact)
        if found is not None:
            found.save(kept)
        number = register(
            workspace,
            DEMAND,
            artifact,
            found.metrics if found else {},
            _flat(config),
            _figures(found) if found else {},
            tags,
            kept if found else None,
        )
    return _version(workspace, DEMAND, number)


def _figures(found: Evaluation) -> dict[str, str]:
    """The fan of the node with the highest load, and the reliability of the quantiles."""
    highest = found.fans.groupby("node_id")["load_kw"].max().idxmax()
    frame = found.fans[found.fans["node_id"] == highest].rename(columns={"start_utc": "time"})
    before = found.before[found.before["node_id"] == highest].rename(columns={"start_utc": "time"})
    lines = {str(kind): part.set_index("level")["below"] for kind, part in found.shares.groupby("kind", sort=True)}
    return {
        "fan.svg": fan("fan", frame, str(highest), "time, UTC", before),
        "reliability.svg": reliability("reliability", lines),
    }


def _finish(
    workspace: Workspace, version: ModelVersion, promote_it: bool | None, reused: bool, started: float
) -> Trained:
    serving = champion(workspace, version.name)
    if promote_it or (promote_it is None and serving is None):
        serving = promote(workspace, version.name, version.version)
    return Trained(
        name=version.name,
        version=version.version,
        promoted=serving is not None and serving.version == version.version,
        reused=reused,
        metrics={name: value for name, value in version.metrics.items() if np.isfinite(value)},
        seconds=time.perf_counter() - started,
    )


def _version(workspace: Workspace, name: str, number: int) -> ModelVersion:
    return next(v for v in list_versions(workspace, name) if v.version == number)


def _flat(config: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Settings as `a.b.c` → value."""
    flat: dict[str, Any] = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, BaseModel) else {f"{prefix}{name}": value}
    return flat
