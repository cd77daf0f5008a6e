"""`headroom monitor customers`: are the models of customers still fed and judged as they were."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    from serving.watching import Monitoring

__all__ = ["customers", "show_findings"]

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])


@click.command()
@click.argument("name", required=False, type=click.Choice(["value", "anomaly", "prospects"]))
@click.option(
    "--now", type=_MOMENT, help="Judge what was known at this moment, UTC (default: when the newest use became known)."
)
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with the policy (default: configs/policy/watching.yaml).",
)
@click.option("--fail-on-alarm", is_flag=True, help="Exit with code 1 when there is an alarm.")
@workspace_option
@json_option
def customers(
    name: str | None,
    workspace: Workspace,
    now: datetime | None,
    policy: Path | None,
    fail_on_alarm: bool,
    as_json: bool,
) -> None:
    """Drift of features and scores, losses on what has come since, and tables that stay away, of the model NAME.

    Without NAME every model of customers that serves. An alarm is rare by design; a notice is a hint. The results are
    kept in the workspace and as runs of the experiment `monitoring`.
    """
    import pandas as pd

    from serving.watching import load_policy
    from serving.watching_customers import monitor_customers
    from training.customers.families import NAMES

    moment = None if now is None else pd.Timestamp(now.replace(tzinfo=UTC))
    with Steps(quiet=as_json) as say:
        found = monitor_customers(workspace, moment, load_policy(policy), [name] if name else NAMES, say)
    if as_json:
        print_json([one.to_dict() for one in found])
    else:
        for one in found:
            show_findings(one)
            _show_losses(one)
    if fail_on_alarm and any(one.watched.alarmed for one in found):
        raise click.exceptions.Exit(1)


def show_findings(found: "Monitoring") -> None:
    """What is not as usual, in words, and how much of it there is."""
    from features.frames import each_row
    from serving.cli.tables import show_table

    watched = found.watched
    counts = watched.summary
    title = f"{found.model} version {found.version} at {watched.now:%Y-%m-%d %H:%M} UTC"
    if len(watched.findings):
        rows = [
            [one.severity, one.kind, one.subject, f"{one.since:%Y-%m-%d}", one.sentence]
            for one in each_row(watched.findings)
        ]
        show_table(title, ["", "kind", "subject", "since (UTC)", "what"], rows)
    click.echo(f"{title}: {counts['alarms']} alarm(s), {counts['notices']} notice(s)")


def _show_losses(found: "Monitoring") -> None:
    from serving.cli.tables import number, show_table

    table = found.watched.performance
    if len(table):
        columns = ["unit", "loss", "evaluation", "ratio", "blocks"]
        rows = [
            [
                str(unit),
                number(row["loss"], 4),
                number(row["held_out_loss"], 4),
                number(row["ratio"], 2),
                number(row["blocks"]),
            ]
            for unit, row in table.iterrows()
        ]
        show_table("Losses on outcomes known since, beside the evaluation", columns, rows, right=columns[1:])
    for note in found.watched.notes:
        click.echo(note)
