"""Training rows: features and what came true, for a sample of issue times and leads within a budget."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.load.grid import Grid
from features.load.history import History
from features.load.issue import build_features
from training.demand.assembly import Assembler, Issue, issue_times
from training.demand.config import DemandConfig
from training.demand.linear import LinearStage

__all__ = ["Rows", "collect_rows", "row_weights"]


@dataclass(frozen=True)
class Rows:
    """`features` float32 [n, F]; `target_kw`, `scale_kw`, `linear_kw`, `node`, `lead_hours`, `issue` are [n]."""

    features: np.ndarray
    target_kw: np.ndarray
    scale_kw: np.ndarray
    linear_kw: np.ndarray
    node: np.ndarray
    lead_hours: np.ndarray
    issue: np.ndarray

    def ratio(self) -> np.ndarray:
        """The target in units of the trailing level."""
        return self.target_kw / self.scale_kw


def collect_rows(
    history: History, stage: LinearStage, config: DemandConfig, first: pd.Timestamp, last: pd.Timestamp, budget: int
) -> Rows:
    """Rows whose issue and target both lie in [first, last), at most about `budget` of them.

    The truth is the current load; the features are what was available at each issue.
    """
    per_hour = 60 // history.versions.step_minutes
    truth = history.loads
    final = truth.column(last)
    issues = [at for at in issue_times(history, first, last, config.issue_hours) if truth.column(at) < final]
    nodes = len(history.versions.ids)
    leads = np.arange(config.first_lead_hours * per_hour, config.horizon_hours * per_hour)
    issues, per_issue, per_node = _share_out(issues, nodes, len(leads), budget)
    rng = np.random.default_rng(config.seed)
    assembler = Assembler(history, stage, actual_weather=True)
    parts = []
    for number, at in enumerate(issues):
        offsets = _pick(leads, per_issue, rng, per_hour)
        offsets = offsets[truth.column(at) + offsets < final]
        rows = np.sort(rng.choice(nodes, size=per_node, replace=False))
        if len(offsets):
            parts.append(_one(assembler, truth, Issue(at, offsets, rows), number))
    if not parts:
        nothing = np.empty(0)
        return Rows(np.empty((0, 0), np.float32), *[nothing] * 6)
    names = ("features", "target_kw", "scale_kw", "linear_kw", "node", "lead_hours", "issue")
    return Rows(**{name: np.concatenate([part[name] for part in parts]) for name in names})


def _share_out(issues: list[pd.Timestamp], nodes: int, leads: int, budget: int) -> tuple[list[pd.Timestamp], int, int]:
    """Issues, leads of each and nodes of each within the budget.

    Many issue times teach more than many rows of one: leads are thinned first (down to 24 an issue), then nodes
    (down to 8), then the issues, evenly.
    """
    share = budget // max(len(issues), 1)
    per_issue = min(leads, max(24, share // nodes))
    per_node = min(nodes, max(min(nodes, 8), share // per_issue))
    most = max(budget // (per_node * per_issue), 20)
    if len(issues) > most:
        pick = np.unique(np.linspace(0, len(issues) - 1, most).round().astype(int))
        issues = [issues[place] for place in pick]
    return issues, per_issue, per_node


def _pick(leads: np.ndarray, count: int, rng: np.random.Generator, per_hour: int) -> np.ndarray:
    """Half of the sample from the first two days, where forecasts are used most, half from all leads."""
    if count >= len(leads):
        return leads
    near = leads[: 48 * per_hour]
    weight = np.full(len(leads), 0.5 / len(leads))
    weight[: len(near)] += 0.5 / len(near)
    return np.sort(rng.choice(leads, size=count, replace=False, p=weight / weight.sum()))


def _one(assembler: Assembler, truth: Grid, issue: Issue, number: int) -> dict[str, np.ndarray]:
    assert issue.rows is not None
    inputs = assembler.inputs(issue)
    features, scale = build_features(inputs)
    target = truth.values[np.ix_(issue.rows, truth.column(issue.at) + issue.offsets)]
    good = np.isfinite(target) & np.isfinite(scale)[:, None] & np.isfinite(inputs.future_linear_kw)
    node, at = np.nonzero(good)
    return {
        "features": features[good],
        "target_kw": target[good],
        "scale_kw": scale[node],
        "linear_kw": inputs.future_linear_kw[good],
        "node": issue.rows[node].astype(np.int32),
        "lead_hours": (issue.offsets[at] * truth.step_minutes / 60).astype(np.float32),
        "issue": np.full(len(node), number, dtype=np.int32),
    }


def row_weights(rows: Rows, history: History) -> np.ndarray:
    """Weight [n] of each row: a node counts by how far its load swings, so that none is judged by its size alone."""
    spread = np.array([_swing(row) for row in history.loads.values])
    weight = rows.scale_kw / np.maximum(spread[rows.node], 1e-9)
    return np.clip(weight / np.median(weight), 0.1, 10.0)


def _swing(row: np.ndarray) -> float:
    known = row[np.isfinite(row)]
    if not len(known):
        return 1.0
    return float(max(np.quantile(known, 0.99) - np.quantile(known, 0.01), 1e-6))
