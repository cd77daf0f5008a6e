"""Backtests of weekly maxima: forecast anew as of each origin, judged by the highest load of each week."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.configs import config_path
from features.errors import ConfigError
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import TerritorySettings
from training.backtests.origins import Known, OriginPlan, Origins, known_at, rolling_origins
from training.backtests.peak import Progress
from training.metrics import pinball
from training.peak.inputs import PeakInputs
from training.peak.weekly import WeeklyConfig, Weeks, weekly_peaks

__all__ = [
    "WeeklyBacktest",
    "backtest_weekly",
    "load_weekly_settings",
    "score_weekly",
    "weekly_metrics",
    "weekly_rows",
    "with_outcomes",
]


@dataclass(frozen=True)
class WeeklyBacktest:
    """`rows`: one a node, origin and week, as `WeeklyPeaks.frame` has them, with realised_kw and left_out; `origins`:
    which days were judged and which were too late."""

    rows: pd.DataFrame
    origins: Origins
    levels: tuple[float, ...]


def load_weekly_settings(config: Path | None = None) -> WeeklyConfig:
    """The settings of `config` (default: those in force, `configs/weekly.yaml`)."""
    return load_settings(WeeklyConfig, config or config_path("weekly.yaml"))


def backtest_weekly(
    lake: Lake, territory: TerritorySettings, plan: OriginPlan, config: WeeklyConfig, progress: Progress = iter
) -> WeeklyBacktest:
    """Forecast the weekly maxima from every origin with what the lake held then, and compare with what it holds now.

    `plan.horizon_days` says how much of an origin's future must lie behind the end of the data for it to be judged;
    weeks not over by then are left out as NO_OUTCOME. Future weather is never looked at. Raises ConfigError, naming
    the first or last day possible, where an origin cannot be judged at all.
    """
    now = load_history(lake, territory)
    origins = rolling_origins(lake, now, plan, config.min_history_days)
    parts = [weekly_rows(known_at(lake, territory, day), day, config) for day in progress(origins.days)]
    return WeeklyBacktest(with_outcomes(pd.concat(parts, ignore_index=True), now, config), origins, config.levels)


def weekly_rows(known: Known, day: pd.Timestamp, config: WeeklyConfig) -> pd.DataFrame:
    """What is said on the local day `day` of the weeks after it, as `WeeklyPeaks.frame`."""
    inputs = PeakInputs.from_history(known.history, known.applications, config.enough_of_block)
    if not len(inputs.days):
        raise ConfigError(f"no loads are known on {day:%Y-%m-%d}")
    # A clock behind UTC may have begun the day itself.
    length = min(int((day - inputs.days[0]).days), len(inputs.days))
    return weekly_peaks(inputs.until(length), config, day).frame()


def with_outcomes(rows: pd.DataFrame, now: History, config: WeeklyConfig) -> pd.DataFrame:
    """`rows` with the highest load of their week as `now` knows it, kW, and why a row is not scored (empty for one
    that is): SHORT_HISTORY without a forecast, NO_OUTCOME where a block of the week is unknown."""
    weeks = Weeks.of(PeakInputs.from_history(now, None, config.enough_of_block))
    nodes = now.nodes.sort_index().index.astype(str)
    came = pd.DataFrame(weeks.peak_kw.T, index=weeks.first_day, columns=nodes).stack()
    key = pd.MultiIndex.from_arrays([rows["week"], rows["node_id"]])
    realised = came.reindex(key).to_numpy()
    said = np.isfinite(rows[_name(max(config.levels))].to_numpy(dtype=float))
    return rows.assign(
        realised_kw=realised, left_out=np.select([~said, ~np.isfinite(realised)], ["SHORT_HISTORY", "NO_OUTCOME"], "")
    )


def score_weekly(rows: pd.DataFrame, levels: tuple[float, ...], by: list[str], prefix: str = "") -> pd.DataFrame:
    """Scores of each group of scored rows, indexed by `by`, for the figures whose columns begin with `prefix`.

    For each level: pinball_95 the mean pinball loss in per cent of the trailing annual peak at the origin (of a
    re-based node: at its new level); held_95 the share of weeks that came no higher; excess_95 the mean of
    figure / realised − 1 in per cent, over weeks that came above zero. `scored` counts rows.
    """
    good = rows[rows["left_out"] == ""]
    came = good["realised_kw"].to_numpy(dtype=float)
    table = good[by].copy()
    for level in levels:
        said, name = good[prefix + _name(level)].to_numpy(dtype=float), f"{100 * level:g}"
        table[f"pinball_{name}"] = 100 * pinball(came, said, level) / good["annual_kw"].to_numpy(dtype=float)
        table[f"held_{name}"] = np.where(np.isfinite(said), came <= said, np.nan)
        table[f"excess_{name}"] = 100 * (said / np.where(came > 0, came, np.nan) - 1)
    how = dict.fromkeys(table.columns.drop(by), "mean")
    scores = table.groupby(by, sort=True).agg(how)
    return scores.assign(scored=table.groupby(by, sort=True).size())


def weekly_metrics(rows: pd.DataFrame, levels: tuple[float, ...], prefix: str = "") -> dict[str, float]:
    """Means over nodes of each score, and how many nodes and rows stand behind them."""
    nodes = score_weekly(rows, levels, ["node_id"], prefix)
    found = {str(name): float(value) for name, value in nodes.drop(columns="scored").mean().items()}
    return found | {"nodes": float(len(nodes)), "rows_scored": float(nodes["scored"].sum())}


def _name(level: float) -> str:
    return f"p{100 * level:g}_kw"
