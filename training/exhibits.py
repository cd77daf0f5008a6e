"""What is logged beside a demand version, so that a person can judge it: figures and tables of its evaluation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.load.groups import GROUPS
from features.load.history import History
from training.demand import DemandModel
from training.evaluation import Evaluation
from training.figures import fan, heat, reliability, stacked

__all__ = ["contributions", "demand_figures", "demand_tables", "feature_gains"]

_EXPLAINED_NODES, _EXPLAINED_ISSUES = 12, 4


def contributions(model: DemandModel, history: History, cut: pd.Timestamp, days: int) -> pd.DataFrame:
    """How much each group moves the median of a day ahead, by kind of node: mean absolute kW over mean load.

    From a few issues spread over the held-out days and a few nodes of every kind.
    """
    kinds = history.nodes["kind"].astype(str).reindex(history.node_ids).dropna()
    each = max(_EXPLAINED_NODES // max(kinds.nunique(), 1), 1)
    nodes = [node for _, part in kinds.groupby(kinds) for node in _spread(part.index, each)]
    issues = [cut + pd.Timedelta(days=int(day)) for day in _spread(np.arange(days), _EXPLAINED_ISSUES)]
    told = pd.concat([model.explain(history, issue, 24, node_ids=nodes) for issue in issues], ignore_index=True)
    by = told[list(GROUPS)].abs().groupby(told["node_id"].map(kinds))
    size = told["q50"].abs().groupby(told["node_id"].map(kinds)).mean()
    return by.mean().div(size, axis=0).rename_axis("kind")


def feature_gains(model: DemandModel) -> pd.DataFrame:
    """Share of each feature in the loss that the boosters' splits have saved, by member, largest first."""
    shares = {}
    for member, models in model.booster.models.items():
        gain = np.sum([one.feature_importance("gain") for one in models], axis=0)
        shares[member] = gain / max(gain.sum(), 1e-12)
    table = pd.DataFrame(shares, index=pd.Index(model.booster.feature_names, name="feature"))
    return table.assign(mean=table.mean(axis=1)).sort_values("mean", ascending=False)


def _spread(values: Any, count: int) -> Any:
    """`count` of `values`, evenly from the first to the last."""
    return values[np.unique(np.linspace(0, len(values) - 1, count).round().astype(int))]


def demand_tables(found: Evaluation, moved: pd.DataFrame, gains: pd.DataFrame) -> dict[str, Any]:
    """Scores by node, kind and lead, pinball by lead and local hour, the shares behind the reliability diagram, what
    moves the median, and which features the boosters use."""
    return {
        "contributions.csv": moved.round(5),
        "features.csv": gains.round(5),
        "nodes.csv": found.nodes.round(5),
        "groups.csv": found.groups.round(5),
        "leads.csv": found.leads.round(5),
        "hours.csv": found.hours.round(5),
        "reliability.csv": found.shares.round(5),
    }


def demand_figures(found: Evaluation, history: History, moved: pd.DataFrame) -> dict[str, str]:
    """Fans of three telling nodes, reliability, pinball by lead and local hour, what moves the median."""
    figures = {
        "reliability.svg": reliability("reliability", reliability_lines(found.shares)),
        "contributions.svg": stacked("contributions", moved.drop(columns="level"), "mean absolute part of the load"),
    }
    if found.hours.notna().to_numpy().any():
        figures["pinball_by_lead_and_hour.svg"] = heat("hours", found.hours, "local hour", "lead", "pinball / swing")
    for label, node in example_nodes(found).items():
        frame = _local(found.fans, node, history)
        before = _local(found.before, node, history)
        figures[f"fan_{label}.svg"] = fan(f"fan-{label}", frame, f"{node} ({label} node)", "local time", before)
    return figures


def example_nodes(found: Evaluation) -> Mapping[str, str]:
    """The node with the highest load, the one forecast worst, and the one in the middle."""
    highest = found.fans.groupby("node_id")["load_kw"].max().idxmax()
    ranked = found.nodes["rcrps"].dropna().sort_values()
    if ranked.empty:
        return {"largest": str(highest)}
    middle = ranked.index[len(ranked) // 2]
    return {"largest": str(highest), "typical": str(middle), "worst": str(ranked.index[-1])}


def reliability_lines(shares: pd.DataFrame) -> dict[str, pd.Series]:
    """Kind of node → share of loads at or below each level, indexed by level."""
    return {str(kind): part.set_index("level")["below"] for kind, part in shares.groupby("kind", sort=True)}


def _local(frame: pd.DataFrame, node: str, history: History) -> pd.DataFrame:
    part = frame[frame["node_id"] == node]
    return part.assign(time=history.calendar.local(pd.DatetimeIndex(part["start_utc"])))
