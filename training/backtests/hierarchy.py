"""Forecasts of a tree that add up, judged beside those each node was given on its own."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from features.errors import ConfigError
from features.load.history import History
from training.backtests.report import BacktestReport
from training.hierarchy import FEWEST_PAST, coherent_issue
from training.scoring import by_node

__all__ = ["hierarchy_scores", "with_hierarchy"]


def hierarchy_scores(
    forecasts: pd.DataFrame, history: History, parent_of: Mapping[str, object], levels: tuple[float, ...]
) -> pd.DataFrame:
    """Scores by kind of node: rcrps and coverage of each way, and how many `issues` were judged.

    `independent`: each node's own model. `coherent`: the same after they were made to add up. `bottom_up`: what the
    scenarios of the leaves add up to. Every issue learns how nodes go together from the forecasts of this backtest
    whose last target was over by then; issues with fewer than FEWEST_PAST such forecasts before them are left out.
    Raises ConfigError where no node feeds another, and where no issue can be judged.
    """
    ids = set(history.versions.ids)
    if not any(parent_of.get(node) in ids for node in ids):
        raise ConfigError("no node feeds another: there is no tree whose totals could agree")
    ways: dict[str, list[pd.DataFrame]] = {"independent": [], "coherent": [], "bottom_up": []}
    reach = pd.to_timedelta(forecasts["lead_hours"].max(), unit="h") + _one_step(history)
    for issue in sorted(forecasts["issued_at"].unique()):
        at = pd.Timestamp(issue)
        past = forecasts[forecasts["issued_at"] + reach <= at]
        if past["issued_at"].nunique() < FEWEST_PAST:
            continue
        now, loads = forecasts[forecasts["issued_at"] == at], history.until(at).loads
        ways["independent"].append(now)
        for way in ("coherent", "bottom_up"):
            ways[way].append(coherent_issue(now, past, loads, parent_of, levels, way == "coherent")[0])
    if not ways["independent"]:
        raise ConfigError(f"totals are judged from the {FEWEST_PAST + 1}th day or so on: ask for more days")
    kinds = history.nodes["kind"].astype(str)
    found = [_by_kind(pd.concat(parts), kinds, levels).add_suffix(f"_{way}") for way, parts in ways.items()]
    table = pd.concat(found, axis=1)
    return table.assign(issues=len(ways["independent"]))


def with_hierarchy(report: BacktestReport, table: pd.DataFrame) -> BacktestReport:
    """The report with the table of hierarchy_scores, and its figures among the metrics."""
    more = {
        f"{name}_{kind}": float(row[name])
        for kind, row in table.iterrows()
        for name in table.columns
        if name != "issues"
    }
    return replace(
        report,
        metrics=report.metrics | more,
        tables=report.tables | {"hierarchy.csv": table.round(5)},
        shown=report.shown | {"hierarchy": table},
    )


def _one_step(history: History) -> pd.Timedelta:
    return pd.Timedelta(minutes=history.versions.step_minutes)


def _by_kind(frame: pd.DataFrame, kinds: pd.Series, levels: tuple[float, ...]) -> pd.DataFrame:
    scores = by_node(frame, levels)[["rcrps", "coverage"]]
    known = np.isfinite(scores["rcrps"].to_numpy(dtype=float))
    return scores[known].groupby(kinds.reindex(scores.index[known])).mean().rename_axis("kind")
