"""Rolling pinball and coverage of the champion, node by node, against its own backtest."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.history import History
from training.evaluation import Forecaster, daily_scores
from training.scoring import beside_truth
from training.watch.days import ordinary_days, utc_of
from training.watch.findings import Finding
from training.watch.policy import WatchPolicy
from training.watch.threshold import Judged, Rates, judge

__all__ = ["Performance", "judge_performance", "judged_days", "replayed_scores"]

_MEASURES = ("pinball", "coverage")


@dataclass(frozen=True)
class Performance:
    """`table`: one row a node with its rolling scores beside the backtest's; `findings` what is worse than usual."""

    table: pd.DataFrame
    findings: tuple[Finding, ...]


def judged_days(
    history: History, policy: WatchPolicy, now: pd.Timestamp, trained_until: pd.Timestamp
) -> list[pd.Timestamp]:
    """Local days, whole by `now`, of the rolling window that the champion has not been trained on."""
    calendar = history.calendar
    today = calendar.local(pd.DatetimeIndex([now]))[0].normalize()
    window = pd.date_range(end=today - pd.Timedelta(days=1), periods=policy.performance.window_days, freq="D")
    unseen = utc_of(window, calendar) >= trained_until
    return list(window[np.asarray(unseen)])


def replayed_scores(
    model: Forecaster, history: History, days: Iterable[pd.Timestamp], node_ids: set[str] | None = None
) -> pd.DataFrame:
    """Scores by node and day of what the model would have told for local `days`, each issued as the day begins."""
    starts = utc_of(pd.DatetimeIndex(list(days)), history.calendar)
    step = pd.Timedelta(minutes=history.versions.step_minutes)
    parts = []
    for start in starts:
        # Zones off the grid of the data move an issue by less than one interval.
        issued = history.versions.start + -((history.versions.start - start) // step) * step
        frame = model.forecast(history, issued, horizon_hours=24)
        parts.append(beside_truth(frame, history.loads).assign(issued_at=start))
    if not parts:
        return pd.DataFrame(columns=["node_id", "day", "pinball_kw", "coverage", "load_kw", "source"])
    found = daily_scores(pd.concat(parts, ignore_index=True)).assign(source="replayed")
    return found if node_ids is None else found[found["node_id"].isin(node_ids)]


def judge_performance(
    backtest: pd.DataFrame,
    recent: pd.DataFrame,
    kinds: pd.Series,
    calendar: Calendar,
    policy: WatchPolicy,
    tests: int,
) -> Performance:
    """`recent` (node_id, day, pinball_kw, coverage, load_kw, source) beside `backtest`, the champion's own.

    Holidays are left out.
    A node is compared with itself: the median log of its daily pinball over its load of that day, for a heat wave
    makes both larger, and its mean coverage. How far a window of
    an unchanged model strays is taken from windows of the backtest, all nodes together.
    """
    before, after = _ordinary(backtest, calendar, policy), _ordinary(recent, calendar, policy)
    rates = Rates(policy.alarm_rate, policy.watch_rate, tests)
    table = _table(before, after, kinds, policy)
    findings: list[Finding] = []
    for measure in _MEASURES:
        pasts = {kind: _past(before, measure, policy, table["kind"] if kind else None) for kind in (False, True)}
        for subject, value, kind in _subjects(table, measure):
            past, windows = pasts[kind]
            judged = judge(
                value,
                past,
                windows,
                rates,
                floor=_floor(policy, measure, kind),
                margin=policy.margin,
                upward_only=True,
                least_scale=_slack(policy, measure, kind),
            )
            if judged is not None and judged.severity is not None:
                findings.append(_finding(measure, subject, kind, judged, after, calendar))
    return Performance(table, tuple(findings))


def _ordinary(daily: pd.DataFrame, calendar: Calendar, policy: WatchPolicy) -> pd.DataFrame:
    if daily.empty:
        return daily.assign(local=pd.DatetimeIndex([]), log=np.empty(0))
    # An issue speaks of the day that follows it: its middle names that day whatever the hour of issue.
    local = calendar.local(pd.DatetimeIndex(daily["day"]) + pd.Timedelta(hours=12)).normalize()
    share = daily["pinball_kw"] / daily["load_kw"].clip(lower=1e-6)
    named = daily.assign(local=local, log=np.log(share.clip(lower=1e-9)))
    days = pd.DatetimeIndex(np.unique(local))
    good = days[ordinary_days(days, calendar, policy.festival_days)]
    return named[named["local"].isin(good)]


def _table(before: pd.DataFrame, after: pd.DataFrame, kinds: pd.Series, policy: WatchPolicy) -> pd.DataFrame:
    """One row a node with enough judged days on both sides; `pinball` is the log ratio, `coverage` the loss."""
    old, new = before.groupby("node_id"), after.groupby("node_id")
    columns = {
        "kind": kinds.astype(str),
        "pinball_kw": new["pinball_kw"].mean(),
        "backtest_pinball_kw": old["pinball_kw"].mean(),
        "pinball_ratio": np.exp(new["log"].median() - old["log"].median()),
        "coverage": new["coverage"].mean(),
        "backtest_coverage": old["coverage"].mean(),
        "days": new.size(),
        "backtest_days": old.size(),
        "served_days": after[after["source"] == "served"].groupby("node_id").size(),
    }
    table = pd.DataFrame(columns).rename_axis("node_id")
    table["served_days"] = table["served_days"].fillna(0)
    least = policy.performance.least_days
    table = table[(table["days"] >= least) & (table["backtest_days"] >= least)]
    table = table.astype({"days": int, "backtest_days": int, "served_days": int})
    table["kind"] = table["kind"].fillna("unknown")
    table["coverage_drop"] = table["backtest_coverage"] - table["coverage"]
    return table


def _subjects(table: pd.DataFrame, measure: str) -> Iterable[tuple[str, float, bool]]:
    """(subject, figure, whether it is a kind of node): the log ratio of pinball, or the loss of coverage."""
    figure = np.log(table["pinball_ratio"]) if measure == "pinball" else table["coverage_drop"]
    for node, value in figure.items():
        yield str(node), float(value), False
    for kind, values in figure.groupby(table["kind"]):
        if len(values) > 1:
            yield str(kind), float(values.mean()), True


def _past(before: pd.DataFrame, measure: str, policy: WatchPolicy, kinds: pd.Series | None) -> tuple[np.ndarray, float]:
    """How far windows of the backtest stray from the whole of it, over all nodes, or over the means of all `kinds`;
    and how many windows that is. Nodes share weather, so that they count as half as many.
    """
    window, least = policy.performance.window_days, policy.performance.least_days
    wide = before.pivot_table(index="local", columns="node_id", values="log" if measure == "pinball" else "coverage")
    if measure == "pinball":
        away = wide.rolling(window, min_periods=least).median() - wide.median()
    else:
        away = wide.mean() - wide.rolling(window, min_periods=least).mean()
    windows = max(wide.shape[0] / window * max(wide.shape[1] / 2, 1.0), 1.0)
    if kinds is not None:
        away = away.T.groupby(kinds.reindex(away.columns)).mean().T
    values = away.to_numpy().ravel()
    return values[np.isfinite(values)], windows


def _floor(policy: WatchPolicy, measure: str, kind: bool) -> float:
    rule = policy.performance
    if measure == "pinball":
        return float(np.log(rule.kind_pinball_ratio if kind else rule.node_pinball_ratio))
    return rule.kind_coverage_drop if kind else rule.node_coverage_drop


def _slack(policy: WatchPolicy, measure: str, kind: bool) -> float:
    rule = policy.performance
    if measure == "pinball":
        return rule.kind_slack_log if kind else rule.node_slack_log
    return rule.kind_slack_coverage if kind else rule.node_slack_coverage


def _finding(
    measure: str, subject: str, kind: bool, judged: Judged, after: pd.DataFrame, calendar: Calendar
) -> Finding:
    severity = judged.severity
    assert severity is not None  # only unusual figures come here
    who = f"{subject} nodes" if kind else f"node {subject}"
    if measure == "pinball":
        told = f"pinball per load is {np.exp(judged.value):.2f} times that of the backtest"
        limit = f"an alarm from {np.exp(judged.threshold + judged.usual):.2f} times"
    else:
        told = f"coverage of P5 to P95 is {judged.value:.2f} below that of the backtest"
        limit = f"an alarm from {judged.threshold + judged.usual:.2f}"
    since = utc_of(pd.DatetimeIndex([after["local"].min()]), calendar)[0]
    return Finding(
        measure.upper(),
        who if kind else subject,
        since,
        judged.value,
        judged.usual,
        judged.threshold,
        "log ratio" if measure == "pinball" else "share",
        severity,
        f"{who}: {told} over the last days ({limit})",
    )
