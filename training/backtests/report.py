"""What a backtest leaves behind: numbers, tables and figures, as one run in the tracking store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as distribution_version
from typing import Any

import numpy as np
import pandas as pd

from features.lake import Lake
from features.load.history import History
from features.workspace import Workspace
from training.backtests.demand import Scored
from training.backtests.peak import PeakBacktest, peak_metrics, score_peaks
from training.environment import git_revision
from training.exhibits import reliability_lines
from training.figures import fan, heat, outcomes, reliability
from training.registry import log_to_run, start_run
from training.scoring import by_lead, by_lead_and_hour, group_summary, reliability_shares, table_summary

__all__ = ["BacktestReport", "count_reasons", "demand_report", "log_backtest", "peak_report"]

_FAN_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_FAN_ISSUES = 7


@dataclass(frozen=True)
class BacktestReport:
    """`metrics` are plain numbers; `tables` and `figures` (SVG) go by file name; `shown` are the tables told on the
    terminal and in JSON, by name."""

    metrics: dict[str, float]
    tables: dict[str, Any]
    figures: dict[str, str]
    shown: dict[str, pd.DataFrame] = field(default_factory=dict)


def log_backtest(
    workspace: Workspace, kind: str, run_name: str, report: BacktestReport, params: Mapping[str, Any]
) -> str:
    """Keep a backtest as one finished run of the experiment `<kind>-backtest`; the run's id."""
    tags = {
        "data": Lake(workspace.lake).fingerprint(),
        "headroom": distribution_version("headroom"),
        "git": git_revision(),
    }
    run = start_run(workspace, f"{kind}-backtest", run_name, params=params, tags=tags)
    known = {name: value for name, value in report.metrics.items() if np.isfinite(value)}
    log_to_run(workspace, run, metrics=known, figures=report.figures, tables=report.tables, finish="FINISHED")
    return run


def demand_report(scored: Scored, history: History, levels: tuple[float, ...]) -> BacktestReport:
    """Scores by node, kind and lead, fallback reasons, reliability, pinball by lead and local hour, fans of a few."""
    frame, kinds = scored.forecasts, history.nodes["kind"].astype(str)
    groups = group_summary(scored.nodes, kinds)
    leads = by_lead(frame, kinds, levels).set_index(["group", "lead"])
    shares = reliability_shares(frame, kinds, levels)
    hours = by_lead_and_hour(frame, history.calendar, levels)
    reasons = count_reasons(frame)
    metrics = table_summary(scored.nodes)
    for kind, row in groups.iterrows():
        metrics |= {f"{name}_{kind}": float(row[name]) for name in ("rcrps", "coverage")}
    shown = {"nodes": scored.nodes, "groups": groups, "leads": leads, "reasons": reasons}
    tables = {f"{name}.csv": table.round(5) for name, table in {**shown, "hours": hours, "reliability": shares}.items()}
    figures = {"reliability.svg": reliability("reliability", reliability_lines(shares))}
    if hours.notna().to_numpy().any():
        figures["pinball_by_lead_and_hour.svg"] = heat("hours", hours, "local hour", "lead", "pinball / swing")
    if set(_FAN_LEVELS) <= set(levels):
        figures |= _fans(scored, history)
    return BacktestReport(metrics, tables | {"forecasts.parquet": frame}, figures, shown)


def count_reasons(forecasts: pd.DataFrame) -> pd.DataFrame:
    """How often each fallback was used: rows and nodes by code, indexed by reason; a row may have several."""
    rows = forecasts.loc[forecasts["reason"] != "", ["node_id", "reason"]]
    each = rows.assign(reason=rows["reason"].str.split("+")).explode("reason")
    found = each.groupby("reason", sort=True)["node_id"]
    return pd.DataFrame(
        {"rows": found.size(), "nodes": found.nunique(), "share": found.size() / max(len(forecasts), 1)}
    )


def _fans(scored: Scored, history: History) -> dict[str, str]:
    """The last issues of the largest node, the one in the middle, and the one forecast worst."""
    ranked = scored.nodes["rcrps"].dropna().sort_values()
    if ranked.empty:
        return {}
    highest = scored.forecasts.groupby("node_id", observed=True)["load_kw"].max().idxmax()
    chosen = {"largest": highest, "typical": ranked.index[len(ranked) // 2], "worst": ranked.index[-1]}
    last = sorted(scored.forecasts["issued_at"].unique())[-_FAN_ISSUES:]
    recent = scored.forecasts[scored.forecasts["issued_at"].isin(last)]
    figures = {}
    for label, node in chosen.items():
        part = recent[recent["node_id"] == node].sort_values("start_utc").drop_duplicates("start_utc", keep="last")
        part = part.assign(time=history.calendar.local(pd.DatetimeIndex(part["start_utc"])))
        figures[f"fan_{label}.svg"] = fan(f"fan-{label}", part, f"{node} ({label} node)", "local time")
    return figures


def peak_report(found: PeakBacktest, target_coverage: float) -> BacktestReport:
    """Scores by node, kind, origin, and kind and origin; the outcomes of every origin beside the factor then."""
    shown = {
        name: score_peaks(found.rows, by, target_coverage)
        for name, by in {"kinds": ["kind"], "origins": ["origin", "kind"], "nodes": ["kind", "node_id"]}.items()
    }
    scored = found.rows[found.rows["ratio"].notna() & (found.rows["left_out"] == "")]
    left_out = found.rows[found.rows["left_out"] != ""].groupby(["left_out", "kind"])["node_id"]
    shown["left_out"] = pd.DataFrame({"rows": left_out.size(), "nodes": left_out.nunique()})
    tables = {f"{name}.csv": table.round(5) for name, table in shown.items()}
    drawn = scored.rename(columns={"kappa": "walk_kappa"})
    figures = {"outcomes.svg": outcomes("outcomes", drawn)} if len(drawn) else {}
    metrics = peak_metrics(found.rows, target_coverage) | {
        "origins": float(len(found.origins.days)),
        "origins_too_late": float(len(found.origins.too_late)),
    }
    return BacktestReport(metrics, tables | {"outcomes.parquet": found.rows}, figures, shown)
