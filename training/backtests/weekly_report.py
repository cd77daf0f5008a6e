"""What a backtest of weekly maxima leaves behind: numbers and tables."""

import pandas as pd

from training.backtests.report import BacktestReport
from training.backtests.weekly import WeeklyBacktest, score_weekly, weekly_metrics

__all__ = ["weekly_report"]


def weekly_report(found: WeeklyBacktest) -> BacktestReport:
    """Scores by node, lead, origin and standing; the nodes that were re-based; what was not scored, by reason."""
    rows, levels = found.rows, found.levels
    shown = {
        name: score_weekly(rows, levels, by)
        for name, by in {
            "nodes": ["node_id"],
            "leads": ["lead_weeks"],
            "origins": ["origin"],
            "standings": ["standing", "reason"],
        }.items()
    }
    stepped = rows[rows["rebased_since"].notna()].groupby(["node_id", "rebased_since"])["origin"]
    shown["rebased"] = pd.DataFrame({"origins": stepped.nunique()})
    left_out = rows[rows["left_out"] != ""].groupby("left_out")["node_id"]
    shown["left_out"] = pd.DataFrame({"rows": left_out.size(), "nodes": left_out.nunique()})
    metrics = weekly_metrics(rows, levels) | {
        "origins": float(len(found.origins.days)),
        "origins_too_late": float(len(found.origins.too_late)),
        "rows_left_out": float((rows["left_out"] != "").sum()),
    }
    tables = {f"{name}.csv": table.round(5) for name, table in shown.items()}
    return BacktestReport(metrics, tables | {"forecasts.parquet": rows}, {}, shown)
