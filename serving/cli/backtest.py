"""`headroom backtest`: score a model on past issue times that see only what was available then."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["command"]

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Score a model on past issue times, each seeing only what was available then."""


@command.command()
@click.option("--from", "first", type=_DAY, required=True, help="First target day (local).")
@click.option("--to", "last", type=_DAY, required=True, help="Last target day (local), included.")
@click.option("--issue-hour", default=6, show_default=True, type=click.IntRange(0, 23), help="Local hour of issue.")
@click.option("--days-ahead", default=1, show_default=True, type=click.IntRange(1, 13), help="Days before the target.")
@click.option(
    "--refit",
    "refits",
    type=_DAY,
    multiple=True,
    help="Local day whose forecasts come from a model fitted anew "
    "on what was available at their issue; repeatable (default: the first target day only).",
)
@click.option(
    "--actual-weather", is_flag=True, help="Let observed weather stand in where no forecast was issued, and say so."
)
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="YAML file with settings of the demand model."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write every forecast beside the truth (Parquet)."
)
@workspace_option
@json_option
def demand(
    first: Any,
    last: Any,
    issue_hour: int,
    days_ahead: int,
    refits: tuple[Any, ...],
    actual_weather: bool,
    config: Path | None,
    out: Path | None,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Day-ahead demand: quantiles of each day from --from to --to, issued at --issue-hour the day(s) before.

    The model is trained for the leads that are judged. rCRPS is 2 × mean pinball over the levels over (P99 − P1) of
    the node's scored load; coverage is the share of intervals within [q05, q95].
    """
    import pandas as pd

    from features.lake import Lake
    from features.load.reading import load_history
    from features.settings import load_settings
    from training.backtest import backtest_demand, day_ahead_plan
    from training.demand import DemandConfig

    settings = DemandConfig() if config is None else load_settings(DemandConfig, config)
    history = load_history(Lake(workspace.lake), workspace.territory())
    plan = day_ahead_plan(
        history,
        pd.Timestamp(first),
        pd.Timestamp(last),
        issue_hour,
        days_ahead,
        tuple(pd.Timestamp(day) for day in refits),
        actual_weather,
    )
    scored = backtest_demand(history, settings, plan, lambda issues: _bar(issues, as_json))
    if out is not None:
        scored.forecasts.to_parquet(out, index=False)
    summary = {"weather": "actual where no forecast was issued" if actual_weather else "as issued", **scored.summary()}
    if as_json:
        print_json({"summary": summary, "nodes": scored.nodes.reset_index().to_dict("records")})
        return
    _show(scored.nodes, summary)


def _bar(issues: "Iterable[pd.Timestamp]", quiet: bool) -> "Iterator[pd.Timestamp]":
    if quiet or not sys.stderr.isatty():
        yield from issues
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(list(issues), "forecasting, issue by issue", console=Console(stderr=True), transient=True)


def _show(nodes: "pd.DataFrame", summary: dict[str, Any]) -> None:
    from serving.cli.tables import number, show_table

    columns = ["node", "rCRPS", "coverage", "pinball kW", "intervals"]
    rows = [
        [node, number(row["rcrps"], 4), number(row["coverage"], 3), number(row["pinball_kw"], 2), number(row["scored"])]
        for node, row in nodes.sort_values("rcrps", ascending=False).iterrows()
    ]
    show_table(f"Demand, day ahead · weather {summary['weather']}", columns, rows, right=columns[1:])
    click.echo(
        f"mean over {summary['nodes']:.0f} nodes: rCRPS {summary['rcrps']:.4f} · coverage {summary['coverage']:.3f} "
        f"(worst node {summary['coverage_worst']:.3f})"
    )
