"""`headroom monitor calibrate`: learn how likely forecasts are to cross limits."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    from serving.foreseen import Calibrated

__all__ = ["calibrate"]


@click.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with the settings (default: configs/foreseen.yaml).",
)
@workspace_option
@json_option
def calibrate(workspace: Workspace, config_file: Path | None, as_json: bool) -> None:
    """Backtest the demand model that serves on the last weeks, and keep what foreseen overloads need of it.

    Takes a fit and some seconds an issue: twelve minutes for the 91 issues of the demo territory. To be run after each
    promotion, and weekly: what is learnt belongs to one version of the model, and changes with the season.
    """
    from features.settings import load_settings
    from serving.foreseen import calibrate as make
    from training.foreseen import ForeseenConfig

    config = None if config_file is None else load_settings(ForeseenConfig, config_file)
    with Steps(quiet=as_json) as say:
        made = make(workspace, config, say)
    if as_json:
        print_json(_document(made))
        return
    found = made.calibration
    click.echo(
        f"learnt from {made.issues} issues, {made.cases} days of nodes, known until {found.known_until:%Y-%m-%d %H:%M} "
        f"UTC, for demand version {found.version} (by the {found.backtested})"
    )
    click.echo(f"kept in {made.path}")


def _document(made: "Calibrated") -> dict[str, object]:
    found = made.calibration
    return {
        "path": str(made.path),
        "version": found.version,
        "backtested": found.backtested,
        "first_issue": found.first_issue.isoformat(),
        "known_until": found.known_until.isoformat(),
        "issues": made.issues,
        "cases": made.cases,
        "lead_days": sorted(found.leads),
    }
