"""One run of watching over a demand model: inputs, levels, silences and performance, as known at one moment."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.load.history import History
from training.demand import DemandModel
from training.watch.arrival import Silence, arrival_series, silences
from training.watch.findings import ALARM, Finding, as_frame, summary
from training.watch.levels import common_series, daily_loads, find_shifts, shift_finding
from training.watch.performance import judge_performance, judged_days, replayed_scores
from training.watch.policy import WatchPolicy
from training.watch.series import Outcome, judge_series
from training.watch.weather import count_tests, judge_weather, sensor_faults

__all__ = ["Watched", "watch_demand"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Watched:
    """What one run found: `findings` (see Finding), `performance` by node, and what could not be judged, in words.

    `data_until`: until when outcomes of customers were known; None for models of nodes, which are watched at it.
    """

    now: pd.Timestamp
    findings: pd.DataFrame
    performance: pd.DataFrame
    notes: tuple[str, ...]
    data_until: pd.Timestamp | None = None

    @property
    def summary(self) -> dict[str, int]:
        return summary(self.findings)

    @property
    def alarmed(self) -> bool:
        return bool((self.findings["severity"] == ALARM).any())


def watch_demand(
    history: History,
    model: DemandModel,
    policy: WatchPolicy,
    now: pd.Timestamp,
    backtest: pd.DataFrame | None = None,
    served: pd.DataFrame | None = None,
    say: Say = lambda _text: None,
) -> Watched:
    """Watch `model` on what was known at `now`.

    `backtest` is the daily table of its evaluation (without it, performance is not judged); `served` the daily scores
    of forecasts it has given, with `source` = "served". Days nobody asked for are replayed as of their beginning.
    """
    seen = history.until(now)
    tests = _tests(seen, policy, backtest)
    say("inputs against their own past")
    outcomes = judge_weather(seen, policy, now, tests)
    feed = np.full(len(seen.node_ids), "load feed", dtype=object)
    for series in arrival_series(seen.versions, feed, seen.calendar, policy, now):
        outcomes += _judged(judge_series(series, policy, tests))
    say("levels of the nodes")
    daily = daily_loads(seen, model.stage, policy, now, bool(model.weather_variables), sensor_faults(outcomes))
    common = common_series(daily, policy)
    outcomes += _judged(None if common is None else judge_series(common, policy, tests))
    findings = [one for outcome in outcomes if (one := outcome.finding(seen.calendar)) is not None]
    shifts = find_shifts(daily, seen.nodes, policy, tests) if len(daily.load) else []
    findings += [one for shift in shifts if (one := shift_finding(shift, seen)) is not None]
    findings += _silent(seen, policy, now)
    notes = [] if shifts else ["levels were not judged: too few ordinary days, or a holiday"]
    say("forecasts beside what came")
    table, more, told = _performance(seen, model, policy, now, backtest, served, tests)
    return Watched(now, as_frame([*findings, *more]), table, (*notes, *told))


def _judged(outcome: Outcome | None) -> list[Outcome]:
    return [] if outcome is None else [outcome]


def _kinds(history: History) -> pd.Series:
    return history.nodes["kind"].astype(str).reindex(list(history.node_ids)).fillna("unknown")


def _tests(history: History, policy: WatchPolicy, backtest: pd.DataFrame | None) -> int:
    """How many figures one run looks at; the rates of the policy are shared out over them."""
    nodes, kinds = len(history.node_ids), _kinds(history).nunique()
    performance = 0 if backtest is None else 2 * (nodes + kinds)
    return count_tests(history, policy) + len(policy.windows_days) * (2 + 1) + nodes + performance


def _performance(
    history: History,
    model: DemandModel,
    policy: WatchPolicy,
    now: pd.Timestamp,
    backtest: pd.DataFrame | None,
    served: pd.DataFrame | None,
    tests: int,
) -> tuple[pd.DataFrame, tuple[Finding, ...], list[str]]:
    if backtest is None or backtest.empty:
        return pd.DataFrame(), (), ["performance was not judged: the champion keeps no backtest by day"]
    days = judged_days(history, policy, now, model.trained_until)
    if len(days) < policy.performance.least_days:
        return pd.DataFrame(), (), [f"performance was not judged: {len(days)} whole day(s) since the champion's data"]
    recent = replayed_scores(model, history, days)
    if served is not None and len(served):
        mine = served[served["day"].isin(recent["day"])]
        recent = pd.concat([mine, recent], ignore_index=True).drop_duplicates(["node_id", "day"])
    kinds = history.nodes["kind"].astype(str)
    found = judge_performance(backtest, recent, kinds, history.calendar, policy, tests)
    return found.table, found.findings, []


def _silent(history: History, policy: WatchPolicy, now: pd.Timestamp) -> list[Finding]:
    """Nodes and stations that have not been heard of for longer than usual."""
    nodes = silences(history.versions, policy.stale, policy.reference_days, now)
    valid = [one for one in nodes if one.row_id in history.nodes.index]
    stale = [one for one in valid if one.stale]
    if valid and len(stale) >= max(2, policy.stale.feed_share * len(valid)):
        worst = min(stale, key=lambda one: one.hours)
        findings = [_stale("STALE_NODE", "load feed", f"load feed: {len(stale)} of {len(valid)} nodes are", worst)]
    else:
        findings = [_stale("STALE_NODE", one.row_id, f"node {one.row_id} is", one) for one in stale]
    observed = history.weather.observed.get("temperature_c")
    stations = [] if observed is None else silences(observed, policy.stale, policy.reference_days, now)
    for one in stations:
        if one.stale:
            findings.append(_stale("STALE_WEATHER", one.row_id, f"weather station {one.row_id} is", one))
    return findings


def _stale(kind: str, subject: str, words: str, one: Silence) -> Finding:
    sentence = (
        f"{words} silent for {one.hours:.0f} h, since {one.last_end:%Y-%m-%d %H:%M} UTC; "
        f"the longest usual silence is {one.usual_hours:.0f} h, {one.allowed_hours:.0f} h are allowed"
    )
    excess = one.allowed_hours
    return Finding(kind, subject, one.last_end, one.hours, 0.0, excess, "h", ALARM, sentence)
