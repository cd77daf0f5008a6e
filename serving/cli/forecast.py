"""`headroom forecast`: load quantiles of some nodes on the terminal."""

from datetime import datetime
from typing import Any

import click

from features.errors import ConfigError
from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]

_SHOWN_LEVELS = "0.05,0.25,0.5,0.75,0.95"


@click.command()
@click.argument("nodes", nargs=-1, required=True, metavar="NODE...")
@click.option("--horizon", default=24, show_default=True, help="Hours ahead, up to 336.")
@click.option("--quantiles", default=_SHOWN_LEVELS, show_default=True, help="Levels, separated by commas.")
@click.option(
    "--issue-time", default=None, help="The moment to forecast from, ISO 8601 with offset; default: newest load."
)
@click.option(
    "--events",
    type=click.Choice(["known", "none"]),
    default="known",
    show_default=True,
    help="Count with the events told of by the issue, or as if none went on.",
)
@click.option(
    "--assume",
    multiple=True,
    metavar="KIND,START[,END]",
    help="Count with an event of this kind, too, such as epidemic,2026-01-10T00:00+08:00; repeatable.",
)
@click.option(
    "--totals", is_flag=True, help="Make areas, feeders and substations add up; takes a minute, and explains nothing."
)
@click.option("--explain", is_flag=True, help="Show what the median is made of, kW.")
@workspace_option
@json_option
def command(
    nodes: tuple[str, ...],
    horizon: int,
    quantiles: str,
    issue_time: str | None,
    events: str,
    assume: tuple[str, ...],
    totals: bool,
    explain: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Forecast the load of each NODE, in kW, with quantiles.

    With --explain the last columns add up to the median. Times on the terminal are local to the territory; --json
    gives UTC. A figure that stands on less than usual names its reason.
    """
    from serving.access import LOCAL
    from serving.cli.asking import checked, keeping, local_answers
    from serving.messages import ForecastRequest

    if totals and explain:
        raise ConfigError("--totals explains nothing: give it without --explain")
    asked: dict[str, Any] = {"node_ids": list(nodes), "horizon_hours": horizon, "quantiles": _levels(quantiles)}
    asked |= {"events": events, "assumed_events": [_assumed(text) for text in assume]}
    request = checked(ForecastRequest, {**asked, "issue_time": issue_time, "explain": explain})
    answers = local_answers(workspace)
    with keeping(answers):
        answer = answers.forecast(LOCAL, request, totals=totals)
    if as_json:
        print_json(answer)
    else:
        _show(answer, workspace)


def _assumed(text: str) -> dict[str, str | None]:
    kind, *span = [part.strip() for part in text.split(",")]
    if len(span) not in (1, 2):
        raise ConfigError(f"--assume: {text!r} is no KIND,START or KIND,START,END")
    return {"kind": kind, "start_utc": span[0], "end_utc": span[1] if len(span) == 2 else None}


def _levels(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"--quantiles: {text!r} is not a list of numbers such as 0.05,0.5,0.95") from error


def _show(answer: dict[str, Any], workspace: Workspace) -> None:
    from features.clock import Calendar
    from serving.cli.tables import number, show_table

    territory = workspace.territory()
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    click.echo(
        f"issued {answer['issue_time']} ({answer['issue_time_rule'].replace('_', ' ')}), "
        f"{answer['model']['name']} version {answer['model']['version']}, data {answer['data_fingerprint']}"
    )
    for node in answer["nodes"]:
        levels = list(node["rows"][0]["quantiles_kw"]) if node["rows"] else []
        groups = list(next((row["contributions_kw"] for row in node["rows"] if row.get("contributions_kw")), ()))
        columns = [f"P{float(level) * 100:g} kW" for level in levels]
        columns += [f"{group.replace('_', ' ')} kW" for group in groups]
        rows = [
            [
                _local(calendar, row["start_utc"]),
                *(number(row["quantiles_kw"][level], 1) for level in levels),
                *(number((row["contributions_kw"] or {}).get(group), 1) for group in groups),
                " ".join(row["reasons"]),
            ]
            for row in node["rows"]
        ]
        show_table(f"{node['node_id']} {node['name']}", ["from (local)", *columns, "reason"], rows, right=columns)


def _local(calendar: Any, start_utc: str) -> str:
    import pandas as pd

    moment: datetime = calendar.local(pd.DatetimeIndex([start_utc]))[0]
    return f"{moment:%Y-%m-%d %H:%M}"
