"""`headroom allocate`: where one or many applications connect, what that costs, and why some cannot."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from features.errors import ConfigError, DataError
from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command", "read_requests"]


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--node", "node_id", help="One application: the area it stands in.")
@click.option("--at", "position", nargs=2, type=float, metavar="LON LAT", help="One application: where it stands.")
@click.option("--kva", type=float, help="One application: what it asks for.")
@click.option("--priority", type=click.IntRange(1, 5), help="One application: 1 (most urgent) to 5; default 3.")
@click.option("--class", "customer_class", help="One application: class of use.")
@click.option("--by-class", is_flag=True, help="Draw what the class does; else all of the kVA all day.")
@click.option("--commit", is_flag=True, help="Hold what is assigned, all of it or nothing.")
@click.option("--policy", "policy_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Rows per table; --json: all.")
@workspace_option
@json_option
def command(
    file: Path | None,
    node_id: str | None,
    position: tuple[float, float] | None,
    kva: float | None,
    priority: int | None,
    customer_class: str | None,
    by_class: bool,
    commit: bool,
    policy_file: Path | None,
    limit: int,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Say where the applications of FILE connect, or the one given by --kva with --node or --at.

    FILE is CSV with a header, or JSON: a list of objects. Columns: kva; node_id, or longitude and latitude; optional
    request_id, priority, submitted_at, customer_class, block_share_0 to block_share_5 (share of kva drawn in each four
    hours of the local day). Who weighs most is served first, at the least cost, within
    what is open and not promised.
    """
    one = {"kva": kva, "node_id": node_id, "priority": priority, "customer_class": customer_class}
    if position is not None:
        one |= {"longitude": position[0], "latitude": position[1]}
    given = {name: value for name, value in one.items() if value is not None}
    if (file is None) == (kva is None) or (file is not None and given) or (node_id is not None and position):
        raise ConfigError("give either a FILE, or --kva with --node or --at")
    rows = [given] if file is None else read_requests(file)
    answer = _ask(workspace, rows, by_class, commit, policy_file)
    if as_json:
        print_json(answer)
    else:
        _show(answer, limit)


def read_requests(file: Path) -> list[dict[str, Any]]:
    """Rows of a CSV or JSON file; an empty cell is left out. DataError for what is neither."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() == ".json":
            rows = json.loads(text)
        else:
            rows = list(csv.DictReader(text.splitlines(), strict=True, restkey="(beyond the header)"))
    except (UnicodeDecodeError, ValueError, csv.Error, RecursionError) as error:
        raise DataError("request", "file", f"cannot be read ({error})", 1, file.name) from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError("request", "file", "holds no rows: CSV with a header, or a JSON list of objects", 0, file.name)
    return [{name: value for name, value in row.items() if value not in (None, "")} for row in rows]


def _ask(
    workspace: Workspace, rows: list[dict[str, Any]], by_class: bool, commit: bool, policy_file: Path | None
) -> dict[str, Any]:
    from serving.access import LOCAL
    from serving.cli.asking import local_desk
    from serving.desk.allocating import load_allocation_policy
    from serving.desk.connecting import Connecting

    if commit and any("request_id" not in row for row in rows):
        raise ConfigError("what is held is held for somebody: give every application a request_id")
    policy = load_allocation_policy(policy_file)
    with local_desk(workspace) as (applications, _), _solver_unheard():
        return Connecting(applications).allocate(LOCAL, rows, commit, by_class, policy)


@contextmanager
def _solver_unheard() -> Iterator[None]:
    """HiGHS now and then writes a line to the terminal whatever it is told; it must not stand in a JSON document."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _show(answer: dict[str, Any], limit: int) -> None:
    from serving.cli.tables import number

    totals = answer["totals"]
    if answer["assignments"]:
        _show_assignments(answer["assignments"], limit)
    if answer["unserved"]:
        _show_unserved(answer["unserved"], limit)
    if totals["requests"] == 1:
        _show_alternatives((answer["assignments"] + answer["unserved"])[0]["alternatives"])
    click.echo(
        f"{number(totals['served'])} of {number(totals['requests'])} applications, "
        f"{number(totals['served_kva'])} kVA for {number(totals['cost_cny'])} CNY; "
        f"{number(totals['unserved_kva'])} kVA unserved. Found by {answer['method']}, "
        f"{_quality(answer)}; room of {answer['base_id']} less what is promised"
        f"{'; all of it is held now' if answer['committed'] else ''}."
    )


def _quality(answer: dict[str, Any]) -> str:
    if answer["optimal"]:
        return "nothing serves more by weight"
    return "not proved best" if answer["gap"] is None else f"at most {answer['gap']:.2%} from the best"


def _show_assignments(rows: list[dict[str, Any]], limit: int) -> None:
    from serving.cli.tables import number, show_table

    right = ["kVA", "km", "CNY"]
    table = [
        [
            row["request_id"],
            row["node_id"],
            number(row["kva"], 1),
            number(row["distance_km"], 2),
            number(row["cost_cny"]),
        ]
        for row in rows[:limit]
    ]
    show_table(f"{len(rows):,} connect", ["application", "area", *right], table, right)


def _show_unserved(rows: list[dict[str, Any]], limit: int) -> None:
    from serving.cli.tables import number, show_table

    right = ["kVA", "fits now kVA", "fits alone kVA"]
    table = [
        [
            row["request_id"],
            row["reason"],
            row["largest_node_id"],
            number(row["kva"], 1),
            number(row["largest_kva"], 1),
            number(row["largest_alone_kva"], 1),
        ]
        for row in rows[:limit]
    ]
    show_table(f"{len(rows):,} do not", ["application", "why", "roomiest area", *right], table, right)


def _show_alternatives(rows: list[dict[str, Any]]) -> None:
    from serving.cli.tables import number, show_table

    right = ["km", "CNY", "room kVA"]
    table = [
        [
            row["node_id"],
            number(row["distance_km"], 2),
            number(row["cost_cny"]),
            number(row["room_kva"], 1),
            "yes" if row["fits"] else "no",
        ]
        for row in rows
    ]
    show_table("Places near", ["area", *right, "fits"], table, right)
