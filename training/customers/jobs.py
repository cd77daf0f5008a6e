"""Training of customer models: from the lake to a registered version that waits for the gate."""

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.lake import Lake
from features.settings import Settings
from features.workspace import Workspace
from training.customers.exhibits import Exhibits, show_model, show_scores
from training.customers.family import CustomerModel, Family
from training.customers.holding import Split, data_end, hold_out
from training.customers.kept import load_settings_of, save_version
from training.customers.reading import policy_hash, read_cases
from training.customers.scoring import scored_cases, usable_scores
from training.environment import environment
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

__all__ = ["EVALUATION", "HELD_OUT_ORIGINS", "refit_customers", "train_customers"]

HELD_OUT_ORIGINS = 2
EVALUATION = "held_out.parquet"
"""The held-out cases with their losses and what was said of them (see scored_cases)."""

_NO_SCORES = "no scores: no outcome was known when the newest origin came, so none can be held out"

Say = Callable[[str], None]


def _silent(_text: str) -> None:
    return None


def train_customers(
    workspace: Workspace,
    family: Family,
    config: Settings,
    held_out_origins: int = HELD_OUT_ORIGINS,
    again: bool = False,
    say: Say = _silent,
    more_tags: Mapping[str, str] | None = None,
    parent_run: str | None = None,
) -> Trained:
    """Train on the cases known before the held-out origins, score on those, register as challenger.

    What was scored is what the gate compares; after its promotion the same settings are fitted on all cases (refit).
    Where nothing can be held out the version is trained on everything and has no scores. A version of the same data and
    configuration is used again unless `again`. Raises NotFoundError for a lake without a case, ModelError where the
    cases do not suffice.
    """
    started = time.perf_counter()
    lake = Lake(workspace.lake)
    own = {"held_out_origins": str(held_out_origins), "policy": policy_hash(family, config)}
    tags = source_tags(lake, config, {**own, **(more_tags or {})})
    known = None if again else trained_before(workspace, family.name, tags)
    if known is not None:
        return trained(known, True, started)
    say("making cases from the lake")
    split = hold_out(read_cases(family, lake, workspace.territory(), config), held_out_origins)
    say(f"fitting {len(split.training.rows)} cases known until {split.trained_until:%Y-%m-%d %H:%M} UTC")
    model = family.fit(split.training, config, split.trained_until)
    say(f"scoring the {split.origins} held-out origin(s)" if split.origins else _NO_SCORES)
    scores, scored, shown = _scored(family, model, split)
    say("registering")
    tags |= made_tags(model.trained_until)
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "evaluation"
        kept.mkdir()
        scored.to_parquet(kept / EVALUATION, index=False)
        number = _register(workspace, family, model, config, scores, shown, tags, kept, parent_run)
    return trained(version_of(workspace, family.name, number), False, started)


def refit_customers(workspace: Workspace, family: Family, version: ModelVersion, say: Say = _silent) -> Trained:
    """The settings of `version` fitted on all cases there are; a new version, or itself where it has seen everything.

    Nothing is left to score it on, so it carries the scores and evaluation files of the version it repeats.
    """
    started = time.perf_counter()
    lake = Lake(workspace.lake)
    with tempfile.TemporaryDirectory() as folder:
        config = load_settings_of(family, fetch(workspace, version, Path(folder)))
    own = {"held_out_origins": "0", "policy": policy_hash(family, config)}
    again = {"data": lake.fingerprint(), "refit_of": str(version.version), **own}
    known = trained_before(workspace, family.name, again)
    if known is not None:
        return trained(known, True, started)
    say("making cases from the lake")
    cases = read_cases(family, lake, workspace.territory(), config)
    end = data_end(cases)
    same = all(version.tags.get(name) == again[name] for name in ("data", "policy"))
    if same and pd.Timestamp(version.tags["trained_until"]) >= end:
        return trained(version, True, started)
    say(f"fitting {family.name} on all {len(cases.rows)} cases, known until {end:%Y-%m-%d %H:%M} UTC")
    model = family.fit(cases, config, end)
    say("registering")
    tags = {**inherited_tags(version), **again, **made_tags(model.trained_until)}
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder)
        found = evaluation(workspace, version, kept)
        number = _register(workspace, family, model, config, version.metrics, show_model(model), tags, found, None)
    return trained(version_of(workspace, family.name, number), False, started)


def _scored(family: Family, model: CustomerModel, split: Split) -> tuple[dict[str, float], pd.DataFrame, Exhibits]:
    """Metrics, the held-out cases with their losses, and what is shown of them."""
    held = split.held_out
    scored = scored_cases(family, model, held)
    shown = show_model(model) | show_scores(scored)
    if held.rows.empty:
        return {}, scored, shown
    counts = {"training_cases": float(len(split.training.rows)), "held_out_cases": float(len(held.rows))}
    return {**usable_scores(family.scores(model, held)), **counts}, scored, shown


def _register(
    workspace: Workspace,
    family: Family,
    model: CustomerModel,
    config: Settings,
    metrics: Mapping[str, float],
    shown: Exhibits,
    tags: Mapping[str, str],
    evaluation_dir: Path,
    parent_run: str | None,
) -> int:
    tables: dict[str, Any] = {"environment.json": environment(), "says.json": dict(family.says), **shown.tables}
    with tempfile.TemporaryDirectory() as folder:
        artifact = Path(folder) / "model"
        save_version(family, model, config, artifact)
        params = flat(config)
        return register(
            workspace,
            family.name,
            artifact,
            metrics,
            params,
            shown.figures,
            tags,
            evaluation_dir,
            tables,
            parent_run,
        )
