"""Watching the models of customers that serve: their inputs, what they say, and how they did on what has come since."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import ModelError, NotFoundError
from features.lake import Lake
from features.workspace import Workspace
from serving.watching import Monitoring, keep_monitoring, load_policy, log_monitoring
from training.customers.families import NAMES
from training.customers.jobs import EVALUATION
from training.customers.kept import Serving, serving_version
from training.customers.reading import read_cases
from training.registry import evaluation, list_versions
from training.watch import Watched, WatchPolicy
from training.watch.customers import CustomerEvidence, watch_customers
from training.watch.findings import Finding
from training.watch.tables import newest_known, silent_tables

__all__ = ["monitor_customers"]

Say = Callable[[str], None]


def monitor_customers(
    workspace: Workspace,
    now: pd.Timestamp | None = None,
    policy: WatchPolicy | None = None,
    names: Sequence[str] = NAMES,
    say: Say = lambda _text: None,
) -> list[Monitoring]:
    """Watch the champion of each of `names` that has one, on what was known at `now`, and keep the results.

    By default customers are asked about as of the moment the newest daily use became known, and outcomes are all there
    are. Raises ModelError where none of them serves, NotFoundError for an empty lake.
    """
    champions = [one for name in names if (one := serving_version(workspace, name)) is not None]
    if not champions:
        raise ModelError(f"none of {', '.join(names)} serves in {workspace.root}: there is nothing to watch yet")
    rules, lake = policy or load_policy(), Lake(workspace.lake)
    moment = now or newest_known(lake, max(one.model.trained_until for one in champions))
    silent = list(silent_tables(lake, rules.customers, moment))
    found = []
    for one in champions:
        say(f"watching {one.family.name}")
        watched = _watched(workspace, lake, one, rules, moment, now, silent)
        run_id = log_monitoring(workspace, one.family.name, one.version, watched, rules)
        found.append(keep_monitoring(workspace, Monitoring(one.family.name, one.version, watched, run_id)))
    return found


def _watched(
    workspace: Workspace,
    lake: Lake,
    one: Serving,
    policy: WatchPolicy,
    now: pd.Timestamp,
    as_of: pd.Timestamp | None,
    silent: list[Finding],
) -> Watched:
    territory = workspace.territory()
    cases = read_cases(one.family, lake, territory, one.config, as_of)
    learnt = (cases.rows["known_at"] <= one.model.trained_until).to_numpy(dtype=bool)
    if not learnt.any():
        raise ModelError(
            f"{one.family.name}: the lake holds none of the cases that version {one.version} has learnt from"
        )
    then, asked = (one.family.asked(lake, territory, one.config, at) for at in (one.model.trained_until, now))
    evidence = CustomerEvidence(cases.take(learnt), then, asked, cases.take(~learnt), _held_out(workspace, one))
    return watch_customers(one.family, one.model, evidence, policy, now, silent)


def _held_out(workspace: Workspace, one: Serving) -> pd.DataFrame | None:
    """The champion's own evaluation; None where it keeps none."""
    found = next((v for v in list_versions(workspace, one.family.name) if v.version == one.version), None)
    if found is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            kept = evaluation(workspace, found, Path(folder)) / EVALUATION
        except NotFoundError:
            return None
        frame = pd.read_parquet(kept) if kept.is_file() else None
    return frame if frame is not None and np.isfinite(frame["loss"]).any() else None
