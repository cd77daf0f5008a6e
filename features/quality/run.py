"""One measurement of quality: every rule over the lake as known at a moment, kept so that trends can be drawn."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.ingest.quarantine import read_quarantine
from features.lake import Lake
from features.quality.checks import judge
from features.quality.counts import COUNTS
from features.quality.reading import Tables
from features.quality.rules import QualityRules
from features.settings import config_hash
from features.workspace import Workspace

__all__ = ["Measurement", "history", "measure"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measurement:
    """Counts as of a moment, and examples of failures by rule; `fresh` is false where it was kept before."""

    id: str
    as_of: pd.Timestamp
    counts: pd.DataFrame
    examples: dict[str, tuple[str, ...]]
    fresh: bool = True


def measure(workspace: Workspace, rules: QualityRules, as_of: pd.Timestamp, say: Say | None = None) -> Measurement:
    """Judge every rule by what was known at `as_of`, and keep the counts; what is kept already is read, not made anew.

    The same lake, quarantine, rules and moment are the same measurement.
    """
    lake = Lake(workspace.lake)
    folder = workspace.root / "quality"
    refused = read_quarantine(workspace.root / "quarantine")
    name = _identity(lake, refused, rules, as_of)
    path = folder / f"{as_of:%Y%m%dT%H%M%SZ}-{name}.parquet"
    if path.is_file():
        return _kept(path)
    tables = Tables(lake, as_of)
    parts, examples = [], {}
    for rule in rules.rules:
        if say is not None:
            say(rule.id)
        found = judge(tables, rule, refused, rules.examples)
        parts.append(found.counts.assign(rule=rule.id, table=rule.table))
        examples[rule.id] = found.examples
    counts = pd.concat(parts, ignore_index=True)[list(COUNTS)].astype(COUNTS)
    made = Measurement(name, as_of, counts, examples)
    _keep(made, path)
    return made


def _identity(lake: Lake, refused: pd.DataFrame, rules: QualityRules, as_of: pd.Timestamp) -> str:
    batches = sorted(f"{batch} {count}" for batch, count in refused["batch"].value_counts().items())
    parts = [lake.fingerprint(as_of), config_hash(rules), as_of.isoformat(), *batches]
    # Work items are judged by their state, which the fingerprint of a moment may share with an earlier one.
    parts.append(str(len(lake.versions("work_item", as_of=as_of, columns=["work_item_id"]))))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _keep(made: Measurement, path: Path) -> None:
    """Written beside and moved into place: a reader never finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = made.counts.copy()
    table.attrs = {"id": made.id, "as_of": made.as_of.isoformat(), "examples": made.examples}
    unfinished = path.with_suffix(".unfinished")
    table.to_parquet(unfinished, index=False)
    unfinished.replace(path)


def _kept(path: Path) -> Measurement:
    table = pd.read_parquet(path)
    told: dict[str, Any] = {str(name): value for name, value in table.attrs.items()}
    examples = {rule: tuple(keys) for rule, keys in told["examples"].items()}
    return Measurement(told["id"], pd.Timestamp(told["as_of"]), table.astype(COUNTS), examples, fresh=False)


def history(workspace: Workspace, rules: QualityRules) -> list[Measurement]:
    """Every measurement kept under the same rules' names, oldest first; of one moment the one that was made last."""
    files = sorted((workspace.root / "quality").glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    known = {rule.id for rule in rules.rules}
    found: dict[pd.Timestamp, Measurement] = {}
    for path in files:
        one = _kept(path)
        found[one.as_of] = one if set(one.counts["rule"]) <= known else found.get(one.as_of, one)
    return [found[moment] for moment in sorted(found)]
