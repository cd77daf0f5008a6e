"""`headroom erase`: remove who a customer is from the lake, for good."""

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]


@click.command()
@click.argument("customer_id")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@workspace_option
@json_option
def command(customer_id: str, yes: bool, workspace: Workspace, as_json: bool) -> None:
    """Erase name, telephone, address and document of CUSTOMER_ID, in every version, with the files that held them.

    It cannot be undone. The account's surrogate stays with what hangs on it. Run it while nothing is being ingested:
    what killed ingests left half done in the workspace is removed too. Source files and copies of the workspace are
    not reached.
    """
    from features.ingest import clear_abandoned
    from features.lake import Lake, erase_identity

    if not yes:
        click.confirm(f"Erase who {customer_id} is, for good?", abort=True, err=True)
    clear_abandoned(workspace.root)
    removed = erase_identity(Lake(workspace.lake), customer_id)
    if as_json:
        print_json({"customer_id": customer_id, "rows_removed": removed})
    elif removed:
        click.echo(f"{customer_id}: {removed} row(s) removed, and no file holds them any more")
    else:
        click.echo(f"{customer_id}: the lake holds nothing personal of this customer")
