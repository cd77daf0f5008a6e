"""`headroom work-items`: what people must look at in the ledgers, and how they settle it."""

import json
from typing import Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]


@click.group("work-items")
def command() -> None:
    """What people must look at in the ledgers: who must, by when, what each system says, what is held meanwhile."""


@command.command("list")
@click.option("--org", help="Only those of this org unit and below.")
@click.option("--kind", help="Only this kind.")
@click.option("--state", default="open", show_default=True, help="open, resolved, settled, or all.")
@click.option("--subject", help="Only about this subject.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most rows shown.")
@workspace_option
@json_option
def list_items(
    org: str | None, kind: str | None, state: str, subject: str | None, limit: int, workspace: Workspace, as_json: bool
) -> None:
    """List work items, the most urgent first."""
    from features.contracts import CODE_LISTS
    from features.lake import Lake

    lake = Lake(workspace.lake)
    frame = lake.read("work_item")
    _known(kind, CODE_LISTS["work_item_kind"].values, "--kind")
    _known(None if state == "all" else state, CODE_LISTS["work_item_state"].values, "--state")
    for column, value in (("kind", kind), ("state", None if state == "all" else state), ("subject", subject)):
        if value is not None:
            frame = frame[frame[column] == value]
    if org is not None:
        frame = frame[frame["hall_id"].isin(_units(lake, org))]
    frame = frame.sort_values(["due_at", "kind", "subject"], kind="stable")
    rows = [_row(row) for row in frame.head(limit).to_dict("records")]
    if as_json:
        print_json({"work_items": rows, "found": len(frame)})
        return
    _show(rows, len(frame))


def _known(value: str | None, known: tuple[str, ...], option: str) -> None:
    if value is not None and value not in known:
        raise click.UsageError(f"{option} {value}: there is no such one; known: {', '.join(known)}")


def _units(lake: Any, org: str) -> frozenset[str]:
    from features.errors import NotFoundError
    from features.frames import each_row
    from serving.access import subtree

    units = lake.read("org_unit", columns=["unit_id", "parent_id", "valid_from"])
    units = units.drop_duplicates("unit_id", keep="last")
    above = {row.unit_id: row.parent_id if isinstance(row.parent_id, str) else None for row in each_row(units)}
    if org not in above:
        raise NotFoundError(f"there is no org unit {org}")
    return subtree(above, org)


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    from serving.cli.tables import plain_row

    plain = plain_row(row)
    return plain | {"says": json.loads(plain["says"])}


def _show(rows: list[dict[str, Any]], found: int) -> None:
    from serving.cli.tables import show_table

    table = [
        [
            row["work_item_id"],
            row["kind"],
            row["subject"],
            row["node_id"],
            row["hall_id"],
            json.dumps(row["says"], ensure_ascii=False),
            row["held"],
            row["due_at"][:10],
            row["state"],
        ]
        for row in rows
    ]
    columns = ["id", "kind", "about", "node", "hall", "what systems say", "held meanwhile", "due", "state"]
    show_table(f"{found:,} work items", columns, table)
    if found > len(rows):
        click.echo(f"{found - len(rows):,} more; --limit shows them")


@command.command()
@click.argument("work_item_id")
@click.option("--note", required=True, help="What was found, for those who come after.")
@workspace_option
@json_option
def settle(work_item_id: str, note: str, workspace: Workspace, as_json: bool) -> None:
    """Settle an open item though the ledgers still differ; it opens again when a system says something else."""
    import pandas as pd

    from features.errors import NotFoundError
    from features.lake import Lake
    from features.reconcile.items import settle as settled

    lake = Lake(workspace.lake)
    now = pd.Timestamp.now(tz="UTC").floor("us")
    try:
        row = settled(lake.read("work_item"), work_item_id, note, now)
    except KeyError as error:
        raise NotFoundError(f"no work item {work_item_id} is open") from error
    lake.append("work_item", row, f"settled:{work_item_id}:{now.isoformat()}")
    if as_json:
        print_json({"work_item_id": work_item_id, "state": "settled"})
    else:
        click.echo(f"{work_item_id} is settled")
