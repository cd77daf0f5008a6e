"""`headroom backtest capacity`: what would have been published at past origins, and whether it was kept."""

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
from serving.cli.options import print_json

if TYPE_CHECKING:
    import pandas as pd

    from training.backtests.report import BacktestReport

__all__ = ["capacity"]

_COUNTS = {name: (name, 0) for name in ("kept", "violated", "over", "unknown", "unanswered")}
_SHOWN = {
    **_COUNTS,
    "coverage": ("coverage", 3),
    "released_kva": ("released kVA", 0),
    "foresight_kva": ("with foresight", 0),
    "thumb_kva": ("rule of thumb", 0),
    "thumb_coverage": ("its coverage", 3),
}
_EQUAL = {
    "held": ("within κ·P50", 3),
    "released_kva": ("released kVA", 0),
    "thumb_factor": ("last year ×", 3),
    "thumb_released_kva": ("it releases", 0),
    "released_ratio": ("ratio", 3),
}
_BROKEN = {
    "open_kva": ("told open", 0),
    "slack_kva": ("there was", 0),
    "limit_kva": ("limit kVA", 0),
    "kept_kva": ("κ·P50 kVA", 0),
    "realised_kva": ("came kVA", 0),
}


@click.command()
@origin_options(91, "the peak model (default: configs/peak.yaml)")
@click.option(
    "--horizon-days", type=click.IntRange(1, 1827), help="Days each answer must hold (default: the policy's)."
)
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with the capacity policy (default: configs/policy/capacity.yaml).",
)
@run_options
def capacity(
    first: Any,
    last: Any,
    step_days: int,
    horizon_days: int | None,
    config: Path | None,
    policy: Path | None,
    out: Path | None,
    no_log: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Open capacity as it would have been published at each origin, judged by the peaks that came.

    Kept: the peak and what was released stay within every limit on the path. Violated: something was released and they
    do not. Over: nothing was released and a limit was passed anyway. Coverage is kept over all that could be judged.
    Figures of areas share what is open above them: their sums are a measure of the offer, no more.
    """
    from features.lake import Lake
    from serving.backtest import backtest_capacity, capacity_report
    from serving.capacity import load_policy
    from training.backtests.peak import load_peak_settings

    rules, settings = load_policy(policy), load_peak_settings(config)
    plan = origin_plan(first, last, step_days, horizon_days or rules.horizon_days)
    progress = bar("answering, origin by origin", as_json)
    found = backtest_capacity(Lake(workspace.lake), workspace.territory(), plan, settings, rules, progress)
    if out is not None:
        found.rows.to_parquet(out, index=False)
    report = capacity_report(found)
    params = plan.params() | settings.params() | {f"policy.{key}": value for key, value in rules.model_dump().items()}
    run_id = kept(workspace, "capacity", plan.name(), report, params, no_log)
    if as_json:
        tables = {name: records(frame) for name, frame in report.shown.items()}
        print_json({"summary": report.metrics, "run_id": run_id, **tables})
        return
    _show(report, found.rows)
    tell_origins(found.origins, plan.horizon_days, run_id)


def _show(report: "BacktestReport", rows: "pd.DataFrame") -> None:
    broken = rows[rows["verdict"] == "VIOLATED"].sort_values("excess_kva", ascending=False)
    if len(broken):
        shown = broken.set_index(["origin", "node_id", "binding_node_id"])
        show_frame("Not kept, the worst first", shown, _BROKEN, MOST_ROWS)
        if len(broken) > MOST_ROWS:
            click.echo(f"{len(broken) - MOST_ROWS} more are in the long table (--out)")
    for name, title in (("origins", "By origin"), ("reasons", "By what bound"), ("confidence", "By confidence")):
        show_frame(title, report.shown[name], _SHOWN)
    show_frame("By kind of node", report.shown["kinds"], _SHOWN)
    show_frame("At the node itself, against last year's peak raised to hold as often", report.shown["equal"], _EQUAL)
    if report.metrics["rating_assumed"]:
        told = f"{report.metrics['rating_assumed']:.0f} nodes stand on an assumed rating, or below one"
        click.echo(f"{told}; where it was made from all loads, their limits know the future")
