"""Builders of nodes and readings, what a stream's updates add up to, and a slow, obvious monitor of one node."""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.configs import config_path
from features.settings import load_settings
from serving.decisions.monitoring import MonitoringPolicy, MonitoringUpdate

SINCE = pd.Timestamp("2025-03-29", tz="UTC")  # clocks change in Europe during the next night
PHASES = ("load_a_kw", "load_b_kw", "load_c_kw")
FIGURES = ("load_kw", "voltage_v_min", "voltage_v_max", *PHASES)
Event = tuple[Any, ...]


def policy_of(rule_set: str, **overrides: Any) -> MonitoringPolicy:
    """A shipped rule set with some of its values changed."""
    shipped = load_settings(MonitoringPolicy, config_path(f"policy/monitoring_{rule_set}.yaml"))
    return MonitoringPolicy.model_validate({**shipped.model_dump(), **overrides})


def nodes_of(*node_ids: str, **overrides: Any) -> pd.DataFrame:
    """Areas of 100 kW with seven customers each."""
    values = {"rating_kva": 125.0, "power_factor": 0.8, "kind": "area", "hall_id": "H1", "customers": 7, **overrides}
    return pd.DataFrame(values, index=pd.Index(node_ids or ["A1"], name="node_id"))


def readings_of(rows: Iterable[Mapping[str, Any]], step_minutes: int = 15, since: pd.Timestamp = SINCE) -> pd.DataFrame:
    """Rows of node_load from `slot` (steps after `since`) and what else is told; known a step after they began."""
    usual = {"node_id": "A1", "load_kw": 50.0, "voltage_v_min": 220.0, "voltage_v_max": 225.0, "version": 0}
    frame = pd.DataFrame([{**usual, **told} for told in rows], columns=["slot", "version", "node_id", *FIGURES])
    minutes = frame["slot"].astype("int64") * step_minutes
    late = (frame["version"].astype("int64") + 1) * step_minutes
    frame["start_utc"] = (since + pd.to_timedelta(minutes, unit="min")).astype("datetime64[us, UTC]")
    frame["available_at"] = frame["start_utc"] + pd.to_timedelta(late, unit="min").astype("timedelta64[us]")
    return frame.drop(columns=["slot", "version"]).astype(dict.fromkeys(FIGURES, "float64"))


def loads(*values: float | None, first: int = 0, **told: Any) -> pd.DataFrame:
    """Readings of one node in consecutive slots; None is a slot without one."""
    return readings_of(
        {"slot": first + place, "load_kw": one, **told} for place, one in enumerate(values) if one is not None
    )


class Ledger:
    """What a reader of the changes knows in the end: every event ever told and not withdrawn."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def take(self, update: MonitoringUpdate) -> None:
        for row in update.changes.to_dict("records"):
            change = row.pop("change")
            assert (change == "opened") == (row["event_id"] not in self.rows), row
            if change == "withdrawn":
                del self.rows[row["event_id"]]
            else:
                assert row["state"] == ("closed" if change == "closed" else row["state"])
                self.rows[row["event_id"]] = row

    def frame(self) -> pd.DataFrame:
        rows = pd.DataFrame(list(self.rows.values()))
        return rows if rows.empty else rows.sort_values("event_id", ignore_index=True)


def slow_events(
    readings: pd.DataFrame, node: pd.Series, policy: MonitoringPolicy, since: pd.Timestamp, now: pd.Timestamp, step: int
) -> list[Event]:
    """(kind, start, end, open, worst, worst at, threshold, points) of one node, by loops; times in seconds."""
    best: dict[int, tuple[Any, ...]] = {}
    for row in readings.itertuples():
        values = tuple(figure(getattr(row, name), policy) for name in ("load_kw", "voltage_v_min", "voltage_v_max"))
        phases = [figure(getattr(row, name), policy) for name in PHASES]
        share = unbalance(values[0], phases, node, policy)
        if node["kind"] not in policy.voltage_kinds:
            values = (values[0], None, None)
        if all(one is None for one in (*values, share)):
            continue
        order = (row.available_at, *(-np.inf if one is None else one for one in (*values, share)))
        slot = int(row.start_utc.timestamp())
        if slot not in best or best[slot][0] < order:
            best[slot] = (order, (*values, share))
    known = sorted((slot, values) for slot, (_, values) in best.items())
    rated = node["rating_kva"] * node["power_factor"]
    load = [(at, values[0]) for at, values in known if values[0] is not None]
    use = [(at, abs(kw) / rated) for at, kw in load]
    long = policy.long_overload
    at_level, span = policy.at_level, (policy, step, int(now.timestamp()))
    found = silences(load, policy, int(since.timestamp()), int(now.timestamp()), step * 60)
    found += lasting("heavy", walk(use, policy.heavy.level, at_level, *span), policy.heavy)
    found += lasting("overload", walk(use, policy.overload.level, at_level, *span), policy.overload)
    tiers = [walk(use, tier.level, at_level, *span) for tier in long]
    for run in tiers[0]:
        reached = [
            tier.level
            for tier, runs in zip(long, tiers, strict=True)
            for one in runs
            if run[0] <= one[0] and one[1] <= run[1] and one[1] - one[0] >= 60 * tier.minutes
        ]
        if reached:
            found.append(("long_overload", *run[:5], max(reached), run[5]))
    export = [(at, -kw / rated) for at, kw in load]
    low = [(at, -values[1]) for at, values in known if values[1] is not None]
    high = [(at, values[2]) for at, values in known if values[2] is not None]
    apart = [(at, values[3]) for at, values in known if values[3] is not None]
    found += turned(lasting("reverse_flow", walk(export, policy.reverse_flow.level, False, *span), policy.reverse_flow))
    found += turned(lasting("low_voltage", walk(low, -policy.low_voltage.level, False, *span), policy.low_voltage))
    found += lasting("high_voltage", walk(high, policy.high_voltage.level, False, *span), policy.high_voltage)
    found += lasting("imbalance", walk(apart, policy.imbalance.level, False, *span), policy.imbalance)
    return sorted(found)


def figure(value: Any, policy: MonitoringPolicy) -> float | None:
    return None if not np.isfinite(value) or value in policy.invalid_values else float(value)


def unbalance(
    load: float | None, phases: list[float | None], node: pd.Series, policy: MonitoringPolicy
) -> float | None:
    if load is None or any(one is None for one in phases):
        return None
    sizes = [abs(one) for one in phases if one is not None]
    if abs(load) / (node["rating_kva"] * node["power_factor"]) < policy.imbalance_min_share or max(sizes) == 0:
        return 0.0
    return (max(sizes) - min(sizes)) / max(sizes)


def walk(
    points: list[tuple[int, float]], level: float, at_level: bool, policy: MonitoringPolicy, step: int, now: int
) -> list[Event]:
    """Runs beyond a level as (start, end, open, worst, worst at, points), whatever they last."""

    def beyond(value: float) -> bool:
        return value >= level if at_level else value > level

    def crossing(before: tuple[int, float], after: tuple[int, float]) -> int:
        return before[0] + round((level - before[1]) / (after[1] - before[1]) * (after[0] - before[0]))

    reach = 60 * max(step, step * (1 + policy.bridge_points), policy.reset_gap_minutes // step * step)
    runs: list[Event] = []
    run: list[tuple[int, float]] = []
    start = 0
    soft = policy.crossings == "interpolated"

    def finish(end: int, open_: bool) -> None:
        worst = max(value for _, value in run)
        worst_at = next(at for at, value in run if value == worst)
        runs.append((start, end, open_, worst, worst_at, len(run)))
        run.clear()

    for place, point in enumerate(points):
        before = points[place - 1] if place else None
        near = before is not None and point[0] - before[0] <= reach
        if run and (not near or not beyond(point[1])):
            down = soft and near
            finish(crossing(run[-1], point) if down else run[-1][0] + (0 if soft else 60 * step), False)
        if beyond(point[1]):
            if not run:
                start = crossing(before, point) if soft and near and before is not None else point[0]
            run.append(point)
    if run:
        silent = now - (run[-1][0] + 60 * step) > 60 * policy.stale_minutes
        finish(run[-1][0] + (0 if soft else 60 * step), not silent)
    return runs


def lasting(kind: str, runs: list[Event], rule: Any) -> list[Event]:
    level = -rule.level if kind == "low_voltage" else rule.level
    return [(kind, *run[:5], level, run[5]) for run in runs if run[1] - run[0] >= 60 * rule.minutes]


def turned(events: list[Event]) -> list[Event]:
    return [(*event[:4], -event[4], event[5], -event[6], event[7]) for event in events]


def silences(
    load: list[tuple[int, float]], policy: MonitoringPolicy, since: int, now: int, step_seconds: int
) -> list[Event]:
    found, heard = [], since
    for at, end, open_ in [*((at, at, False) for at, _ in load), (now, now, True)]:
        if end - heard > 60 * policy.stale_minutes:
            minutes = (end - heard) / 60
            found.append(
                ("stale", heard, end, open_, minutes, heard, float(policy.stale_minutes), (end - heard) // step_seconds)
            )
        heard = at + step_seconds
    return found


def told(events: pd.DataFrame, now: pd.Timestamp) -> list[Event]:
    """A frame of events of one node in the form of `slow_events`."""
    rows = []
    for row in events.itertuples():
        open_ = row.state == "open"
        end = row.start_utc + pd.Timedelta(minutes=row.duration_minutes).round("s")
        assert open_ == pd.isna(row.end_utc)
        assert open_ or end == row.end_utc
        times = (int(one.timestamp()) for one in (row.start_utc, end))
        worst = (row.worst_value, int(row.worst_at.timestamp()), row.threshold)
        rows.append((row.kind, *times, open_, *worst, row.points))
    return sorted(rows)


@pytest.fixture(scope="session")
def build() -> SimpleNamespace:
    """The builders and the slow monitor of this file."""
    return SimpleNamespace(
        SINCE=SINCE,
        Ledger=Ledger,
        loads=loads,
        nodes_of=nodes_of,
        policy_of=policy_of,
        readings_of=readings_of,
        slow_events=slow_events,
        told=told,
    )
