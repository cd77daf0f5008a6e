"""`headroom links`: what is linked to what, how surely, and why."""

import json
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["command"]


@click.command()
@click.argument("things", nargs=-1, metavar="[ID]...")
@click.option("--below", type=click.FloatRange(0, 1), help="Only links that are less sure than this.")
@click.option("--past", is_flag=True, help="Links that hold no longer, too.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most rows shown.")
@workspace_option
@json_option
def command(
    things: tuple[str, ...], below: float | None, past: bool, limit: int, workspace: Workspace, as_json: bool
) -> None:
    """Show links from or to the given nodes, customers, applications or records (system:identifier).

    Without any, the least sure links come first. The evidence says what each system says, or what was weighed.
    """
    from features.errors import NotFoundError
    from features.lake import Lake

    frame = Lake(workspace.lake).read("link")
    if frame.empty:
        raise NotFoundError("the lake holds no links: run `headroom reconcile` first")
    if things:
        frame = frame[frame["from_id"].isin(things) | frame["to_id"].isin(things)]
        missing = [one for one in things if not (frame["from_id"].eq(one) | frame["to_id"].eq(one)).any()]
        if missing:
            raise NotFoundError(f"no link from or to {', '.join(missing)}")
    if not past:
        frame = frame[frame["valid_to"].isna()]
    if below is not None:
        frame = frame[frame["score"] < below]
    frame = frame.sort_values(["score", "relation", "from_id"], kind="stable")
    rows = [_row(row) for row in frame.head(limit).to_dict("records")]
    if as_json:
        print_json({"links": rows, "found": len(frame)})
        return
    _show(frame.head(limit), rows)
    if len(frame) > limit:
        click.echo(f"{len(frame) - limit:,} more; --limit shows them")


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    from serving.cli.tables import plain_row

    plain = plain_row(row)
    return plain | {"evidence": json.loads(plain["evidence"])}


def _show(frame: "pd.DataFrame", rows: list[dict[str, Any]]) -> None:
    from serving.cli.tables import show_table

    table = [
        [
            row["relation"],
            row["from_id"],
            row["to_id"],
            f"{row['score']:.3f}",
            row["method"],
            json.dumps(row["evidence"], ensure_ascii=False),
            str(row["valid_from"])[:10],
        ]
        for row in rows
    ]
    show_table(f"{len(frame):,} links", ["link", "from", "to", "score", "by", "evidence", "since"], table, ["score"])
