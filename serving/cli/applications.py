"""`headroom applications`: does it fit, what stands in the way, who waits, who was released."""

from datetime import datetime
from typing import Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]

_STATES = ("waiting", "constrained", "unknown", "released", "connected", "withdrawn", "lapsed", "all")


@click.group()
def command() -> None:
    """Applications against what is open: checked, queued where they do not fit, released in order."""


@command.command()
@click.argument("node_id", metavar="AREA")
@click.option("--kva", type=float, required=True, help="Capacity asked for, kVA.")
@click.option("--class", "customer_class", default="residential", show_default=True, help="Class of use.")
@click.option("--application", "application_id", help="Its number; without one it is a question and nothing is kept.")
@click.option("--wanted-on", type=click.DateTime(["%Y-%m-%d"]), help="The day supply is wanted.")
@click.option("--hold", is_flag=True, help="Hold the capacity if it fits.")
@workspace_option
@json_option
def check(
    node_id: str,
    kva: float,
    customer_class: str,
    application_id: str | None,
    wanted_on: datetime | None,
    hold: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Test a request of KVA at AREA against everything open and promised on its path."""
    from serving.access import LOCAL
    from serving.cli.asking import checked, local_desk
    from serving.messages import CheckRequest

    values = {"node_id": node_id, "kva": kva, "customer_class": customer_class, "hold": hold}
    values |= {} if application_id is None else {"application_id": application_id}
    values |= {} if wanted_on is None else {"wanted_on": wanted_on.date()}
    with local_desk(workspace) as (applications, _):
        found = applications.check(LOCAL, checked(CheckRequest, values))
    if as_json:
        print_json(found)
        return
    click.echo(_sentence(found))


def _sentence(found: dict[str, Any]) -> str:
    from serving.cli.tables import number

    if found["outcome"] == "fits":
        held = f"; held as {found['reservation_id']}" if found["reservation_id"] else ""
        return f"fits: {number(found['fits_kva'])} kVA would{held}"
    where = f"{found['binding_level'] or 'node'} {found['binding_node_id']} ({found['reason']})"
    if found["outcome"] == "unknown":
        return f"not known: the data of {where} do not say"
    blocks = " / ".join(number(kva) for kva in found["fits_block_kva"] or ())
    place = f"; waits, number {found['place']} for {found['binding_node_id']}" if found["place"] else ""
    return f"constrained by {where}: {number(found['fits_kva'])} kVA would fit, by four hours {blocks}{place}"


@command.command("list")
@click.option("--org", "org_unit", help="Only those of this org unit and below.")
@click.option("--state", default="waiting", show_default=True, type=click.Choice(_STATES))
@click.option("--node", "node_id", help="Only those at this area, or bound by this node.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Most rows shown.")
@workspace_option
@json_option
def list_applications(
    org_unit: str | None, state: str, node_id: str | None, limit: int, workspace: Workspace, as_json: bool
) -> None:
    """The queue, in its order."""
    from serving.access import LOCAL
    from serving.cli.asking import checked, local_desk
    from serving.messages import ApplicationsQuery

    values = {"org_unit": org_unit, "state": state, "node_id": node_id, "limit": limit}
    with local_desk(workspace) as (applications, _):
        found = applications.list(LOCAL, checked(ApplicationsQuery, values))
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    from serving.cli.tables import number, show_table

    rows = [
        [
            one["application_id"],
            one["node_id"],
            one["hall_id"],
            number(one["requested_kva"]),
            one["state"],
            f"{one['outcome']} {one['reason'] or ''}",
            one["binding_node_id"],
            number(one["fits_kva"]),
            number(one["waited_days"], 1),
        ]
        for one in found["applications"]
    ]
    columns = ["application", "area", "hall", "kVA", "state", "found", "bound by", "would fit", "days"]
    show_table(f"{found['total']:,} applications", columns, rows, ["kVA", "would fit", "days"])
    if found["total"] > len(rows):
        click.echo(f"{found['total'] - len(rows):,} more; --limit shows them")


@command.command()
@click.argument("application_id", metavar="APPLICATION")
@workspace_option
@json_option
def show(application_id: str, workspace: Workspace, as_json: bool) -> None:
    """Everything that happened to one APPLICATION."""
    import json

    from serving.access import LOCAL
    from serving.cli.asking import local_desk
    from serving.cli.tables import show_table

    with local_desk(workspace) as (applications, _):
        found = applications.show(LOCAL, application_id)
    if as_json:
        print_json(found)
        return
    rows = [
        [one["at"][:16], one["step"], one["by"], one["base_id"], json.dumps(one["detail"], ensure_ascii=False)]
        for one in found["steps"]
    ]
    show_table(f"application {application_id}", ["at (UTC)", "step", "by", "figures of", "what"], rows)


@command.command()
@click.argument("application_id", metavar="APPLICATION")
@click.option("--why", required=True, help="For those who look later.")
@workspace_option
@json_option
def withdraw(application_id: str, why: str, workspace: Workspace, as_json: bool) -> None:
    """Take APPLICATION out of the queue; those behind it move up."""
    from serving.access import LOCAL
    from serving.cli.asking import checked, local_desk
    from serving.messages import WithdrawRequest

    with local_desk(workspace) as (applications, _):
        found = applications.withdraw(LOCAL, application_id, checked(WithdrawRequest, {"why": why}))
    if as_json:
        print_json(found)
    else:
        click.echo(f"{application_id} is withdrawn after {found['waited_days']:.1f} days")


@command.command()
@workspace_option
@json_option
def recheck(workspace: Workspace, as_json: bool) -> None:
    """Look at the queue again, on figures computed anew where a ledger has changed since.

    Applications that the lake holds as handed in or surveyed and that nobody checked yet are checked, too.
    """
    from serving.cli.asking import local_desk

    with local_desk(workspace) as (applications, _):
        entered = applications.check_open()
        released = applications.recheck()
    if as_json:
        print_json({"checked": entered, "released": [case.application_id for case in released]})
        return
    click.echo(f"{entered['checked']} new applications checked, {entered['queued']} of them wait")
    for case in released:
        click.echo(f"released: {case.application_id} ({case.requested_kva:g} kVA at {case.node_id})")
    click.echo(f"{len(released)} released")


@command.command()
@click.option("--org", "org_unit", help="Only this org unit and below.")
@workspace_option
@json_option
def statistics(org_unit: str | None, workspace: Workspace, as_json: bool) -> None:
    """The queue in figures, by org unit; units above are recomputed from single applications."""
    from serving.access import LOCAL
    from serving.cli.asking import checked, local_desk
    from serving.cli.tables import number, show_table
    from serving.messages import QueueQuery

    with local_desk(workspace) as (applications, _):
        found = applications.statistics(LOCAL, checked(QueueQuery, {"org_unit": org_unit}))
    if as_json:
        print_json(found)
        return
    right = ["waiting", "constrained", "kVA", "released", "lapsed", "median days", "longest"]
    rows = [
        [
            one["org_unit"],
            one["name"],
            number(one["waiting"]),
            number(one["constrained"]),
            number(one["waiting_kva"]),
            number(one["released"]),
            number(one["lapsed"]),
            number(one["median_days"], 1),
            number(one["longest_days"], 1),
        ]
        for one in found["units"]
    ]
    show_table(f"the queue at {found['at'][:16]} UTC", ["unit", "name", *right], rows, right)
