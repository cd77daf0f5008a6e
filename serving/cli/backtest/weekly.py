"""`headroom backtest peak --weekly`: the highest load of each week to come, from past origins, against what came."""

from pathlib import Path
from typing import TYPE_CHECKING

from features.workspace import Workspace
from serving.cli.backtest.shared import MOST_ROWS, bar, kept, records, show_frame, tell_origins
from serving.cli.options import print_json

if TYPE_CHECKING:
    from training.backtests.origins import OriginPlan
    from training.backtests.report import BacktestReport

__all__ = ["judge_weekly"]


def judge_weekly(
    plan: "OriginPlan", config: Path | None, workspace: Workspace, out: Path | None, no_log: bool, as_json: bool
) -> None:
    """Run the backtest, keep it, and tell its scores."""
    from features.lake import Lake
    from features.settings import config_hash
    from training.backtests.weekly import backtest_weekly, load_weekly_settings
    from training.backtests.weekly_report import weekly_report

    settings = load_weekly_settings(config)
    progress = bar("forecasting, origin by origin", as_json)
    found = backtest_weekly(Lake(workspace.lake), workspace.territory(), plan, settings, progress)
    if out is not None:
        found.rows.to_parquet(out, index=False)
    report = weekly_report(found)
    params = plan.params() | {"weekly": config_hash(settings)}
    run_id = kept(workspace, "weekly", plan.name(), report, params, no_log)
    if as_json:
        tables = {name: records(frame) for name, frame in report.shown.items()}
        print_json({"summary": report.metrics, "run_id": run_id, **tables})
        return
    _show(report, settings.levels)
    tell_origins(found.origins, plan.horizon_days, run_id)


def _show(report: "BacktestReport", levels: tuple[float, ...]) -> None:
    heads = {"scored": ("scored", 0)}
    for name in (f"{100 * level:g}" for level in levels):
        heads |= {f"pinball_{name}": (f"pinball P{name} %", 2), f"held_{name}": (f"within P{name}", 3)}
        heads |= {f"excess_{name}": (f"P{name} above %", 1)}
    highest = f"held_{100 * levels[-1]:g}"
    show_frame("Nodes, least held first", report.shown["nodes"].sort_values(highest, kind="stable"), heads, MOST_ROWS)
    show_frame("By weeks ahead", report.shown["leads"], heads)
    show_frame("By standing", report.shown["standings"], heads)
    if len(report.shown["rebased"]):
        show_frame("Level steps, re-based", report.shown["rebased"], {"origins": ("origins", 0)})
    if len(report.shown["left_out"]):
        show_frame("Left out", report.shown["left_out"], {"rows": ("rows", 0), "nodes": ("nodes", 0)})
