"""`headroom digest`: the week of every org unit, as pages for people and as one document for programs."""

import json
from pathlib import Path

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]


@click.command()
@click.option("--org", "org_unit", help="This org unit and those below it (default: all).")
@click.option("--week", help="ISO week of local time, such as 2026-W10 (default: the last whole one).")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for a page (HTML) of each unit.")
@workspace_option
@json_option
def command(org_unit: str | None, week: str | None, out: Path | None, workspace: Workspace, as_json: bool) -> None:
    """Tell the week of each org unit: events, applications that wait, promises, open capacity.

    Every unit is counted from single things of its own. The same week told again is the same to the byte.
    """
    from serving.access import LOCAL
    from serving.cli.asking import local_digests
    from serving.cli.tables import number, show_table
    from serving.report.digest import render

    with local_digests(workspace) as digests:
        told = digests.weekly(LOCAL, org_unit, week)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
            (out / f"{told['week']}.json").write_text(text, encoding="utf-8")
            for unit in told["units"]:
                below = digests.weekly(LOCAL, unit["org_unit"], told["week"])
                page = out / f"{told['week']}-{unit['org_unit']}.html"
                page.write_text(render(below, unit["org_unit"]), encoding="utf-8")
    if as_json:
        print_json(told)
        return
    right = ["events", "overloaded", "wait", "kVA", "released", "areas full", "areas"]
    rows = [
        [
            unit["org_unit"],
            unit["name"],
            number(sum(one["events"] for one in unit["events"]["kinds"].values())),
            number(unit["events"]["kinds"].get("overload", {}).get("nodes", 0)),
            number(unit["queue"]["waiting"]),
            number(unit["queue"]["waiting_kva"]),
            number(unit["queue"]["released"]),
            number(unit["capacity"]["bands"]["nothing"]),
            number(unit["capacity"]["areas"]),
        ]
        for unit in told["units"]
    ]
    show_table(f"week {told['week']}", ["unit", "name", *right], rows, right)
    if out is not None:
        click.echo(f"{len(told['units'])} pages and {told['week']}.json in {out}")
