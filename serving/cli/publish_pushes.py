"""`headroom publish pushes`: what is offered to whom in the whole territory, and why all else is not."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    from serving.pushes.publish import PublishedPushes

__all__ = ["pushes"]


@click.command()
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Decide as of this moment, UTC (default: now).",
)
@workspace_option
@json_option
def pushes(workspace: Workspace, now: datetime | None, as_json: bool) -> None:
    """Decide for every customer and service, hold the room of what is offered, and write the lists.

    Offers stand on the newest `publish tags` and `publish capacity`. The same run twice changes nothing.
    """
    from serving.pushes.learning import serving_uplift
    from serving.pushes.publish import publish_pushes
    from serving.pushes.relieving import relief_of
    from serving.settings import service_settings
    from serving.state import open_state

    moment = datetime.now(UTC) if now is None else now.replace(tzinfo=UTC)
    engine = open_state(service_settings(workspace).state_url or workspace.state_url)
    try:
        with Steps(quiet=as_json) as say:
            made = publish_pushes(workspace, engine, moment, say=say, score=serving_uplift)
    finally:
        engine.dispose()
    relief = relief_of(workspace, made.run)
    if as_json:
        print_json(_described(made) | {"relief": relief})
    else:
        _show(made, relief)


def _described(made: "PublishedPushes") -> dict[str, Any]:
    run = made.run
    names = ("run_id", "snapshot_id", "base_id", "catalogue_hash", "policy_hash", "customers", "sent", "held_out")
    told = {name: getattr(run, name) for name in names}
    return told | {"decided_at": run.decided_at.isoformat(), "new": made.fresh, "path": str(made.folder), **run.detail}


def _show(made: "PublishedPushes", relief: Mapping[str, Any]) -> None:
    """Counts by code and service, relief, and where the files lie."""
    from serving.cli.relief import show_relief
    from serving.cli.tables import number, show_table
    from serving.pushes.secrecy import meaning

    run = made.run
    how = "published" if made.fresh else "unchanged: the same offers were published before, as"
    click.echo(f"{how} {run.run_id}: {run.customers:,} customers, {run.sent:,} offers, {run.held_out:,} held out")
    for note in run.detail.get("notes", ()):
        click.echo(f"note: {note}")
    codes, services = list(run.detail["counts"]), run.detail["by_service"]
    rows = [[code, *meaning(code), number(run.detail["counts"][code])] for code in codes]
    show_table("customers and services by code", ["code", "", "说明", "pairs"], rows, ["pairs"])
    shown = ("SENT", "HELD_OUT_UNIVERSAL", "HELD_OUT_CAMPAIGN", "NO_CAPACITY", "NOT_ELIGIBLE", "NO_CONSENT")
    table = [[service, *(number(counts.get(code, 0)) for code in shown)] for service, counts in services.items()]
    show_table("by service", ["service", *shown], table, shown)
    show_relief(relief)
    click.echo(f"Files: {made.folder}")
