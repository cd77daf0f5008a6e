"""What a backtest of the outlook leaves behind: numbers, tables, and figures."""

from collections.abc import Hashable, Iterable

import numpy as np
import pandas as pd

from training.backtests.outlook import PEER, OutlookBacktest
from training.backtests.report import BacktestReport
from training.demand.quantiles import level_name
from training.exhibits import reliability_lines
from training.figures import reliability
from training.scoring import by_node, reliability_shares, table_summary

__all__ = ["LEAD_LABELS", "outlook_report", "score_outlook"]

_LEAD_DAYS = (0, 7, 28, 91, 365)
LEAD_LABELS = ("first week", "2-4 weeks", "1-3 months", "3-12 months", "beyond a year")
_SCORES = ("rcrps", "coverage", "pinball_kw")


def score_outlook(rows: pd.DataFrame, levels: tuple[float, ...]) -> pd.DataFrame:
    """Scores of each node over the rows that are scored, indexed by node_id.

    rcrps, coverage of the outermost levels, pinball_kw (mean over the levels) and scored (hours), as the demand
    backtest has them; the first three also of the seasonal peer, as peer_rcrps and so on.
    """
    good = rows[rows["left_out"] == ""]
    names = {PEER + level_name(level): level_name(level) for level in levels}
    peer = good[["node_id", "load_kw", *names]].rename(columns=names)
    return by_node(good, levels).join(by_node(peer, levels)[list(_SCORES)].add_prefix(PEER))


def outlook_report(found: OutlookBacktest) -> BacktestReport:
    """Scores by node, kind of node, origin and stretch of leads; reliability; what was not scored, by reason."""
    rows, levels = found.rows, found.levels
    kinds = found.nodes["kind"].astype(str)
    nodes = score_outlook(rows, levels)
    ahead = pd.cut(rows["lead_hours"] / 24, [*_LEAD_DAYS, np.inf], right=False, labels=list(LEAD_LABELS))
    shown = {
        "nodes": nodes,
        "kinds": _means(nodes.groupby(kinds.reindex(nodes.index).fillna("unknown").to_numpy()), "kind"),
        "origins": _means(_scored_by(rows, rows["origin"], levels), "origin"),
        "leads": _means(_scored_by(rows, ahead, levels), "lead"),
    }
    left_out = rows[rows["left_out"] != ""].groupby("left_out")["node_id"]
    shown["left_out"] = pd.DataFrame({"rows": left_out.size(), "nodes": left_out.nunique()})
    metrics = table_summary(nodes) | {f"{PEER}{name}": float(nodes[PEER + name].mean()) for name in _SCORES}
    for kind, row in shown["kinds"].iterrows():
        metrics |= {f"{name}_{kind}": float(row[name]) for name in ("rcrps", "coverage")}
    metrics |= {
        "origins": float(len(found.origins.days)),
        "origins_too_late": float(len(found.origins.too_late)),
        "rows_left_out": float((rows["left_out"] != "").sum()),
    }
    shares = reliability_shares(rows, kinds, levels)
    tables = {f"{name}.csv": table.round(5) for name, table in {**shown, "reliability": shares}.items()}
    figures = {"reliability.svg": reliability("reliability", reliability_lines(shares))}
    return BacktestReport(metrics, tables | {"forecasts.parquet": rows}, figures, shown)


def _scored_by(
    rows: pd.DataFrame, keys: pd.Series, levels: tuple[float, ...]
) -> Iterable[tuple[Hashable, pd.DataFrame]]:
    """The scores of the nodes over each group of rows."""
    for key, part in rows.groupby(keys, sort=True, observed=True):
        yield key, score_outlook(part, levels)


def _means(groups: Iterable[tuple[Hashable, pd.DataFrame]], name: str) -> pd.DataFrame:
    """Means over the nodes of each group that could be scored, the worst coverage, and how many nodes and hours."""
    table = {}
    for key, nodes in groups:
        good = nodes[nodes["scored"] > 0]
        row = good[[*_SCORES, *(PEER + score for score in _SCORES)]].mean()
        table[key] = {
            **row,
            "coverage_worst": good["coverage"].min(),
            "nodes": len(good),
            "scored": good["scored"].sum(),
        }
    return pd.DataFrame.from_dict(table, orient="index").rename_axis(name)
