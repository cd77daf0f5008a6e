"""`headroom quality rules`: what is checked."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.cli.options import json_option, print_json

if TYPE_CHECKING:
    from features.quality import QualityRules, Rule

__all__ = ["markdown", "rules"]


@click.command("rules")
@click.option("--rules", "path", type=click.Path(dir_okay=False, path_type=Path), help="Another configs/quality.yaml.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the table of docs/quality.md.")
@json_option
def rules(path: Path | None, as_markdown: bool, as_json: bool) -> None:
    """Show the rules: what each checks, its weight, and below which scores it is to watch, or bad."""
    from features.configs import config_path
    from features.quality import QualityRules
    from features.settings import load_settings

    loaded = load_settings(QualityRules, path or config_path("quality.yaml"))
    if as_markdown:
        click.echo(markdown(loaded), nl=False)
    elif as_json:
        print_json(loaded.model_dump(mode="json"))
    else:
        from serving.cli.tables import show_table

        show_table(f"{len(loaded.rules)} rules", _HEAD, [_cells(rule) for rule in loaded.rules], _HEAD[4:7])


_HEAD = ["rule", "dimension", "table", "what is right", "weight", "watch below", "bad below", "check"]


def _cells(rule: "Rule") -> list[str]:
    given = rule.check.model_dump(exclude_defaults=True, mode="json")
    kind = given.pop("kind")
    told = ", ".join(
        f"{name} {value if not isinstance(value, list) else ' '.join(value)}" for name, value in given.items()
    )
    check = f"{kind}: {told}" if told else kind
    bounds = [f"{rule.weight:g}", f"{rule.watch_below:g}", f"{rule.bad_below:g}"]
    return [rule.id, rule.dimension, rule.table, f"{rule.english} {rule.chinese}", *bounds, check]


def markdown(loaded: "QualityRules") -> str:
    """The rules as a Markdown table."""
    rows = [_HEAD, ["---"] * len(_HEAD), *(_cells(rule) for rule in loaded.rules)]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)
