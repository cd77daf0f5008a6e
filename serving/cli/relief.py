"""What offers would free where there is no room, as a table and in one sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from serving.cli.tables import number, show_table

__all__ = ["show_relief"]

_SHOWN = 15
_COLUMNS = ["left kVA", "queued kVA", "missing kVA", "offers", "accepted", "freed kVA", "opened kVA"]


def show_relief(told: Mapping[str, Any]) -> None:
    """The constrained nodes that miss most, what relief would open, and the applications that would be served."""
    nodes = told["nodes"]
    if not nodes:
        click.echo("no node is constrained: nothing has to be freed")
        return
    # Of equals in the order they are told in.
    worst = sorted(nodes, key=lambda one: -one["missing_kva"])[:_SHOWN]
    title = f"{len(nodes):,} nodes without room"
    if len(nodes) > len(worst):
        title += f"; the {len(worst)} that miss most, {len(nodes) - len(worst):,} more in relief.json"
    show_table(title, ["node", "kind", "hours", *_COLUMNS], [_row(one) for one in worst], _COLUMNS)
    click.echo(f"Relief would open {_opened(nodes)} and serve {_served(told['applications'])}")


def _row(one: Mapping[str, Any]) -> list[Any]:
    return [
        one["node_id"],
        one["kind"],
        f"{4 * one['block']:02d}–{4 * one['block'] + 4:02d} h",
        *(number(one[name], 1) for name in ("left_kva", "queued_kva", "missing_kva")),
        number(one["offers"]),
        number(one["accepted"], 1),
        *(number(one[name][one["block"]], 2) for name in ("freed_kva", "opened_kva")),
    ]


def _opened(nodes: Sequence[Mapping[str, Any]]) -> str:
    """By kind of node, for what is open at a feeder is none the more open for being open at its areas, too."""
    parts = []
    for kind in dict.fromkeys(one["kind"] for one in nodes):
        opened = [one["opened_kva"][one["block"]] for one in nodes if one["kind"] == kind]
        some = [kva for kva in opened if kva > 0]
        if some:
            name = kind or "node"
            parts.append(f"{number(sum(some), 1)} kVA at {len(some):,} {name}{'' if len(some) == 1 else 's'}")
    return f"{', '.join(parts)}, each in its fullest hours," if parts else "nothing"


def _served(applications: Sequence[Mapping[str, Any]]) -> str:
    if not applications:
        return "no application that waits"
    names = ", ".join(one["application_id"] for one in applications[:10])
    more = f" and {len(applications) - 10:,} more" if len(applications) > 10 else ""
    many = "1 application that waits" if len(applications) == 1 else f"{len(applications):,} applications that wait"
    return f"{many} ({number(sum(one['kva'] for one in applications), 1)} kVA): {names}{more}"
