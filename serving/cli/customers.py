"""`headroom customers`: who is meant by an expression, exports, portraits, and who pulled what."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.errors import HeadroomError
from features.workspace import Workspace
from serving.cli.asking import validated
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    from serving.customers.desk import CustomerDesk

__all__ = ["command"]


@click.group()
def command() -> None:
    """Ask about customers, by the snapshot `headroom publish tags` wrote. Every pull is written down, yours too."""


def _selection(function: Any) -> Any:
    """What selecting has in common."""
    for option in (
        click.option("--identity", is_flag=True, help="Names, telephone numbers and addresses, too."),
        click.option("--ascending", is_flag=True, help="The smallest first."),
        click.option("--sort", "sort_by", help="Order by this column of numbers, the largest first."),
        click.option("--columns", help="What is told of each: names with commas between."),
        click.option("--org", "org_unit", help="Only customers of this org unit and below."),
    ):
        function = option(function)
    return function


@command.command()
@click.argument("expression", required=False)
@_selection
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Most rows shown.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Rows passed over.")
@click.option("--count", "count_only", is_flag=True, help="Only how many they are.")
@workspace_option
@json_option
def query(expression: str | None, workspace: Workspace, as_json: bool, **options: Any) -> None:
    """List the customers of whom EXPRESSION is true (all without one).

    \b
    headroom customers query 'tag("high_value") and not tag("late_payer")' --sort value_p50_cny
    headroom customers query 'evening_share > 0.4 and customer_class == "commercial"' --count
    """
    from serving.access import LOCAL
    from serving.cli.tables import show_table
    from serving.messages import TagsQueryRequest

    with _desk(workspace) as desk:
        told = desk.selecting.query(LOCAL, validated(TagsQueryRequest, _asked(expression, options)))
    if as_json:
        print_json(told)
        return
    if told["customers"]:
        names = list(told["customers"][0]["values"])
        who = ["name", "phone", "address"] if options["identity"] else []
        rows = [
            [
                *(one[name] or "" for name in ("customer_id", "hall_id", "area_id", "customer_class")),
                *(_cell(one["values"][name]) for name in names),
                *((one["identity"] or {}).get(name) or "" for name in who),
                ", ".join(one["tags"]),
            ]
            for one in told["customers"]
        ]
        columns = ["customer", "hall", "area", "class", *names, *who, "tags"]
        show_table(f"as of {told['snapshot']['as_of']}", columns, rows, names)
    click.echo(f"{told['total']:,} customers; of {told['unknown']:,} it cannot be told")
    if told["next_offset"] is not None:
        click.echo(f"{told['total'] - told['next_offset']:,} more; --limit and --offset show them")


@command.command()
@click.argument("expression", required=False)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="FILE.csv or FILE.parquet.")
@_selection
@workspace_option
@json_option
def export(expression: str | None, out: Path, workspace: Workspace, as_json: bool, **options: Any) -> None:
    """Write all customers of whom EXPRESSION is true to a file, with every column unless some are named.

    A file with names is yours to keep safe: `headroom erase` does not reach it.
    """
    from serving.access import LOCAL
    from serving.messages import TagsExportRequest

    form = out.suffix.removeprefix(".")
    if form not in ("csv", "parquet"):
        raise HeadroomError(f"{out}: the name has to end with .csv or .parquet")
    with _desk(workspace) as desk:
        request = validated(TagsExportRequest, _asked(expression, options) | {"format": form})
        parts = desk.selecting.export(LOCAL, request)
        with out.open("wb") as file:
            written = sum(file.write(part) for part in parts)
        (pull,) = desk.pulls.find(1)
    if as_json:
        print_json({"path": str(out), "customers": pull["customers"], "bytes": written})
    else:
        click.echo(f"{pull['customers']:,} customers in {out}")


@command.command()
@click.argument("customer_id", metavar="CUSTOMER")
@click.option("--language", type=click.Choice(["en", "zh", "both"]), default="both", show_default=True)
@click.option("--identity", is_flag=True, help="Name, telephone number and address, too.")
@workspace_option
@json_option
def portrait(customer_id: str, language: str, identity: bool, workspace: Workspace, as_json: bool) -> None:
    """All that is told of CUSTOMER at a counter."""
    from serving.access import LOCAL
    from serving.cli.portrait import lines_of
    from serving.messages import PortraitQuery

    with _desk(workspace) as desk:
        request = PortraitQuery(language="both" if as_json else language, identity=identity)
        told = desk.telling.portrait(LOCAL, customer_id, request)
    if as_json:
        print_json(told)
        return
    for line in lines_of(told):
        click.echo(line)


@command.command()
@click.option("--key", "key_id", help="Only those of this key, by its id.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most rows shown.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Rows passed over.")
@workspace_option
@json_option
def pulls(key_id: str | None, limit: int, offset: int, workspace: Workspace, as_json: bool) -> None:
    """Who was told what of how many customers, and when; the newest first."""
    from serving.cli.tables import number, show_table

    with _desk(workspace) as desk:
        found = desk.pulls.find(limit, offset, key_id)
    if as_json:
        print_json({"pulls": [row | {"at": row["at"].isoformat()} for row in found]})
        return
    rows = [
        [
            f"{row['at']:%Y-%m-%d %H:%M:%S}",
            row["key_id"],
            row["role"],
            row["route"],
            row["customer_id"] or row["expression"] or (row["expression_sha256"] or "")[:12],
            number(row["customers"]),
            "with names" if row["identity"] else "",
        ]
        for row in found
    ]
    columns = ["at (UTC)", "key", "role", "what", "of whom", "customers", ""]
    show_table(f"{len(rows)} pulls", columns, rows, ["customers"])


def _asked(expression: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """The options as a message has them."""
    names = options.pop("columns")
    ascending = options.pop("ascending")
    columns = None if names is None else [one.strip() for one in names.split(",") if one.strip()]
    return options | {"expression": expression, "columns": columns, "descending": not ascending}


def _cell(value: Any) -> str:
    from serving.customers.words import amount

    return "" if value is None else amount(value) if isinstance(value, float) else str(value)


@contextmanager
def _desk(workspace: Workspace) -> Iterator["CustomerDesk"]:
    """The use cases of customers on a workspace, for the person who owns it."""
    from serving.cli.asking import local_answers
    from serving.customers.desk import CustomerDesk
    from serving.state import open_state

    answers = local_answers(workspace)
    engine = open_state(answers.holdings.settings.state_url or workspace.state_url)
    try:
        yield CustomerDesk(answers, lambda: engine)
    finally:
        engine.dispose()
