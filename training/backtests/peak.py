"""Backtests of the peak model: fitted anew as of each origin, judged by the highest load of the days after it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.configs import config_path
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import config_hash, load_settings
from features.workspace import TerritorySettings
from training.backtests.origins import Known, OriginPlan, Origins, day_begins, known_at, rolling_origins
from training.backtests.realised import realised_kw
from training.metrics import pinball
from training.peak import ConnectionPolicy, PeakConfig, PeakModel

__all__ = [
    "COLUMNS",
    "PeakBacktest",
    "PeakSettings",
    "Progress",
    "backtest_peak",
    "fit_as_of",
    "load_peak_settings",
    "peak_metrics",
    "peak_rows",
    "score_peaks",
]

COLUMNS = (
    "origin",
    "node_id",
    "kind",
    "p50_kw",
    "p90_kw",
    "p95_kw",
    "kappa",
    "kept_kw",
    "realised_kw",
    "ratio",
    "known_days",
    "left_out",
)
"""Columns of the long table: `kept_kw` is κ · P50, `ratio` what came over the P50, `left_out` why it is not scored."""
_LEVELS = {"p50_kw": 0.5, "p90_kw": 0.9, "p95_kw": 0.95}

Progress = Callable[[Iterable[pd.Timestamp]], Iterable[pd.Timestamp]]


@dataclass(frozen=True)
class PeakSettings:
    """What a peak model is fitted with: its own settings, and what connections draw before anything is learnt."""

    config: PeakConfig
    connections: ConnectionPolicy

    def params(self) -> dict[str, str]:
        """As parameters of a run; what connections draw by its hash."""
        flat = {f"peak.{name}": str(value) for name, value in self.config.model_dump().items()}
        return flat | {"connections": config_hash(self.connections)}


def load_peak_settings(config: Path | None = None) -> PeakSettings:
    """The settings of `config` (default: those in force, `configs/peak.yaml`) and the connection policy in force."""
    return PeakSettings(
        load_settings(PeakConfig, config or config_path("peak.yaml")),
        load_settings(ConnectionPolicy, config_path("policy/connections.yaml")),
    )


@dataclass(frozen=True)
class PeakBacktest:
    """`rows`: one a node and origin, as COLUMNS; `origins`: which days were judged and which were too late."""

    rows: pd.DataFrame
    origins: Origins


def backtest_peak(
    lake: Lake, territory: TerritorySettings, plan: OriginPlan, settings: PeakSettings, progress: Progress = iter
) -> PeakBacktest:
    """Forecast from every origin with what the lake held then, and compare with what it holds now.

    Each model is fitted as of its origin: its κ stands on earlier origins only. Raises ConfigError, naming the first
    or last day possible, where an origin cannot be judged at all.
    """
    now = load_history(lake, territory)
    origins = rolling_origins(lake, now, plan, settings.config.min_history_days)
    parts = []
    for day in progress(origins.days):
        known = known_at(lake, territory, day)
        parts.append(peak_rows(known, now, day, plan.horizon_days, settings))
    return PeakBacktest(pd.concat(parts, ignore_index=True), origins)


def fit_as_of(known: Known, settings: PeakSettings) -> PeakModel:
    """The peak model as it would have been trained at that moment."""
    return PeakModel.fit(known.history, settings.config, known.applications, settings.connections)


def peak_rows(known: Known, now: History, day: pd.Timestamp, horizon_days: int, settings: PeakSettings) -> pd.DataFrame:
    """One origin: what a model fitted on `known` says of the next `horizon_days`, beside what `now` knows of them."""
    model = fit_as_of(known, settings)
    nodes = known.history.nodes.sort_index()
    peaks = model.peaks(known.history, horizon_days, known.applications).with_sums(nodes["parent_id"])
    figures = peaks.frame()
    end = day_begins(day + pd.Timedelta(days=horizon_days), now.calendar)
    rows = pd.DataFrame({"origin": day, "node_id": figures.index, "kind": figures["kind"]}, index=figures.index)
    for name in _LEVELS:
        rows[name] = figures[f"peak_{name}"]
    factors = {kind: model.kappa(kind, horizon_days).value for kind in sorted(set(rows["kind"]))}
    rows["kappa"] = rows["kind"].map(factors)
    # A factor cannot raise what is not positive (a net exporter): there the P95 stands for it.
    rows["kept_kw"] = (rows["kappa"] * rows["p50_kw"]).where(~(rows["p50_kw"] <= 0), rows["p95_kw"])
    rows["realised_kw"] = realised_kw(now.loads, nodes["parent_id"], known.history.as_of, end)
    rows["ratio"] = (rows["realised_kw"] / rows["p50_kw"]).where(rows["p50_kw"] > 0)
    rows["known_days"] = figures["known_days"]
    reasons = [figures["known_days"] == 0, ~np.isfinite(rows["p50_kw"]), ~np.isfinite(rows["realised_kw"])]
    rows["left_out"] = np.select(reasons, ["NO_LOAD", "SHORT_HISTORY", "NO_OUTCOME"], "")
    return rows[list(COLUMNS)].reset_index(drop=True)


def score_peaks(rows: pd.DataFrame, by: Sequence[str], target_coverage: float) -> pd.DataFrame:
    """Scores of each group of rows, indexed by `by`.

    Columns: scored; held (share of peaks within κ · P50), held_p50, held_p90, held_p95; pinball_50, pinball_90,
    pinball_95 and pinball_kept (κ · P50 taken as the quantile it aims at, `target_coverage`), means of the loss over
    the peak that came; median_ratio (what came over the P50); left_out (rows not scored).
    """
    came = rows["realised_kw"].to_numpy(dtype=float)
    good = (rows["left_out"] == "").to_numpy()
    worth = np.where(good & (came > 0), came, np.nan)
    table = rows[list(by)].copy()
    table["scored"], table["left_out"] = good, ~good
    for name, column in {"held": "kept_kw", **{f"held_{name[:3]}": name for name in _LEVELS}}.items():
        table[name] = np.where(good, came <= rows[column], np.nan)
    for name, level in _LEVELS.items():
        table[f"pinball_{name[1:3]}"] = pinball(came, rows[name].to_numpy(dtype=float), level) / worth
    table["pinball_kept"] = pinball(came, rows["kept_kw"].to_numpy(dtype=float), target_coverage) / worth
    table["median_ratio"] = rows["ratio"].where(good)
    how = dict.fromkeys(table.columns.drop(list(by)), "mean") | {"median_ratio": "median"}
    return table.groupby(list(by), sort=True).agg(how | {"scored": "sum", "left_out": "sum"})


def peak_metrics(rows: pd.DataFrame, target_coverage: float) -> dict[str, float]:
    """Plain numbers of a run: the scores of each kind of node as `held_area` and so on, and the rows by reason."""
    table = score_peaks(rows, ["kind"], target_coverage)
    found = {f"{name}_{kind}": float(value) for name in table for kind, value in table[name].items()}
    found |= {
        f"rows_{reason or 'scored'}".lower(): float(count) for reason, count in rows["left_out"].value_counts().items()
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}
