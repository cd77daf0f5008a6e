"""`headroom capacity`: what is open at which node, what binds it, and how sure that is."""

from typing import Any

import click

from features.errors import ConfigError
from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]

_KINDS = ("substation", "feeder", "area")


@click.command()
@click.argument("nodes", nargs=-1, metavar="[NODE...]")
@click.option("--org", "org_unit", default=None, help="Nodes of this org unit and the units below it.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Kinds of node; default: areas.")
@click.option("--sort", "order", default="tightest", show_default=True, type=click.Choice(["tightest", "roomiest"]))
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="Rows on the terminal; --json: all."
)
@click.option("--publication", default="latest", show_default=True, help="latest, the id of one, or live.")
@workspace_option
@json_option
def command(
    nodes: tuple[str, ...],
    org_unit: str | None,
    kinds: tuple[str, ...],
    order: str,
    limit: int,
    publication: str,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Show the open capacity of each NODE, of an org unit, or of the whole territory.

    Capacities of nodes under one feeder share what is open there: never add them up. A dash means not known, which is
    neither nothing nor plenty.
    """
    if nodes and (org_unit or kinds):
        raise ConfigError("give either nodes, or --org and --kind")
    answer = _ask(workspace, nodes, org_unit, kinds or ("area",), publication)
    if not nodes:
        answer["nodes"] = _sorted(answer["nodes"], order)
    if as_json:
        print_json(answer)
    else:
        _show(answer, limit if not nodes else len(nodes))


def _ask(
    workspace: Workspace, nodes: tuple[str, ...], org_unit: str | None, kinds: tuple[str, ...], publication: str
) -> dict[str, Any]:
    from serving.access import LOCAL
    from serving.cli.asking import checked, local_answers
    from serving.messages import CapacityRequest

    answers = local_answers(workspace)
    if not nodes and org_unit is None:
        return answers.whole_territory(LOCAL, kinds, publication)
    subject = {"node_ids": list(nodes)} if nodes else {"org_unit": org_unit, "kinds": list(kinds)}
    return answers.capacity(LOCAL, checked(CapacityRequest, {**subject, "publication": publication}))


def _sorted(rows: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    """Known figures first, either way round; equal ones by id."""
    known = sorted((row for row in rows if row["open_kva"] is not None), key=lambda row: row["node_id"])
    known.sort(key=lambda row: row["open_kva"], reverse=order == "roomiest")
    return known + [row for row in rows if row["open_kva"] is None]


def _show(answer: dict[str, Any], limit: int) -> None:
    from serving.cli.tables import number, show_table

    rows = answer["nodes"]
    right = ["open kVA", "pool kVA", "P50 kW", "P95 kW", "limit kW"]
    source = "live, not published" if answer["live"] else f"publication {answer['publication_id']}"
    title = f"{source}; looking {answer['horizon_days']} days ahead from {answer['issued_at']}"
    table = [
        [
            row["node_id"],
            row["name"],
            row["kind"],
            number(row["open_kva"]),
            number(row["pool_kva"]),
            number(row["peak_p50_kw"]),
            number(row["peak_p95_kw"]),
            number(row["limit_kw"]) + ("*" if row["rating_assumed"] else ""),
            " ".join(part for part in (row["reason"], row["binding_node_id"]) if part),
            row["confidence"],
        ]
        for row in rows[:limit]
    ]
    columns = ["node", "name", "kind", *right, "what binds", "confidence"]
    if any(row["standing_reason"] for row in rows):
        columns.append("standing")
        for line, row in zip(table, rows, strict=False):
            line.append(f"{row['standing']} {row['standing_reason']}")
    show_table(title, columns, table, right)
    if len(rows) > limit:
        click.echo(f"{len(rows) - limit} more; --limit shows more of them")
    if any(row["rating_assumed"] for row in rows[:limit]):
        click.echo("* the rating is assumed, not from a nameplate")
