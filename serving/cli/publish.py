"""`headroom publish`: keep what is told, with everything it was made from."""

from datetime import UTC, datetime
from pathlib import Path

import click

from features.errors import NotFoundError
from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps
from serving.cli.publish_pushes import pushes

__all__ = ["command"]


@click.group()
def command() -> None:
    """Write a publication, append-only: the figures and the hashes of model, data and configuration."""


command.add_command(pushes)


@command.command()
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Use only data known at this moment, UTC (default: when the newest use became known).",
)
@workspace_option
@json_option
def tags(workspace: Workspace, as_of: datetime | None, as_json: bool) -> None:
    """Publish what is told of customers: features, scores of the models that serve, and tags with their evidence.

    The same data, models and definitions give the same tags: publishing them again changes nothing. Tags follow each
    other in time; a moment before the last one is refused.
    """
    import pandas as pd

    from serving.cli.tables import number, show_table
    from serving.customers.publish import publish_tags
    from serving.settings import service_settings
    from serving.state import open_state

    moment = None if as_of is None else pd.Timestamp(as_of.replace(tzinfo=UTC))
    if not workspace.lake.is_dir():
        raise NotFoundError(f"there is no lake at {workspace.root}; `headroom ingest` brings data in")
    engine = open_state(service_settings(workspace).state_url or workspace.state_url)
    try:
        with Steps(quiet=as_json) as say:
            made = publish_tags(workspace, engine, moment, say=say)
    finally:
        engine.dispose()
    counts = {tag: dict(one) for tag, one in made.summary.counts.items()}
    if as_json:
        print_json(made.snapshot.describe() | {"new": made.summary.new, "counts": counts})
        return
    how = "published" if made.summary.new else "unchanged: the same tags were published before, as"
    click.echo(f"{how} {made.snapshot.id} ({made.snapshot.customers:,} customers)")
    for note in made.snapshot.notes:
        click.echo(f"note: {note}")
    words = {one.tag: one.chinese for one in made.snapshot.tags}
    columns = ["held", "unknown", "entered", "left"]
    rows = [[tag, words.get(tag, ""), *(number(one[name]) for name in columns)] for tag, one in counts.items()]
    show_table(f"{len(rows)} tags", ["tag", "名称", *columns], rows, columns)


@command.command()
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Use only data known at this moment, UTC (default: the newest); the model is the one that serves.",
)
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with the capacity policy (default: configs/policy/capacity.yaml).",
)
@click.option(
    "--uptake",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with layers of charging and heat pumps (default: configs/policy/uptake.yaml).",
)
@click.option(
    "--horizon-days",
    type=click.IntRange(1, 1827),
    help="Days the figures must hold (default: the policy's); beyond 731 they are a scenario and say so.",
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTML report to this file, too."
)
@workspace_option
@json_option
def capacity(
    workspace: Workspace,
    now: datetime | None,
    policy: Path | None,
    uptake: Path | None,
    horizon_days: int | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Publish the open capacity of every node.

    The same model, data and policy give the same figures: publishing them again changes nothing and says so.
    """
    import pandas as pd

    from serving.capacity import load_policy, load_uptake, publish_capacity
    from serving.cli.asking import local_desk
    from serving.report.gather import gather
    from serving.report.page import write_report
    from serving.report.view import summary

    rules = load_policy(policy)
    if horizon_days is not None:
        rules = rules.model_copy(update={"horizon_days": horizon_days})
    moment = None if now is None else pd.Timestamp(now.replace(tzinfo=UTC))
    with Steps(quiet=as_json) as say:
        say("compute open capacity and publish it")
        made = publish_capacity(workspace, moment, rules, load_uptake(uptake))
        say("look at the queue again")
        with local_desk(workspace) as (applications, _):
            released = applications.recheck()
        if report is not None:
            say("write the report")
            write_report(gather(workspace, made), report)
    found, told = summary(made.capacity()), {"released": [case.application_id for case in released]}
    if as_json:
        print_json(made.describe() | {"new": made.fresh, "summary": found, "path": str(made.path)} | told)
        return
    how = "published" if made.fresh else "unchanged: the same figures were published before, as"
    click.echo(f"{how} {made.id} ({made.nodes} nodes)")
    click.echo(f"{found['answered']} of {found['areas']} areas have a figure, {found['full']} of them nothing open")
    if found["scenarios"]:
        click.echo(f"{found['scenarios']} figures are a scenario, not firm (BEYOND_FIRM_HORIZON)")
    if found["assumed"]:
        click.echo(f"{found['assumed']} nodes stand on an assumed rating")
    if released:
        click.echo(f"{len(released)} applications that waited are released; `headroom reservations notices` tells whom")
    if report is not None:
        click.echo(f"Report: {report}")
