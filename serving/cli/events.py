"""`headroom events`: what went on at nodes, as monitoring has stored it."""

from datetime import UTC, datetime
from typing import Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.decisions.monitoring.codes import EVENT_STATE, NODE_EVENT_KIND

__all__ = ["command", "show_events"]

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])


@click.command()
@click.option("--org", "org_unit", help="Only those of this org unit and below.")
@click.option("--from", "first", type=_MOMENT, help="Only what went on at or after this moment, UTC.")
@click.option("--to", "last", type=_MOMENT, help="Only what began before this moment, UTC.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(NODE_EVENT_KIND.values), help="Kinds; default: all.")
@click.option("--state", type=click.Choice(EVENT_STATE.values), help="Only those that go on, or are over.")
@click.option("--foreseen", is_flag=True, help="Only what a forecast sees coming, with its probability.")
@click.option("--rule-set", help="Only what this rule set found.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most rows shown.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Rows passed over.")
@workspace_option
@json_option
def command(
    org_unit: str | None,
    first: datetime | None,
    last: datetime | None,
    kinds: tuple[str, ...],
    state: str | None,
    foreseen: bool,
    rule_set: str | None,
    limit: int,
    offset: int,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Show the events of nodes, the newest first; `headroom monitor nodes` brings them up to date."""
    # Before the state is opened, so that its tables are made.
    from serving.monitoring.store import NodeEvents
    from serving.settings import service_settings
    from serving.state import open_state

    engine = open_state(service_settings(workspace).state_url or workspace.state_url)
    try:
        rows, total = NodeEvents(engine).find(
            rule_set=rule_set,
            units=None if org_unit is None else _units(workspace, org_unit),
            kinds=kinds,
            state=state,
            first=None if first is None else first.replace(tzinfo=UTC),
            last=None if last is None else last.replace(tzinfo=UTC),
            foreseen=True if foreseen else None,
            limit=limit,
            offset=offset,
        )
    finally:
        engine.dispose()
    if as_json:
        print_json({"events": [_plain(row) for row in rows], "found": total})
        return
    show_events(f"{total:,} events", rows)
    if total > offset + len(rows):
        click.echo(f"{total - offset - len(rows):,} more; --limit and --offset show them")


def show_events(title: str, rows: list[dict[str, Any]]) -> None:
    """Print events as a table."""
    from serving.cli.tables import number, show_table

    names = {code.code: code.english for code in NODE_EVENT_KIND.codes}
    lines = [
        [
            row["node_id"],
            row["hall_id"],
            row["kind"] + (f" (foreseen, {row['probability']:.0%})" if row["foreseen"] else ""),
            f"{row['start_utc']:%Y-%m-%d %H:%M}",
            "" if row["end_utc"] is None else f"{row['end_utc']:%Y-%m-%d %H:%M}",
            number(row["duration_minutes"]),
            f"{number(row['worst_value'], 2)} {'' if row['unit'] == '1' else row['unit']}".rstrip(),
            number(row["threshold"], 2),
            number(row["customers"]),
            names[row["kind"]],
        ]
        for row in rows
    ]
    right = ["minutes", "worst", "limit", "customers"]
    show_table(title, ["node", "hall", "kind", "start (UTC)", "end (UTC)", *right, "what"], lines, right)


def _units(workspace: Workspace, org_unit: str) -> frozenset[str]:
    from features.errors import NotFoundError
    from features.lake import Lake
    from serving.access import subtree

    units = Lake(workspace.lake).read("org_unit").sort_values("valid_from", kind="stable")
    parents = units["parent_id"].astype(object).where(units["parent_id"].notna(), None)
    found = subtree(dict(zip(units["unit_id"], parents, strict=True)), org_unit)
    if not found:
        raise NotFoundError(f"there is no org unit {org_unit!r}")
    return found


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd

    from serving.rows import plain

    return {name: plain(pd.Timestamp(value) if isinstance(value, datetime) else value) for name, value in row.items()}
