"""Bringing the stored events of nodes up to date from the lake."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from features.configs import config_path
from features.errors import HeadroomError, NotFoundError
from features.lake import Lake
from features.settings import load_settings
from features.workspace import Workspace
from serving.decisions.monitoring import EVENT_COLUMNS, MonitoringPolicy, MonitoringState
from serving.monitoring.readings import Ledgers, newest_reading, read_ledgers, read_loads, step_minutes_of
from serving.monitoring.store import NodeEvents
from serving.settings import service_settings
from serving.state import open_state

__all__ = ["WatchedNodes", "load_policy", "watch_nodes"]

_SHOWN = ("end_utc", "state", "worst_value", "worst_at", "threshold", "duration_minutes", "points", "customers")
Row = dict[str, Any]


@dataclass(frozen=True)
class WatchedNodes:
    """What one run did: how many events `changes` counts as opened, extended, closed and withdrawn, which are open
    now, and how many rows could not be judged, by reason."""

    rule_set: str
    now: pd.Timestamp
    since: pd.Timestamp
    nodes: int
    changes: dict[str, int]
    open_events: list[Row]
    set_aside: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        from serving.rows import plain

        told = [{name: plain(_stamp(value)) for name, value in row.items()} for row in self.open_events]
        return {
            "rule_set": self.rule_set,
            "now": plain(self.now),
            "since": plain(self.since),
            "nodes": self.nodes,
            "changes": self.changes,
            "set_aside": self.set_aside,
            "open_events": told,
        }


def load_policy(rule_set: str = "a", path: Path | None = None) -> MonitoringPolicy:
    """The policy of `path`, or the shipped rule set of that name (`configs/policy/monitoring_a.yaml`)."""
    return load_settings(MonitoringPolicy, path or config_path(f"policy/monitoring_{rule_set}.yaml"))


def watch_nodes(
    workspace: Workspace,
    now: pd.Timestamp | None = None,
    policy: MonitoringPolicy | None = None,
    engine: Engine | None = None,
) -> WatchedNodes:
    """Judge all nodes by what was known at `now` (default: the end of the newest reading), and store what changed.

    Everything since `correct_days` before the last time is judged anew; what ended before that stands. Equal inputs
    write nothing. Raises NotFoundError for a lake without loads or nodes, and HeadroomError for a moment before the
    one up to which was watched already: its events would be those of a past that has been put right since.
    """
    rules = policy or load_policy()
    url = service_settings(workspace).state_url or workspace.state_url
    opened = open_state(url) if engine is None else engine
    try:
        return _watch(Lake(workspace.lake), now, rules, NodeEvents(opened))
    finally:
        if engine is None:
            opened.dispose()


def _watch(lake: Lake, now: pd.Timestamp | None, rules: MonitoringPolicy, store: NodeEvents) -> WatchedNodes:
    moment = newest_reading(lake) if now is None else now
    watched = store.watched_until(rules.rule_set)
    until = moment if watched is None else pd.Timestamp(watched)
    if moment < until:
        raise HeadroomError(f"rule set {rules.rule_set} has watched until {until.isoformat()}: ask for a later moment")
    days = pd.Timedelta(days=rules.correct_days)
    ledgers = read_ledgers(lake, now)
    nodes = ledgers.nodes(moment)
    if nodes.empty:
        raise NotFoundError("the lake holds no node that is valid now: ingest a source first")
    settled = until - days
    stored = {row["event_id"]: row for row in store.standing(rules.rule_set, settled.to_pydatetime())}
    # What goes on at the edge began before it: twice the days show where.
    loads = read_loads(lake, ledgers, settled - days, moment, now)
    if loads.empty:
        raise NotFoundError(f"the lake holds no node_load rows from {settled - days} on that were known then")
    since, step = pd.Timestamp(loads["start_utc"].min()), step_minutes_of(loads)
    older = _older(stored, nodes, since, step, rules)
    state = MonitoringState(nodes[~nodes.index.isin(older)], rules, since, step)
    update = state.update(loads[~loads["node_id"].isin(older)], moment)
    found = [update.changes, *_of_older(lake, ledgers, older, nodes, moment, now, step, rules)]
    events = pd.concat(found, ignore_index=True)
    if watched is not None:
        events = events[events["end_utc"].isna() | (events["end_utc"] > settled)]
    rows, changes = _differences(events, stored, nodes, moment, rules.rule_set)
    if rows or watched is None or moment > until:
        store.write(rules.rule_set, rows, moment.to_pydatetime())
    open_events, _ = store.find(rule_set=rules.rule_set, state="open", foreseen=False, limit=None)
    aside = {name: getattr(update, name) for name in ("unknown", "off_grid", "future", "invalid", "too_late")}
    return WatchedNodes(rules.rule_set, moment, since, len(nodes), changes, open_events, aside)


def _older(
    stored: dict[str, Row], nodes: pd.DataFrame, since: pd.Timestamp, step: int, rules: MonitoringPolicy
) -> dict[str, pd.Timestamp]:
    """Nodes with a standing event that began before `since`, and from when on their readings show its beginning."""
    lead = pd.Timedelta(minutes=step * rules.joined_steps(step))
    first: dict[str, pd.Timestamp] = {}
    for row in stored.values():
        start, node = pd.Timestamp(row["start_utc"]), row["node_id"]
        if start < since and node in nodes.index:
            # A silence begins where watching did, or after a reading; a run may be led up to by one.
            begin = start if row["kind"] == "stale" else start - lead
            first[node] = min(begin, first.get(node, begin))
    return first


def _of_older(
    lake: Lake,
    ledgers: Ledgers,
    older: dict[str, pd.Timestamp],
    nodes: pd.DataFrame,
    moment: pd.Timestamp,
    as_of: pd.Timestamp | None,
    step: int,
    rules: MonitoringPolicy,
) -> list[pd.DataFrame]:
    """Events of the nodes that must be read from further back, each from its own moment on."""
    if not older:
        return []
    loads = read_loads(lake, ledgers, min(older.values()), moment, as_of, sorted(older))
    by_node = dict(iter(loads.groupby("node_id")))
    found = []
    for node, since in sorted(older.items()):
        state = MonitoringState(nodes.loc[[node]], rules, since, step)
        part = by_node.get(node, loads.iloc[:0])
        found.append(state.update(part[part["start_utc"] >= since], moment).changes)
    return found


def _differences(
    events: pd.DataFrame, stored: dict[str, Row], nodes: pd.DataFrame, moment: pd.Timestamp, rule_set: str
) -> tuple[list[Row], dict[str, int]]:
    """Rows to be written, and how many events were opened, extended, closed and withdrawn."""
    at = moment.to_pydatetime()
    counts = Counter({"opened": 0, "extended": 0, "closed": 0, "withdrawn": 0})
    rows, standing = [], set()
    for told in events[list(EVENT_COLUMNS)].to_dict("records"):
        row = {str(name): _python(value) for name, value in told.items()}
        standing.add(row["event_id"])
        before = stored.get(row["event_id"])
        hall = nodes.loc[row["node_id"], "hall_id"]
        row |= {"rule_set": rule_set, "hall_id": hall if isinstance(hall, str) else None}
        row |= {"foreseen": False, "probability": None, "updated_at": at, "withdrawn_at": None}
        row["first_seen_at"] = at if before is None else before["first_seen_at"]
        if before is None:
            counts["opened"] += 1
        elif any(before[name] != row[name] for name in (*_SHOWN, "hall_id")):
            counts["closed" if before["state"] == "open" and row["state"] == "closed" else "extended"] += 1
        else:
            continue
        rows.append(row)
    for event_id, row in stored.items():
        if event_id in standing:
            continue
        if row["node_id"] in nodes.index:
            counts["withdrawn"] += 1
            rows.append({**row, "withdrawn_at": at, "updated_at": at})
        elif row["state"] == "open":
            # The node is gone, and what went on there with it; nothing says that it was wrong.
            counts["closed"] += 1
            rows.append({**row, "state": "closed", "end_utc": at, "updated_at": at})
    return rows, dict(counts)


def _python(value: Any) -> Any:
    if value is pd.NaT:
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def _stamp(value: Any) -> Any:
    return pd.Timestamp(value) if isinstance(value, datetime) else value
