"""Training of uplift: from contacts drawn by lot to a registered version, and what of it sorts customers."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version as distribution_version
from pathlib import Path

from features.settings import config_hash
from features.workspace import Workspace
from training.environment import environment
from training.registry import champion, promote, register
from training.uplift.config import UpliftConfig
from training.uplift.learner import Learnt
from training.uplift.model import UpliftModel
from training.uplift.qini import qini_curve
from training.uplift.trial import Trial
from training.versioning import Trained, flat, made_tags, trained, trained_before, version_of

__all__ = ["TrainedUplift", "model_name", "serving_models", "train_uplift"]

_SAID, _SHIPS = "said", "ships"


@dataclass(frozen=True)
class TrainedUplift:
    """The version, whether it sorts customers from now on, and why, in one sentence."""

    trained: Trained
    ships: bool
    said: str


def model_name(service: str) -> str:
    """The name in the registry of the uplift of a service."""
    return f"uplift-{service}"


def train_uplift(
    workspace: Workspace,
    trial: Trial,
    config: UpliftConfig,
    again: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> TrainedUplift:
    """Fit, judge out of fold, register, and let it serve where its Qini says so.

    The newest version decides: one that is not shown to sort customers takes the place of an earlier one that was, and
    the propensity score comes back. A version of the same contacts and configuration is used again unless `again`.
    Raises ModelError where the contacts do not suffice.
    """
    started = time.perf_counter()
    name = model_name(trial.service)
    own = {"data": trial.digest(), "config": config_hash(config), "headroom": distribution_version("headroom")}
    known = None if again else trained_before(workspace, name, own)
    if known is not None:
        return TrainedUplift(trained(known, True, started), known.tags[_SHIPS] == "true", known.tags[_SAID])
    say(f"fitting {len(trial)} contacts of {trial.service}")
    model, learnt = UpliftModel.fit(trial, config)
    say("registering")
    tags = {**own, **made_tags(model.until), _SHIPS: str(model.ships).lower(), _SAID: model.said}
    number = _registered(workspace, name, model, trial, learnt, tags)
    if model.ships or champion(workspace, name) is not None:
        promote(workspace, name, number, {"reason": "QINI" if model.ships else "WITHDRAWN", "sentence": model.said})
    return TrainedUplift(trained(version_of(workspace, name, number), False, started), model.ships, model.said)


def serving_models(workspace: Workspace, services: Sequence[str]) -> dict[str, tuple[UpliftModel, int]]:
    """Of those services whose newest model sorts customers: the model and its version."""
    found = {}
    for service in services:
        serving = champion(workspace, model_name(service))
        if serving is None:
            continue
        model = UpliftModel.load(serving.path)
        if model.ships:
            found[service] = (model, serving.version)
    return found


def _registered(
    workspace: Workspace, name: str, model: UpliftModel, trial: Trial, learnt: Learnt, tags: dict[str, str]
) -> int:
    sent, held = trial.counts()
    metrics = {
        "qini": model.qini.coefficient,
        "qini_low": model.qini.low,
        "qini_high": model.qini.high,
        "average_uplift": model.average,
        "contacts": float(len(trial)),
        "judged": float(model.judged),
        "persons_sent": float(sent),
        "persons_held_out": float(held),
        "successes": float(trial.success.sum()),
    }
    tables = {
        "environment.json": environment(),
        "qini.csv": qini_curve(learnt.judged).round(6),
        "features.csv": model.gains().round(5),
    }
    with tempfile.TemporaryDirectory() as folder:
        artifact = Path(folder) / "model"
        model.save(artifact)
        return register(workspace, name, artifact, metrics, flat(model.config), {}, tags, tables=tables)
