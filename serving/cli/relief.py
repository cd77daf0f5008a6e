"""What offers would free where there is no room, as tables."""

from collections.abc import Mapping
from typing import Any

import click

from serving.cli.tables import number, show_table

__all__ = ["show_relief"]


def show_relief(told: Mapping[str, Any]) -> None:
    """Constrained nodes with what is expected there, then the applications that would be served."""
    nodes, served = told["nodes"], told["applications"]
    if not nodes:
        click.echo("no node is constrained: nothing has to be freed")
        return
    rows = [
        [
            one["node_id"],
            one["kind"],
            f"{4 * one['block']:02d}–{4 * one['block'] + 4:02d} h",
            *(number(one[name], 1) for name in ("left_kva", "queued_kva", "missing_kva")),
            number(one["offers"]),
            number(one["accepted"], 1),
            *(number(one[name][one["block"]], 2) for name in ("freed_kva", "opened_kva")),
        ]
        for one in nodes
    ]
    columns = ["left kVA", "queued kVA", "missing kVA", "offers", "accepted", "freed kVA", "opened kVA"]
    show_table(f"{len(rows)} nodes without room", ["node", "kind", "hours", *columns], rows, columns)
    names = ", ".join(one["application_id"] for one in served[:10])
    more = f" and {len(served) - 10} more" if len(served) > 10 else ""
    click.echo(f"{len(served)} applications that wait would fit then{': ' if served else ''}{names}{more}")
