"""`headroom backtest outlook`: hourly load of the weeks to come, from past origins, against what came."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.backtest.shared import (
    LEVELS,
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
    from training.backtests.outlook import OutlookPlan
    from training.backtests.report import BacktestReport
    from training.outlook import OutlookConfig

__all__ = ["outlook"]

_SCORES = {
    "rcrps": ("rCRPS", 4),
    "coverage": ("coverage", 3),
    "pinball_kw": ("pinball kW", 2),
    "peer_rcrps": ("seasonal rCRPS", 4),
    "peer_coverage": ("its coverage", 3),
    "peer_pinball_kw": ("its pinball kW", 2),
}
_NODE = _SCORES | {"scored": ("hours", 0)}
_GROUP = _SCORES | {"coverage_worst": ("worst node", 3), "nodes": ("nodes", 0)}


@click.command()
@origin_options(30, "the outlook (default: configs/outlook.yaml)")
@click.option(
    "--horizon-days", default=30, show_default=True, type=click.IntRange(1, 730), help="Days each origin looks ahead."
)
@click.option("--node", "nodes", multiple=True, help="Judge this node only; repeatable (default: all with loads).")
@click.option("--levels", type=LEVELS, help="Quantile levels, such as 0.05,0.5,0.95 (default: those of demand).")
@click.option(
    "--actual-weather", is_flag=True, help="Let the temperature that came stand in for the unknown one, and say so."
)
@run_options
def outlook(
    first: Any,
    last: Any,
    step_days: int,
    horizon_days: int,
    nodes: tuple[str, ...],
    levels: tuple[float, ...] | None,
    actual_weather: bool,
    config: Path | None,
    out: Path | None,
    no_log: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Hourly load of the days after each origin from --from to --to: quantiles against what came.

    The outlook is fitted at every origin on what was known by then; the temperature to come is not known. An origin
    whose horizon is not over by the end of the data is left out. Pinball is the mean over the levels, rCRPS twice that
    over (P99 − P1) of the node's scored load, coverage the share of hours between the outermost levels. Beside it
    stand the quantiles of the past loads of the same season, hour and kind of day.
    """
    from features.lake import Lake
    from training.backtests.outlook import OutlookPlan, backtest_outlook, load_outlook_settings
    from training.backtests.outlook_report import outlook_report

    settings, origins = load_outlook_settings(config), origin_plan(first, last, step_days, horizon_days)
    chosen = {} if levels is None else {"levels": levels}
    plan = OutlookPlan(origins, actual_weather=actual_weather, node_ids=nodes or None, **chosen)
    progress = bar("fitting, origin by origin", as_json)
    found = backtest_outlook(Lake(workspace.lake), workspace.territory(), plan, settings, progress)
    if out is not None:
        found.rows.to_parquet(out, index=False)
    report = outlook_report(found)
    run_id = kept(workspace, "outlook", origins.name(), report, _params(plan, settings), no_log)
    weather = _weather(plan)
    if as_json:
        tables = {name: records(frame) for name, frame in report.shown.items()}
        print_json({"summary": {"weather": weather, **report.metrics}, "run_id": run_id, **tables})
        return
    _show(report, f"Outlook · temperature {weather}")
    tell_origins(found.origins, horizon_days, run_id)


def _weather(plan: "OutlookPlan") -> str:
    return "actual" if plan.actual_weather else "unknown"


def _params(plan: "OutlookPlan", settings: "OutlookConfig") -> dict[str, str]:
    """The plan as parameters of a run; the settings by their hash."""
    from features.settings import config_hash

    told = {"levels": " ".join(f"{level:g}" for level in plan.levels), "weather": _weather(plan)}
    return plan.origins.params() | told | {"nodes": " ".join(plan.node_ids or ()), "outlook": config_hash(settings)}


def _show(report: "BacktestReport", title: str) -> None:
    nodes = report.shown["nodes"].sort_values("rcrps", ascending=False)
    show_frame(title, nodes, _NODE, MOST_ROWS)
    if len(nodes) > MOST_ROWS:
        click.echo(f"the {MOST_ROWS} worst of {len(nodes)} nodes; --json has all of them")
    show_frame("By kind of node", report.shown["kinds"], _GROUP)
    show_frame("By origin", report.shown["origins"], _GROUP)
    show_frame("By lead", report.shown["leads"], _GROUP)
    if len(report.shown["left_out"]):
        show_frame("Left out", report.shown["left_out"], {"rows": ("rows", 0), "nodes": ("nodes", 0)})
    found = report.metrics
    click.echo(
        f"mean over {found['nodes']:.0f} nodes: rCRPS {found['rcrps']:.4f} · coverage {found['coverage']:.3f} · "
        f"the past of the season alone: rCRPS {found['peer_rcrps']:.4f} · coverage {found['peer_coverage']:.3f}"
    )
