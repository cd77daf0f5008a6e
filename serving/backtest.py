"""Backtests of open capacity: what would have been published at each origin, judged by the peaks that came after."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.workspace import TerritorySettings
from serving.capacity import open_capacity_of
from serving.decisions.kept import COUNTS, at_equal_coverage, judge, judged_table
from serving.decisions.policy import CapacityPolicy
from training.backtests.origins import OriginPlan, Origins, day_begins, known_at, rolling_origins
from training.backtests.peak import PeakSettings, Progress, fit_as_of
from training.backtests.realised import realised_kw
from training.backtests.report import BacktestReport
from training.figures import bars

__all__ = ["CapacityBacktest", "backtest_capacity", "capacity_metrics", "capacity_report", "equal_coverage"]

_YEAR_DAYS = 365
_WIDEST, _BINS = 1.5, 30


@dataclass(frozen=True)
class CapacityBacktest:
    """`rows`: the judged answer of every origin (serving.decisions.kept.judge), with the column `origin`; `origins`:
    which days were judged and which were too late."""

    rows: pd.DataFrame
    origins: Origins


def backtest_capacity(
    lake: Lake,
    territory: TerritorySettings,
    plan: OriginPlan,
    settings: PeakSettings,
    policy: CapacityPolicy,
    progress: Progress = iter,
) -> CapacityBacktest:
    """Answer at every origin with what the lake held then, and judge the answer by what it holds now.

    Loads, weather, ledgers, ratings and applications are those available at the origin, and the peak model is fitted
    on them alone: the figures are those that would have been published. Policy and settings are today's. Raises
    ConfigError, naming the first or last day possible, where an origin cannot be judged at all.
    """
    now = load_history(lake, territory)
    origins = rolling_origins(lake, now, plan, settings.config.min_history_days)
    policy = policy.model_copy(update={"horizon_days": plan.horizon_days})
    parts = []
    for day in progress(origins.days):
        known = known_at(lake, territory, day)
        answer = open_capacity_of(lake, known.history, fit_as_of(known, settings), policy)
        parts.append(_judged(answer, known.history, now, day, policy))
    return CapacityBacktest(pd.concat(parts, ignore_index=True), origins)


def _judged(
    answer: pd.DataFrame, then: History, now: History, day: pd.Timestamp, policy: CapacityPolicy
) -> pd.DataFrame:
    """The peaks that came are today's knowledge; last year's peak, the rule of thumb, is what was known then."""
    parents = then.nodes["parent_id"]
    end = day_begins(day + pd.Timedelta(days=policy.horizon_days), now.calendar)
    before = day_begins(day - pd.Timedelta(days=_YEAR_DAYS), now.calendar)
    came = realised_kw(now.loads, parents, then.as_of, end)
    last = realised_kw(then.loads, parents, before, then.as_of)
    rows = judge(answer, then.nodes, came, last, policy.round_kva)
    rows.insert(0, "origin", day)
    return rows


def equal_coverage(rows: pd.DataFrame) -> pd.DataFrame:
    """By kind of node: what was released against the rule of thumb when both hold equally often."""
    found = {str(kind): at_equal_coverage(part) for kind, part in rows.groupby("kind", sort=True)}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("kind")


def capacity_metrics(rows: pd.DataFrame) -> dict[str, float]:
    """Plain numbers of a run: verdicts, coverage and released kVA of each kind of node, as `coverage_area`."""
    table = judged_table(rows, ["kind"])
    names = ["scored", *COUNTS, "coverage", "violated_share", "thumb_coverage", "used_kept"]
    names += ["released_kva", "foresight_kva", "thumb_kva"]
    found = {f"{name}_{kind}": float(value) for name in names for kind, value in table[name].items()}
    for kind, row in equal_coverage(rows).iterrows():
        found |= {f"held_{kind}": float(row["held"]), f"released_ratio_{kind}": float(row["released_ratio"])}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def capacity_report(found: CapacityBacktest) -> BacktestReport:
    """Verdicts by node, kind, origin, reason and confidence; how far peak and release together came to the limit."""
    rows = found.rows
    groups = {
        "kinds": ["kind"],
        "origins": ["origin", "kind"],
        "reasons": ["kind", "reason"],
        "confidence": ["kind", "confidence"],
        "ratings": ["kind", "rating_assumed"],
        "nodes": ["kind", "node_id"],
    }
    shown = {name: judged_table(rows, by) for name, by in groups.items()} | {"equal": equal_coverage(rows)}
    tables = {f"{name}.csv": table.round(5) for name, table in shown.items()}
    metrics = capacity_metrics(rows) | {
        "origins": float(len(found.origins.days)),
        "origins_too_late": float(len(found.origins.too_late)),
        "rating_assumed": float(rows.loc[rows["rating_assumed"].astype(bool), "node_id"].nunique()),
    }
    return BacktestReport(metrics, tables | {"judged.parquet": rows}, _figures(rows), shown)


def _figures(rows: pd.DataFrame) -> dict[str, str]:
    """By kind of node, where something was released: peak and release together over the limit of the node itself."""
    figures = {}
    offered = rows[(rows["open_kva"] > 0) & rows["realised_kva"].notna() & (rows["limit_kva"] > 0)]
    for kind, part in offered.groupby("kind", sort=True):
        used = ((part["realised_kva"] + part["open_kva"]) / part["limit_kva"]).clip(upper=_WIDEST).to_numpy()
        counts, edges = np.histogram(used, bins=_BINS, range=(0.0, _WIDEST))
        meaning = f"{kind}s: the peak that came and what was released, over the limit; beyond 1 it was not kept"
        figures[f"used_{kind}.svg"] = bars(
            f"used-{kind}", edges, counts, "(peak that came + released) / limit", f"{kind}s and origins", meaning
        )
    return figures
