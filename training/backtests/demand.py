"""Backtests of the demand model: rolling issue times that see only what was available then."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pandas as pd

from features.clock import Calendar, time_zone
from features.errors import ConfigError
from features.load.history import History
from training.demand import DemandConfig, DemandModel
from training.scoring import beside_truth, by_node, table_summary

__all__ = [
    "BacktestPlan",
    "NodesAt",
    "Progress",
    "Scored",
    "backtest_demand",
    "check_unseen",
    "day_ahead_plan",
    "judge_demand",
]

Progress = Callable[[Iterable[pd.Timestamp]], Iterable[pd.Timestamp]]
NodesAt = Callable[[pd.Timestamp], pd.DataFrame]
"""The ledger of nodes as it was known at a moment."""


@dataclass(frozen=True)
class BacktestPlan:
    """When forecasts are issued, how far they reach, and when the model is fitted anew.

    The model of an issue is fitted on what was available at the latest `refits` moment not after it.
    `actual_weather`: observed weather stands in for a forecast that was not issued, and the result says so.
    `issue_hours` are the local hours at which the forecasts are issued. `trailing_days`: nothing older is seen, be it
    by a fit or by a forecast; None sees everything.
    """

    issues: tuple[pd.Timestamp, ...]
    refits: tuple[pd.Timestamp, ...]
    first_lead_hours: int
    horizon_hours: int
    actual_weather: bool = False
    issue_hours: tuple[int, ...] = (0,)
    trailing_days: int | None = None

    def seen_at(self, history: History, moment: pd.Timestamp) -> History:
        """What `history` holds of the trailing days before `moment`; what came after it is for the caller to hide."""
        if self.trailing_days is None:
            return history
        return history.since(moment - pd.Timedelta(days=self.trailing_days))


@dataclass(frozen=True)
class Scored:
    """`nodes`: one row a node; `forecasts`: every forecast beside what came true (`load_kw`)."""

    nodes: pd.DataFrame
    forecasts: pd.DataFrame

    def summary(self) -> dict[str, float]:
        """Means over nodes; `coverage_worst` is the lowest of a node."""
        return table_summary(self.nodes)


def day_ahead_plan(
    history: History,
    first_day: pd.Timestamp,
    last_day: pd.Timestamp,
    issue_hour: int,
    days_ahead: int = 1,
    refit_days: tuple[pd.Timestamp, ...] = (),
    actual_weather: bool = False,
    *,
    zone: str | None = None,
    refit_every_days: int | None = None,
    trailing_days: int | None = None,
) -> BacktestPlan:
    """Every day from `first_day` to `last_day`, both included, issued at `issue_hour` `days_ahead` before.

    Forecasts of the days from a refit day on come from a model fitted on what was available at that day's issue;
    the first target day always is one, and with `refit_every_days` every so manieth day after it. Days and
    `issue_hour` follow the clock of `zone`, the territory's where None.
    """
    if last_day < first_day:
        raise ConfigError(f"the last target day {last_day:%Y-%m-%d} is before the first, {first_day:%Y-%m-%d}")
    lead = 24 * days_ahead - issue_hour
    clock = time_zone(zone or history.calendar.time_zone)

    def issue(day: pd.Timestamp) -> pd.Timestamp:
        # Leads are whole hours of elapsed time; on a day with a clock change its last or first hour is left out.
        return day.tz_localize(clock).tz_convert("UTC") - pd.Timedelta(hours=lead)

    issues = tuple(issue(day) for day in pd.date_range(first_day, last_day, freq="D"))
    again = pd.date_range(first_day, last_day, freq=f"{refit_every_days}D") if refit_every_days else ()
    refits = tuple(sorted({issue(day) for day in (first_day, *refit_days, *again)}))
    hours = (issue_hour,) if zone is None else _local_hours(issues, history.calendar)
    return BacktestPlan(issues, refits, lead, lead + 24, actual_weather, hours, trailing_days)


def _local_hours(issues: tuple[pd.Timestamp, ...], calendar: Calendar) -> tuple[int, ...]:
    return tuple(sorted({int(hour) for hour in calendar.local(pd.DatetimeIndex(issues)).hour}))


def backtest_demand(
    history: History,
    config: DemandConfig,
    plan: BacktestPlan,
    progress: Progress = iter,
    nodes_at: NodesAt | None = None,
) -> Scored:
    """Fit at every refit moment, forecast at every issue, and score against the current loads.

    The model is trained for the leads and the local hour that are judged. Without `nodes_at` the nodes are those of
    `history` throughout, as for data whose ledger never changed.
    """
    judged = {
        "first_lead_hours": plan.first_lead_hours,
        "horizon_hours": plan.horizon_hours,
        "issue_hours": plan.issue_hours,
    }
    config = config.model_copy(update=judged)
    parts = []
    model: DemandModel | None = None
    fitted_at: pd.Timestamp | None = None
    for issue in progress(sorted(plan.issues)):
        due = max((moment for moment in plan.refits if moment <= issue), default=min(plan.refits))
        if model is None or due != fitted_at:
            known = plan.seen_at(_then(history, due, nodes_at).until(due), due)
            model, fitted_at = DemandModel.fit(known, config), due
        parts.append(_forecast(history, model, issue, plan, nodes_at))
    forecasts = pd.concat(parts, ignore_index=True)
    return Scored(by_node(forecasts, config.levels), forecasts)


def judge_demand(
    history: History,
    model: DemandModel,
    plan: BacktestPlan,
    progress: Progress = iter,
    nodes_at: NodesAt | None = None,
) -> Scored:
    """As `backtest_demand`, with one model as it is and nothing fitted; `check_unseen` says on which days it may be."""
    parts = [_forecast(history, model, issue, plan, nodes_at) for issue in progress(sorted(plan.issues))]
    forecasts = pd.concat(parts, ignore_index=True)
    return Scored(by_node(forecasts, model.config.levels), forecasts)


def check_unseen(plan: BacktestPlan, seen_until: pd.Timestamp, calendar: Calendar, who: str) -> None:
    """Raise ConfigError, naming the days, where `who` would be judged on days it has trained or was tuned on.

    A day counts as seen when it would have been issued before `seen_until`: no such forecast could have been made.
    """
    lead = pd.Timedelta(hours=plan.first_lead_hours)
    seen = [issue + lead for issue in sorted(plan.issues) if issue < seen_until]
    if not seen:
        return
    days = calendar.local(pd.DatetimeIndex(seen))
    begins = calendar.local(pd.DatetimeIndex([seen_until + lead]))[0].ceil("D")
    told = f"{days[0]:%Y-%m-%d}" if len(days) == 1 else f"{days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d} ({len(days)} days)"
    raise ConfigError(
        f"{who} has seen loads until {seen_until:%Y-%m-%d %H:%M} UTC and cannot be judged on {told}; the first day it "
        f"can be judged on is {begins:%Y-%m-%d}"
    )


def _then(history: History, moment: pd.Timestamp, nodes_at: NodesAt | None) -> History:
    """The history with the nodes of `moment`; the very same where those have not changed since."""
    nodes = history.nodes if nodes_at is None else nodes_at(moment)
    return history if nodes.equals(history.nodes) else replace(history, nodes=nodes)


def _forecast(
    history: History, model: DemandModel, issue: pd.Timestamp, plan: BacktestPlan, nodes_at: NodesAt | None
) -> pd.DataFrame:
    found = model.forecast(
        plan.seen_at(_then(history, issue, nodes_at), issue),
        issue,
        first_lead_hours=plan.first_lead_hours,
        horizon_hours=plan.horizon_hours,
        node_ids=list(history.versions.ids),
        actual_weather=plan.actual_weather,
    )
    return beside_truth(found.assign(issued_at=issue), history.loads)
