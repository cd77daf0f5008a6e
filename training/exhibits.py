"""What is logged beside a demand version, so that a person can judge it: figures and tables of its evaluation."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from features.load.history import History
from training.evaluation import Evaluation
from training.figures import fan, heat, reliability

__all__ = ["demand_figures", "demand_tables"]


def demand_tables(found: Evaluation) -> dict[str, Any]:
    """Scores by node, kind and lead, pinball by lead and local hour, and the shares behind the reliability diagram."""
    return {
        "nodes.csv": found.nodes.round(5),
        "groups.csv": found.groups.round(5),
        "leads.csv": found.leads.round(5),
        "hours.csv": found.hours.round(5),
        "reliability.csv": found.shares.round(5),
    }


def demand_figures(found: Evaluation, history: History) -> dict[str, str]:
    """Fans of three telling nodes, reliability, pinball by lead and local hour."""
    figures = {"reliability.svg": reliability("reliability", reliability_lines(found.shares))}
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
