"""Foreseen events of nodes in the state: opened when a crossing is likely, ended by the fact or by the day."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from features.clock import Calendar, time_zone
from features.errors import ModelError
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.workspace import Workspace
from serving.decisions.monitoring.foreseen import COLUMNS, Followed, follow
from serving.foreseen import Foreseen, foresee, load_foreseen_policy, stored_calibration
from serving.holdings import newest_load_moment
from serving.monitoring.readings import read_ledgers
from serving.monitoring.store import NodeEvents
from training.registry import champion

__all__ = ["Foresight", "foresee_nodes"]

_DEMAND, _KINDS = "demand", ["heavy", "overload"]
Row = dict[str, Any]
Key = tuple[str, str, pd.Timestamp]
"""Node, kind, and local day without a zone."""


@dataclass(frozen=True)
class Foresight:
    """What one run did: events foreseen now, how many are new, how many ended and how; and why nothing could be told,
    where nothing could."""

    now: pd.Timestamp
    reason: str | None
    foreseen: int = 0
    opened: int = 0
    ended: dict[str, int] = field(default_factory=dict)


def foresee_nodes(
    workspace: Workspace, engine: Engine, rule_set: str, history: History | None = None, now: pd.Timestamp | None = None
) -> Foresight:
    """Forecast the coming days, and store which nodes are likely to be heavily loaded or overloaded, with the chance.

    `now` is the moment whose knowledge is used (default: the newest load); `history` spares reading the lake again.
    Without a calibration of the demand model that serves nothing is foreseen, and the reason says so; events foreseen
    before then stand until their day. Equal inputs write nothing.
    """
    from training.demand import DemandModel

    serving = champion(workspace, _DEMAND)
    if serving is None:
        raise ModelError(f"no demand model serves in {workspace.root}: nothing can be foreseen yet")
    lake = Lake(workspace.lake)
    seen = load_history(lake, workspace.territory(), as_of=now) if history is None else history
    moment = newest_load_moment(seen) if now is None else now
    policy, calibration = load_foreseen_policy(), stored_calibration(workspace)
    told = foresee(seen, DemandModel.load(serving.path), serving.version, calibration, policy, moment)
    store, calendar = NodeEvents(engine), seen.calendar
    before = _standing(store, rule_set, calendar)
    today = _day(told.now, calendar)
    happened = _happened(store, rule_set, calendar, today)
    followed = follow(_frame(before, today), told.chances, policy, today, happened)
    rows, counts = _rows(followed, before, told, rule_set, read_ledgers(lake).nodes(moment), calendar)
    if rows:
        until = store.watched_until(rule_set)
        store.write(rule_set, rows, until or told.now.to_pydatetime())
    return Foresight(told.now, told.reason, len(followed.open), counts.pop("opened"), counts)


def _day(moment: Any, calendar: Calendar) -> pd.Timestamp:
    """The local date of a moment, without a zone."""
    local: pd.Timestamp = calendar.local(pd.DatetimeIndex([pd.Timestamp(moment)]))[0]
    return local.normalize()


def _standing(store: NodeEvents, rule_set: str, calendar: Calendar) -> dict[Key, Row]:
    rows, _ = store.find(rule_set=rule_set, foreseen=True, state="open", limit=None)
    return {(row["node_id"], row["kind"], _day(row["start_utc"], calendar)): row for row in rows}


def _happened(store: NodeEvents, rule_set: str, calendar: Calendar, today: pd.Timestamp) -> set[Key]:
    """Real events of these days: each local day they touch."""
    since = (today - pd.Timedelta(days=8)).tz_localize("UTC").to_pydatetime()
    rows, _ = store.find(rule_set=rule_set, foreseen=False, kinds=_KINDS, first=since, limit=None)
    found = set()
    for row in rows:
        last = _day(row["end_utc"] or row["updated_at"], calendar)
        for day in pd.date_range(_day(row["start_utc"], calendar), last):
            found.add((row["node_id"], row["kind"], day))
    return found


def _frame(before: dict[Key, Row], today: pd.Timestamp) -> pd.DataFrame | None:
    if not before:
        return None
    rows = [
        {
            "node_id": node,
            "kind": kind,
            "day": day,
            "start_utc": pd.Timestamp(row["start_utc"]),
            "probability": row["probability"],
            "expected_worst": row["worst_value"],
            "lead_days": (day - today).days,
            "limit_kw": float("nan"),
        }
        for (node, kind, day), row in before.items()
    ]
    return pd.DataFrame(rows)[list(COLUMNS)]


def _rows(
    followed: Followed,
    before: dict[Key, Row],
    told: Foreseen,
    rule_set: str,
    nodes: pd.DataFrame,
    calendar: Calendar,
) -> tuple[list[Row], dict[str, int]]:
    """Rows to be written, and how many were opened and how many ended in each way."""
    policy, at = load_foreseen_policy(), told.now.to_pydatetime()
    rows, counts = [], {"opened": 0}
    for one in followed.open.to_dict("records"):
        key = (str(one["node_id"]), str(one["kind"]), pd.Timestamp(one["day"]))
        known = before.get(key)
        start = one["start_utc"] if pd.notna(one["start_utc"]) else _midnight(key[2], calendar)
        hall = nodes["hall_id"].get(key[0])
        row: Row = {
            "rule_set": rule_set,
            "event_id": _id(key),
            "node_id": key[0],
            "hall_id": hall if isinstance(hall, str) else None,
            "kind": key[1],
            "start_utc": pd.Timestamp(start).to_pydatetime(),
            "end_utc": None,
            "state": "open",
            "worst_value": round(float(one["expected_worst"]), 4),
            "worst_at": pd.Timestamp(start).to_pydatetime(),
            "threshold": float(getattr(policy, key[1])),
            "unit": "1",
            "duration_minutes": 0.0,
            "points": 0,
            "customers": int(nodes["customers"].get(key[0], 0)),
            "foreseen": True,
            "probability": round(float(one["probability"]), 4),
        }
        if known is not None and all(known[name] == value for name, value in row.items()):
            continue
        counts["opened"] += known is None
        first = at if known is None else known["first_seen_at"]
        rows.append({**row, "first_seen_at": first, "updated_at": at, "withdrawn_at": None})
    for one in followed.ended.to_dict("records"):
        outcome = str(one["outcome"])
        counts[outcome] = counts.get(outcome, 0) + 1
        day = pd.Timestamp(one["day"])
        row = before[(str(one["node_id"]), str(one["kind"]), day)]
        end = _midnight(day + pd.Timedelta(days=1), calendar).to_pydatetime()
        gone = at if outcome == "withdrawn" else None
        rows.append({**row, "state": "closed", "end_utc": end, "updated_at": at, "withdrawn_at": gone})
    return rows, counts


def _midnight(day: pd.Timestamp, calendar: Calendar) -> pd.Timestamp:
    return day.tz_localize(time_zone(calendar.time_zone)).tz_convert("UTC")


def _id(key: Key) -> str:
    """The same whenever the same crossing of the same day is foreseen, at whatever hour it is expected."""
    return hashlib.sha256(f"{key[0]}\n{key[1]}\nforeseen {key[2]:%Y-%m-%d}".encode()).hexdigest()[:16]
