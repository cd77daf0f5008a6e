"""Scores of a demand model on days it never saw, and the frames from which reports and watchers draw."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from features.load.grid import Grid
from features.load.history import History
from training.demand.config import LEVELS
from training.demand.quantiles import level_name
from training.scoring import (
    beside_truth,
    by_lead,
    by_lead_and_hour,
    by_node,
    group_summary,
    reliability_shares,
    row_loss,
    summary,
    table_summary,
)

__all__ = ["Evaluation", "Forecaster", "evaluate"]

_COLUMNS = tuple(level_name(level) for level in LEVELS)
_BEFORE_DAYS = 5
_LONGEST_DAYS = 14
_EVERY_DAYS = 7


class Forecaster(Protocol):
    """What is asked of a model to be scored."""

    def forecast(self, history: History, issued_at: pd.Timestamp, horizon_hours: int) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Evaluation:
    """Held-out scores and what they were made from.

    `metrics` are plain numbers. `fans` holds the first long forecast, issued where the held-out days begin (node_id,
    start_utc, load_kw, q05 … q95), `before` the load of the days before it. From the day-ahead forecasts come
    `shares` (of loads at or below each level, by kind), `nodes` (scores), `groups` (scores by kind) and `daily`
    (node_id, day, pinball_kw, coverage, load_kw, swing_kw: what a watcher compares later days with); from the long ones
    `leads` (scores by kind and lead) and `hours` (pinball over the swing by lead and local hour).
    """

    metrics: dict[str, float]
    fans: pd.DataFrame
    before: pd.DataFrame
    shares: pd.DataFrame
    daily: pd.DataFrame
    nodes: pd.DataFrame
    groups: pd.DataFrame
    leads: pd.DataFrame
    hours: pd.DataFrame
    days: int

    def save(self, folder: Path) -> None:
        """Write what is needed to show and watch the version again to `folder`, as Parquet."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("fans", "before", "shares", "daily"):
            getattr(self, name).to_parquet(folder / f"{name}.parquet", index=False)


def evaluate(
    model: Forecaster,
    history: History,
    cut: pd.Timestamp,
    days: int,
    step: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Forecast the `days` after `cut` with what was known at each issue, against what `history` knows now.

    One day-ahead issue per day at the hour of `cut`, and one of up to 14 days a week from `cut` on, as far as the
    held-out days reach. `step` is called after each issue.
    """

    def scored(day: int, length: int) -> pd.DataFrame:
        issued = cut + pd.Timedelta(days=day)
        frame = beside_truth(model.forecast(history, issued, horizon_hours=24 * length), history.loads)
        step()
        return frame.assign(issued_at=issued)[["node_id", "issued_at", "start_utc", "lead_hours", "load_kw", *_COLUMNS]]

    ahead = pd.concat([scored(day, 1) for day in range(days)], ignore_index=True)
    far = [scored(day, min(days - day, _LONGEST_DAYS)) for day in range(0, days, _EVERY_DAYS)]
    long = pd.concat(far, ignore_index=True)
    longest = {f"{name}_{min(days, _LONGEST_DAYS)}d": value for name, value in summary(long).items() if name != "nodes"}
    kinds = history.nodes["kind"].astype(str)
    nodes, leads = by_node(ahead), by_lead(long, kinds)
    groups = group_summary(nodes, kinds)
    return Evaluation(
        metrics=_metrics(nodes, groups, leads) | longest,
        fans=far[0].astype(dict.fromkeys([*_COLUMNS, "load_kw"], "float32")),
        before=_before(history.loads, cut),
        shares=reliability_shares(ahead, kinds),
        daily=daily_scores(ahead),
        nodes=nodes,
        groups=groups,
        leads=leads,
        hours=by_lead_and_hour(long, history.calendar),
        days=days,
    )


def daily_scores(ahead: pd.DataFrame) -> pd.DataFrame:
    """One row a node and issue: day (of the issue, UTC), pinball_kw, coverage of P5 to P95, load_kw, the mean size of
    the load that day, and swing_kw, the node's (P99 − P1) of all scored loads, by which losses of any nodes compare.
    """
    loss, node = row_loss(ahead), ahead["node_id"].astype(str)
    known = np.isfinite(loss)
    load = ahead["load_kw"].where(known)
    inside = ((load >= ahead["q05"]) & (load <= ahead["q95"])).astype(float).where(known)
    rows = pd.DataFrame({"node_id": node, "day": ahead["issued_at"], "pinball_kw": loss, "coverage": inside})
    rows["load_kw"] = load.abs()
    figures = ["pinball_kw", "coverage", "load_kw"]
    table = rows[known].groupby(["node_id", "day"], as_index=False)[figures].mean()
    swing = load.groupby(node).quantile(0.99) - load.groupby(node).quantile(0.01)
    return table.assign(swing_kw=table["node_id"].map(swing))


def _metrics(nodes: pd.DataFrame, groups: pd.DataFrame, leads: pd.DataFrame) -> dict[str, float]:
    """Day-ahead means, the same by kind of node, and by kind and lead of the long forecasts."""
    metrics = table_summary(nodes)
    for kind, row in groups.iterrows():
        metrics |= {f"{name}_{kind}": float(row[name]) for name in ("rcrps", "coverage")}
    for _, row in leads.iterrows():
        metrics |= {f"{name}_{row['group']}.lead {row['lead']}": float(row[name]) for name in ("rcrps", "coverage")}
    return {name: value for name, value in metrics.items() if np.isfinite(value)}


def _before(truth: Grid, cut: pd.Timestamp) -> pd.DataFrame:
    """Load of the few days before `cut`, long, kW."""
    stop = max(truth.column(cut), 0)
    first = max(truth.column(cut - pd.Timedelta(days=_BEFORE_DAYS)), 0)
    part = truth.values[:, first:stop].astype(np.float32)
    times = truth.times[first:stop]
    return pd.DataFrame(
        {
            "node_id": np.repeat(np.array(truth.ids, dtype=object), part.shape[1]).astype(str),
            "start_utc": times[np.tile(np.arange(len(times)), len(truth.ids))],
            "load_kw": part.ravel(),
        }
    )
