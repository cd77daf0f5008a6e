"""Scores of forecasts beside the truth: one long table in, tables by node, group, lead and hour out.

The table has node_id, issued_at (where several issues are scored), start_utc, lead_hours, one column a quantile
level (`q05` … `q95`, kW) and load_kw, the load that came, NaN where it is not known.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid
from training.demand.config import LEVELS
from training.demand.quantiles import level_name
from training.metrics import coverage, pinball, rcrps

__all__ = [
    "LEAD_LABELS",
    "beside_truth",
    "by_group",
    "by_lead",
    "by_lead_and_hour",
    "by_node",
    "group_summary",
    "lead_bucket",
    "reliability_shares",
    "row_loss",
    "summary",
    "table_summary",
]

_LEAD_EDGES = (6.0, 24.0, 48.0, 120.0, 216.0)
LEAD_LABELS = ("0-6 h", "6-24 h", "24-48 h", "2-5 d", "5-9 d", "9-14 d")
_SCORES = ["rcrps", "coverage", "pinball_kw", "scored"]


def beside_truth(forecasts: pd.DataFrame, truth: Grid) -> pd.DataFrame:
    """The forecasts with `load_kw`, the load of `truth` at (node, start); NaN where it has none."""
    place = {one: row for row, one in enumerate(truth.ids)}
    rows = forecasts["node_id"].astype(str).map(place).fillna(-1).to_numpy(dtype=int)
    step = pd.Timedelta(minutes=truth.step_minutes)
    columns = ((pd.DatetimeIndex(forecasts["start_utc"]) - truth.start) // step).to_numpy()
    inside = (rows >= 0) & (columns >= 0) & (columns < truth.values.shape[1])
    load = np.full(len(forecasts), np.nan)
    load[inside] = truth.values[rows[inside], columns[inside]]
    return forecasts.assign(load_kw=load)


def row_loss(frame: pd.DataFrame, levels: Sequence[float] = LEVELS) -> np.ndarray:
    """Mean pinball loss over `levels` of each row, kW; NaN where the load or a quantile is unknown."""
    actual = frame["load_kw"].to_numpy(dtype=float)
    total = np.zeros(len(frame))
    for level in levels:
        total += pinball(actual, frame[level_name(level)].to_numpy(dtype=float), level)
    return total / len(levels)


def by_node(frame: pd.DataFrame, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
    """One row a node: rcrps, coverage of the outermost levels, pinball_kw, scored (how many rows were)."""
    columns = [level_name(level) for level in levels]
    rows = {}
    for node, part in frame.groupby("node_id", sort=True):
        actual, values = part["load_kw"].to_numpy(dtype=float), part[columns].to_numpy(dtype=float)
        good = np.isfinite(actual) & np.isfinite(values).all(axis=1)
        rows[str(node)] = _node_scores(actual[good], values[good], tuple(levels))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=_SCORES)
    return table.astype({"scored": int}).rename_axis("node_id")


def _node_scores(actual: np.ndarray, values: np.ndarray, levels: tuple[float, ...]) -> tuple[float, ...]:
    if not len(actual):
        return np.nan, np.nan, np.nan, 0
    loss = [pinball(actual, values[:, place], level).mean() for place, level in enumerate(levels)]
    within = coverage(actual, values[:, 0], values[:, -1])
    return rcrps(actual, values, levels), within, float(np.mean(loss)), len(actual)


def summary(frame: pd.DataFrame, levels: Sequence[float] = LEVELS) -> dict[str, float]:
    """Means over the nodes that could be scored; `coverage_worst` is the lowest of a node."""
    return table_summary(by_node(frame, levels))


def table_summary(nodes: pd.DataFrame) -> dict[str, float]:
    """As `summary`, from the table of `by_node`."""
    scored = nodes[nodes["scored"] > 0]
    return {
        "rcrps": float(scored["rcrps"].mean()),
        "coverage": float(scored["coverage"].mean()),
        "coverage_worst": float(scored["coverage"].min()),
        "pinball": float(scored["pinball_kw"].mean()),
        "nodes": float(len(scored)),
    }


def by_group(frame: pd.DataFrame, groups: pd.Series, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
    """One row a group of nodes (`groups`: node_id → group): means over its nodes, and how many were scored."""
    return group_summary(by_node(frame, levels), groups)


def group_summary(nodes: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """As `by_group`, from the table of `by_node`."""
    scored = nodes[nodes["scored"] > 0]
    by = scored.groupby(_group_of(scored.index, groups))
    table = by[["rcrps", "coverage", "pinball_kw"]].mean()
    table["coverage_worst"] = by["coverage"].min()
    table["nodes"] = by.size()
    table["scored"] = by["scored"].sum()
    return table.rename_axis("group")


def _group_of(nodes: pd.Index, groups: pd.Series) -> np.ndarray:
    known = groups.astype(object).reindex(nodes)
    return known.where(known.notna(), "unknown").astype(str).to_numpy()


def lead_bucket(lead_hours: pd.Series) -> pd.Series:
    """The stretch of leads (one of LEAD_LABELS) of each row, ordered."""
    edges = [-np.inf, *_LEAD_EDGES, np.inf]
    return pd.cut(lead_hours.astype(float), edges, right=False, labels=list(LEAD_LABELS))


def by_lead(frame: pd.DataFrame, groups: pd.Series | None = None, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
    """One row a group and stretch of leads, with the columns of `by_group`.

    Without `groups` all nodes are one group, `all`.
    """
    bucket = lead_bucket(frame["lead_hours"])
    parts = []
    for label in LEAD_LABELS:
        part = frame[(bucket == label).to_numpy()]
        if len(part):
            nodes = by_node(part, levels)
            table = group_summary(nodes, pd.Series("all", index=nodes.index) if groups is None else groups)
            parts.append(table.assign(lead=label).reset_index())
    columns = ["group", "lead", "rcrps", "coverage", "coverage_worst", "pinball_kw", "nodes", "scored"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def by_lead_and_hour(frame: pd.DataFrame, calendar: Calendar, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
    """Pinball by stretch of leads (rows) and local hour of the day (columns 0 to 23), mean over nodes.

    Each node's loss is taken over the swing of its load, (P99 − P1) of what was scored, so that nodes count alike.
    """
    loss = pd.Series(row_loss(frame, levels), index=frame.index)
    node = frame["node_id"].astype(str)
    spread: pd.Series = frame["load_kw"].groupby(node).quantile(0.99) - frame["load_kw"].groupby(node).quantile(0.01)
    swing = node.map(spread.where(spread > 0))
    hour = calendar.local(pd.DatetimeIndex(frame["start_utc"])).hour
    keys = [lead_bucket(frame["lead_hours"]), np.asarray(hour)]
    table = (loss / swing).groupby(keys, observed=True).mean().unstack()
    return table.reindex(columns=range(24)).rename_axis(index="lead", columns="hour")


def reliability_shares(frame: pd.DataFrame, groups: pd.Series, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
    """Share of loads at or below each forecast level, by group: columns kind, level, below."""
    known = frame[np.isfinite(frame["load_kw"]) & np.isfinite(frame[level_name(levels[0])])]
    group = _group_of(pd.Index(known["node_id"].astype(str)), groups)
    rows = [
        {"kind": name, "level": level, "below": float((part["load_kw"] <= part[level_name(level)]).mean())}
        for name, part in known.groupby(group, sort=True)
        for level in levels
    ]
    return pd.DataFrame(rows, columns=["kind", "level", "below"])
