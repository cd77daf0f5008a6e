"""`headroom features`: what is made of customers, told from the code; and the features of a moment as a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.errors import ConfigError
from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["command"]

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])
_WRITERS = {".parquet": "to_parquet", ".csv": "to_csv"}


@click.group(invoke_without_command=True)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the whole reference page (docs/features.md).")
@json_option
@click.pass_context
def command(ctx: click.Context, as_markdown: bool, as_json: bool) -> None:
    """Show every feature of customers: unit, window, source and meaning; `build` makes them.

    A feature that is not known is empty, never zero.
    """
    if ctx.invoked_subcommand is not None:
        if as_markdown or as_json:
            raise click.UsageError("--markdown and --json are of the list; `build` takes its own --json")
        return
    if as_markdown and as_json:
        raise click.UsageError("--markdown is the whole page: it takes no --json")
    if as_markdown:
        from features.behaviour.reference import markdown

        click.echo(markdown(), nl=False)
    elif as_json:
        from dataclasses import asdict

        from features.behaviour import FEATURES

        print_json({"features": [asdict(one) for one in FEATURES]})
    else:
        _show()


def _show() -> None:
    from features.behaviour.reference import COLUMNS, feature_row, groups
    from serving.cli.tables import show_table

    for name, features in groups().items():
        show_table(f"{name}: {len(features)} features", COLUMNS, [feature_row(one) for one in features])


@command.command("build")
@click.option("--as-of", type=_MOMENT, help="Use what was known at this moment, UTC (default: now).")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write them here: .parquet or .csv.")
@workspace_option
@json_option
def build(as_of: datetime | None, output: Path | None, workspace: Workspace, as_json: bool) -> None:
    """Make the features of all customers as of a moment, and tell how much of each is known."""
    import pandas as pd

    from features.behaviour import features_at, read_known
    from features.lake import Lake

    if output is not None and output.suffix not in _WRITERS:
        raise ConfigError(f"{output}: the name must end with {' or '.join(_WRITERS)}")
    moment = pd.Timestamp(datetime.now(UTC) if as_of is None else as_of.replace(tzinfo=UTC))
    frame = features_at(read_known(Lake(workspace.lake), workspace.territory(), moment))
    if output is not None:
        getattr(frame, _WRITERS[output.suffix])(output)
    told = _told(frame, moment, output)
    if as_json:
        print_json(told)
    else:
        _show_known(told)


def _told(frame: "pd.DataFrame", moment: "pd.Timestamp", output: Path | None) -> dict[str, Any]:
    known = {str(name): float(share) for name, share in frame.notna().mean().items()}
    return {
        "as_of": moment.isoformat(),
        "customers": len(frame),
        "output": None if output is None else str(output),
        "known_share": known,
    }


def _show_known(told: dict[str, Any]) -> None:
    from features.behaviour.reference import groups
    from serving.cli.tables import show_table

    rows = []
    for name, features in groups().items():
        share = [told["known_share"][one.name] for one in features]
        never = ", ".join(one.name for one, part in zip(features, share, strict=True) if part == 0)
        rows.append([name, len(share), f"{sum(share) / len(share):.0%}", never])
    title = f"{told['customers']:,} customers as of {told['as_of']}"
    show_table(title, ["group", "features", "known", "known of nobody"], rows, ["features", "known"])
    if told["output"]:
        click.echo(f"written to {told['output']}")
