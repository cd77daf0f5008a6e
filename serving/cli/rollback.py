"""`headroom rollback`: back to the champion before."""

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]


@click.command()
@click.argument("name")
@click.option("--by", required=True, help="Who rolls back; recorded.")
@click.option("--why", required=True, help="For what reason; recorded.")
@workspace_option
@json_option
def command(name: str, by: str, why: str, workspace: Workspace, as_json: bool) -> None:
    """Let the version of the model NAME serve again that served before the present one; asked again, one further back.

    A running service takes it up by itself.
    """
    from training.promotion import rollback

    made = rollback(workspace, name, by, why)
    if as_json:
        print_json({"name": made.name, "version": made.version, "sha256": made.sha256})
    else:
        click.echo(f"{made.name} version {made.version} serves again")
