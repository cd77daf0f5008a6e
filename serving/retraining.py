"""Training anew when it is needed: watch, decide, train with the champion's own settings, and let the gate judge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from features.configs import config_path
from features.errors import ConfigError, ModelError
from features.settings import load_settings
from features.workspace import Workspace
from serving.watching import monitor_models
from serving.watching_customers import monitor_customers
from training.customers.families import NAMES, family, is_family
from training.customers.jobs import HELD_OUT_ORIGINS, train_customers
from training.customers.kept import load_settings_of, load_version
from training.demand import DemandModel
from training.jobs import HELD_OUT_DAYS, train_demand, train_peak
from training.peak import ConnectionPolicy, PeakModel
from training.promotion import PromotionPolicy, Verdict, promote_challenger
from training.registry import Champion, champion
from training.watch import DATA_FAULTS
from training.watch.decision import Decision, RetrainPolicy, decide

__all__ = ["Retrained", "load_retrain_policy", "retrain"]

_DEMAND, _PEAK = "demand", "peak"
_FOR_PEAKS = DATA_FAULTS | {"LEVEL_SHIFT"}
_PEAK_HELD_OUT_DAYS = 365

Say = Callable[[str], None]


@dataclass(frozen=True)
class Retrained:
    """What was decided for one model, and what came of it: `version` was trained, `verdict` is the gate's word."""

    model: str
    champion: int
    decision: Decision
    version: int | None = None
    verdict: Verdict | None = None
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": self.model,
            "champion": self.champion,
            "needed": self.decision.needed,
            "reasons": [{"code": code, "sentence": sentence} for code, sentence in self.decision.reasons],
            "trained_version": self.version,
            "gate": None if self.verdict is None else self.verdict.to_dict(with_table=False),
            "notes": list(self.notes),
        }


def load_retrain_policy(path: Path | None = None) -> RetrainPolicy:
    """The policy of `path`, or the one in force (`configs/policy/retraining.yaml`)."""
    return load_settings(RetrainPolicy, path or config_path("policy/retraining.yaml"))


def retrain(
    workspace: Workspace,
    name: str,
    *,
    if_needed: bool,
    policy: RetrainPolicy | None = None,
    trials: int = 0,
    say: Say = lambda _text: None,
) -> Retrained:
    """Train the model `name` anew where the decision, or (`if_needed` false) the caller, says so.

    The challenger is trained with the champion's own settings, or with the best of `trials` tries around them, and
    serves only if the gate accepts it. Raises ModelError where nothing serves yet.
    """
    serving = champion(workspace, name)
    if serving is None:
        raise ModelError(f"no {name} model serves in {workspace.root}: `headroom train {name}` makes the first")
    decision = _decision(workspace, serving, policy or load_retrain_policy(), say)
    if not if_needed and not decision.needed:
        decision = Decision(True, (*decision.reasons, ("ASKED", "training anew was asked for")))
    if not decision.needed:
        return Retrained(name, serving.version, decision)
    train = _train_customers if is_family(name) else _train_peak if name == _PEAK else _train_demand
    version = train(workspace, serving, trials, say)
    say(f"judging version {version}")
    gate = load_settings(PromotionPolicy, config_path("policy/promotion.yaml"))
    verdict = promote_challenger(workspace, name, gate, version, say=say)
    return Retrained(name, serving.version, decision, version, verdict)


def _decision(workspace: Workspace, serving: Champion, policy: RetrainPolicy, say: Say) -> Decision:
    """Models of customers are watched each for itself, the two of nodes through the demand model: its inputs and levels
    are the peak model's, too."""
    if is_family(serving.name):
        (found,) = monitor_customers(workspace, names=[serving.name], say=say)
        until = found.watched.data_until or found.watched.now
        return decide(found.watched.findings, _trained_until(serving), until, policy.customers)
    if serving.name not in (_DEMAND, _PEAK):
        known = ", ".join((_DEMAND, _PEAK, *NAMES))
        raise ConfigError(f"model {serving.name} cannot be trained anew: known are {known}")
    if serving.name == _PEAK and champion(workspace, _DEMAND) is None:
        raise ModelError("levels are watched through the demand model, and none serves: `headroom train demand`")
    watched = monitor_models(workspace, say=say).watched
    findings = watched.findings
    if serving.name == _PEAK:
        findings = findings[findings["kind"].isin(_FOR_PEAKS)]
    return decide(findings, _trained_until(serving), watched.now, policy)


def _trained_until(serving: Champion) -> pd.Timestamp:
    if is_family(serving.name):
        return load_version(family(serving.name), serving.path)[0].trained_until
    if serving.name == _PEAK:
        return PeakModel.load(serving.path).fitted_at
    return DemandModel.load(serving.path).trained_until


def _train_demand(workspace: Workspace, serving: Champion, trials: int, say: Say) -> int:
    """A challenger with the settings the champion was trained with, or tuned from them."""
    config = DemandModel.load(serving.path).config
    if not trials:
        return train_demand(workspace, config, say=say).version
    from training.tuning import DemandSpace, TuningRun, tags_of, tune_stored_demand

    say(f"tuning the demand model, {trials} trials")
    space = load_settings(DemandSpace, config_path("demand.space.yaml"))
    tuned = tune_stored_demand(workspace, config, space, TuningRun(trials, workspace=workspace), HELD_OUT_DAYS)
    return train_demand(workspace, tuned.config, say=say, more_tags=tags_of(tuned), parent_run=tuned.run_id).version


def _train_peak(workspace: Workspace, serving: Champion, trials: int, say: Say) -> int:
    config = PeakModel.load(serving.path).config
    connections = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    if not trials:
        return train_peak(workspace, config, connections, say=say).version
    from training.tuning import PeakSpace, TuningRun, tags_of, tune_stored_peak

    say(f"tuning the peak model, {trials} trials")
    space = load_settings(PeakSpace, config_path("peak.space.yaml"))
    run = TuningRun(trials, workspace=workspace)
    tuned = tune_stored_peak(workspace, config, connections, space, run, _PEAK_HELD_OUT_DAYS)
    tags, parent = tags_of(tuned), tuned.run_id
    return train_peak(workspace, tuned.config, connections, say=say, more_tags=tags, parent_run=parent).version


def _train_customers(workspace: Workspace, serving: Champion, trials: int, say: Say) -> int:
    one = family(serving.name)
    config = load_settings_of(one, serving.path)
    if not trials:
        return train_customers(workspace, one, config, say=say).version
    from training.tuning import CustomerSpace, TuningRun, tags_of, tune_stored_customers

    say(f"tuning the {one.name} model, {trials} trials")
    space = load_settings(CustomerSpace, config_path(one.space_file))
    run = TuningRun(trials, workspace=workspace)
    tuned = tune_stored_customers(workspace, one, config, space, run, HELD_OUT_ORIGINS)
    tags, parent = tags_of(tuned), tuned.run_id
    return train_customers(workspace, one, tuned.config, say=say, more_tags=tags, parent_run=parent).version
