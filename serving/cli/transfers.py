"""`headroom transfers`: which ties to switch so that more load fits at a feeder or an area."""

from typing import Any

import click
import pandas as pd

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]

_REASONS = {
    "NO_TIE": "nothing that is open could feed it another way",
    "NO_TIE_POINTS": "it has ties, but no table says between which points (tie.from_id, tie.to_id)",
    "NO_GAIN": "what binds now binds just as much after every exchange",
    "VOLTAGE": "a point would be too low after the exchange that comes nearest",
    "THERMAL": "a line or a tie would carry too much after the exchange that comes nearest",
    "NEIGHBOUR_FULL": "the feeder that would take over, or its substation, has no room for it",
}


@click.command()
@click.argument("place", metavar="FEEDER|AREA")
@click.option("--now", default=None, help="Lines and ties as valid at this moment; default: the publication's.")
@click.option("--publication", default=None, help="The id of a publication; default: the latest.")
@workspace_option
@json_option
def command(place: str, now: str | None, publication: str | None, workspace: Workspace, as_json: bool) -> None:
    """Show the switchings of ties that make room at a FEEDER, or at an AREA, most gain first.

    Each is checked by power flow: radial, no voltage too low, no line, tie, feeder or substation beyond its limit, with
    the room used up. Loads are what open capacity keeps room for. Room of a feeder is by how much its customers may
    grow together.
    """
    from serving.desk.transferring import transfers

    answer = transfers(workspace, place, _moment(now), publication_id=publication)
    if as_json:
        print_json(answer)
    else:
        _show(answer)


def _moment(text: str | None) -> pd.Timestamp | None:
    if text is None:
        return None
    try:
        at = pd.Timestamp(text)
    except ValueError as error:
        raise click.UsageError(f"--now {text}: not a moment") from error
    return at.tz_localize("UTC") if at.tzinfo is None else at.tz_convert("UTC")


def _show(answer: dict[str, Any]) -> None:
    from serving.cli.tables import number, show_table

    click.echo(
        f"{answer['at']}: {number(answer['before_kva'])} kVA fit as it stands, held by {answer['binding']} at "
        f"{answer['binding_at']}; publication {answer['publication_id']}"
    )
    table = [
        [
            "; ".join(f"close {step['close']}, open {step['open']}" for step in plan["steps"]),
            number(plan["gain_kva"]),
            number(plan["after_kva"]) + ("" if plan["keeps_limits"] else "*"),
            f"{len(plan['moved'])} ({number(plan['moved_kva'])} kVA)",
            f"{number(plan['losses_before_kw'], 1)} → {number(plan['losses_after_kw'], 1)}",
            f"{plan['lowest_before_pu']:.4f} → {plan['lowest_after_pu']:.4f}",
            "–" if plan["fullest"] is None else f"{plan['fullest']} {plan['fullest_share']:.0%}",
        ]
        for plan in answer["plans"]
    ]
    columns = ["switching", "gain kVA", "then fit kVA", "points moved", "losses kW", "lowest pu", "fullest then"]
    if table:
        show_table(f"transfers for {answer['at']}", columns, table, columns[1:3])
        if not all(plan["keeps_limits"] for plan in answer["plans"]):
            click.echo("* eases the feeder, which stays beyond its limit by that much")
    else:
        click.echo(f"no transfer helps ({answer['reason']}): {_REASONS[answer['reason']]}")
    for note in answer["notes"]:
        click.echo(f"note: {note}", err=True)
