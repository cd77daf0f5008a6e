"""`headroom reservations`: every promise of capacity, confirmed or cancelled by hand; what halls are told."""

from typing import Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]

_STATES = ("holding", "held", "confirmed", "fulfilled", "cancelled", "expired", "all")


@click.group()
def command() -> None:
    """Promises of capacity: each holds its kVA at an area, its feeder and its substation at once."""


@command.command("list")
@click.option("--org", "org_unit", help="Only those of this org unit and below.")
@click.option("--state", default="holding", show_default=True, type=click.Choice(_STATES))
@click.option("--kind", type=click.Choice(("application", "release", "allocation", "offer")), help="Only this kind.")
@click.option("--node", "node_id", help="Only at this area.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Most rows shown.")
@workspace_option
@json_option
def list_reservations(
    org_unit: str | None,
    state: str,
    kind: str | None,
    node_id: str | None,
    limit: int,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Promises, oldest first."""
    from serving.access import LOCAL
    from serving.cli.asking import checked, local_desk
    from serving.cli.tables import number, show_table
    from serving.messages import ReservationsQuery

    values = {"org_unit": org_unit, "state": state, "kind": kind, "node_id": node_id, "limit": limit}
    with local_desk(workspace) as (_, promises):
        found = promises.list(LOCAL, checked(ReservationsQuery, values))
    if as_json:
        print_json(found)
        return
    rows = [
        [
            one["reservation_id"],
            one["kind"],
            one["ref"],
            one["node_id"],
            number(one["kva"]),
            one["state"] + (" (in the figures)" if one["counted_in"] else ""),
            (one["expires_at"] or "")[:10],
            one["why"],
        ]
        for one in found["reservations"]
    ]
    columns = ["id", "kind", "for", "area", "kVA", "state", "until", "why"]
    show_table(f"{found['total']:,} promises", columns, rows, ["kVA"])
    if found["total"] > len(rows):
        click.echo(f"{found['total'] - len(rows):,} more; --limit shows them")


@command.command()
@click.argument("reservation_id", metavar="ID")
@click.option("--why", required=True, help="For those who look later.")
@workspace_option
@json_option
def confirm(reservation_id: str, why: str, workspace: Workspace, as_json: bool) -> None:
    """The promise ID holds for good."""
    _change("confirm", reservation_id, why, workspace, as_json)


@command.command()
@click.argument("reservation_id", metavar="ID")
@click.option("--why", required=True, help="For those who look later.")
@workspace_option
@json_option
def cancel(reservation_id: str, why: str, workspace: Workspace, as_json: bool) -> None:
    """Free what the promise ID holds; those that wait for it move up."""
    _change("cancel", reservation_id, why, workspace, as_json)


def _change(what: str, reservation_id: str, why: str, workspace: Workspace, as_json: bool) -> None:
    from serving.access import LOCAL
    from serving.cli.asking import checked, local_desk
    from serving.messages import ChangeRequest

    with local_desk(workspace) as (_, promises):
        found: dict[str, Any] = getattr(promises, what)(LOCAL, reservation_id, checked(ChangeRequest, {"why": why}))
    if as_json:
        print_json(found)
    else:
        click.echo(
            f"{reservation_id} is {found['state']}: {found['kva']:g} kVA at {found['node_id']} for {found['ref']}"
        )


@command.command()
@click.option("--org", "org_unit", help="Only those of this org unit and below.")
@click.option("--unread", is_flag=True, help="Only those nobody has read.")
@workspace_option
@json_option
def notices(org_unit: str | None, unread: bool, workspace: Workspace, as_json: bool) -> None:
    """What halls are told, newest first."""
    from serving.access import LOCAL
    from serving.cli.asking import checked, local_desk
    from serving.cli.tables import show_table
    from serving.messages import NoticesQuery

    with local_desk(workspace) as (_, promises):
        found = promises.notices(LOCAL, checked(NoticesQuery, {"org_unit": org_unit, "unread": unread}))
    if as_json:
        print_json(found)
        return
    rows = [[one["at"][:16], one["org_unit"], one["text_en"], one["text_zh"]] for one in found["notices"]]
    show_table(f"{found['total']:,} notices", ["at (UTC)", "unit", "notice", "通知"], rows)
