"""`headroom train`: fit, score on held-out days, log, register."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    from training.jobs import Trained

__all__ = ["command"]


@click.group()
def command() -> None:
    """Train a model, log the run with its metrics and a plot, and register a version.

    A version waits as challenger until `headroom promote` lets it serve. The runs can be looked at with `mlflow ui` on
    the workspace's mlflow.db.
    """


def _shared(job: Callable[..., Any]) -> Callable[..., Any]:
    """Options both jobs take."""
    for option in (
        json_option,
        click.option("--again", is_flag=True, help="Train even if this data and configuration were trained before."),
        click.option(
            "--config",
            type=click.Path(dir_okay=False, path_type=Path),
            help="YAML file with settings of the model; what it leaves out keeps its default.",
        ),
        workspace_option,
    ):
        job = option(job)
    return job


@command.command()
@_shared
@click.option(
    "--held-out-days", default=28, show_default=True, type=click.IntRange(0, 366), help="Last days to score on."
)
def demand(workspace: Workspace, config: Path | None, held_out_days: int, again: bool, as_json: bool) -> None:
    """Train the demand model: load of every node up to 14 days ahead, with quantiles."""
    from features.settings import load_settings
    from training.demand import DemandConfig
    from training.jobs import train_demand

    settings = load_settings(DemandConfig, config) if config else DemandConfig()
    with Steps(quiet=as_json) as say:
        trained = train_demand(workspace, settings, held_out_days, again, say)
    _tell(trained, as_json)


@command.command()
@_shared
def peak(workspace: Workspace, config: Path | None, again: bool, as_json: bool) -> None:
    """Train the peak model: how high load will climb, with factors calibrated on earlier origins."""
    from features.configs import config_path
    from features.settings import load_settings
    from training.jobs import train_peak
    from training.peak import ConnectionPolicy, PeakConfig

    settings = load_settings(PeakConfig, config or config_path("peak.yaml"))
    connections = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    with Steps(quiet=as_json) as say:
        trained = train_peak(workspace, settings, connections, again, say)
    _tell(trained, as_json)


def _tell(trained: "Trained", as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        print_json(asdict(trained))
        return
    how = "had been trained before on the same data" if trained.reused else f"trained in {trained.seconds:.0f} s"
    click.echo(f"{trained.name} version {trained.version}: {how}")
    for name, value in sorted(trained.metrics.items()):
        click.echo(f"  {name:<24} {value:.4f}")
    click.echo(f"It waits for the gate: headroom promote {trained.name}")
