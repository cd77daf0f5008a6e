"""`headroom backtest peak`: the year's highest load, or that of each week, from past origins, against what came."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.backtest.shared import (
    MOST_ROWS,
    bar,
    kept,
    origin_options,
    origin_plan,
    records,
    run_options,
    show_frame,
    tell_origins,
)
from serving.cli.backtest.weekly import judge_weekly
from serving.cli.options import print_json

if TYPE_CHECKING:
    from training.backtests.report import BacktestReport

__all__ = ["peak"]

_SHOWN = {
    "scored": ("scored", 0),
    "held": ("within κ·P50", 3),
    "held_p90": ("within P90", 3),
    "held_p95": ("within P95", 3),
    "median_ratio": ("came / P50", 3),
    "pinball_50": ("pinball P50", 4),
    "pinball_95": ("pinball P95", 4),
    "left_out": ("left out", 0),
}


@click.command()
@origin_options(91, "the peak model (default: configs/peak.yaml)")
@click.option(
    "--horizon-days", default=365, show_default=True, type=click.IntRange(1, 730), help="Days each origin looks ahead."
)
@click.option("--weekly", is_flag=True, help="Judge the highest load of each week instead (configs/weekly.yaml).")
@run_options
def peak(
    first: Any,
    last: Any,
    step_days: int,
    horizon_days: int,
    config: Path | None,
    weekly: bool,
    out: Path | None,
    no_log: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Highest load of the days after each origin from --from to --to: P50, P90, P95 and κ·P50 against what came.

    A peak model is fitted at every origin on what was known by then, its factor κ from earlier origins only. Pinball
    losses are over the peak that came. An origin whose horizon is not over by the end of the data is left out.

    With --weekly the highest load of each Monday week is judged, as many weeks ahead as the settings say, in per cent
    of the trailing annual peak; an origin is then judged on those of its weeks that are over, within --horizon-days.
    """
    if weekly:
        plan = origin_plan(first, last, step_days, horizon_days)
        judge_weekly(plan, config, workspace, out, no_log, as_json)
        return
    from features.lake import Lake
    from training.backtests.peak import backtest_peak, load_peak_settings
    from training.backtests.report import peak_report

    plan, settings = origin_plan(first, last, step_days, horizon_days), load_peak_settings(config)
    progress = bar("fitting, origin by origin", as_json)
    found = backtest_peak(Lake(workspace.lake), workspace.territory(), plan, settings, progress)
    if out is not None:
        found.rows.to_parquet(out, index=False)
    report = peak_report(found, settings.config.target_coverage)
    run_id = kept(workspace, "peak", plan.name(), report, plan.params() | settings.params(), no_log)
    if as_json:
        tables = {name: records(frame) for name, frame in report.shown.items()}
        print_json({"summary": report.metrics, "run_id": run_id, **tables})
        return
    _show(report)
    tell_origins(found.origins, horizon_days, run_id)


def _show(report: "BacktestReport") -> None:
    nodes = report.shown["nodes"].sort_values("held", kind="stable")
    short = nodes[nodes["held"] < 1]
    if len(short):
        show_frame("Nodes whose peak went beyond κ·P50, worst first", short, _SHOWN, MOST_ROWS)
    show_frame("By origin", report.shown["origins"], _SHOWN)
    show_frame("By kind of node", report.shown["kinds"], _SHOWN)
    if len(report.shown["left_out"]):
        show_frame("Left out", report.shown["left_out"], {"rows": ("rows", 0), "nodes": ("nodes", 0)})
