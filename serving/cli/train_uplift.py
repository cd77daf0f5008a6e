"""`headroom train uplift`: what an offer changes, from contacts drawn by lot; used where it is shown to sort."""

from dataclasses import asdict
from pathlib import Path

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

__all__ = ["uplift"]


@click.command()
@click.option("--service", required=True, metavar="CODE", help="The service, by its code in configs/services.yaml.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with settings of the model; what it leaves out keeps its default.",
)
@click.option("--again", is_flag=True, help="Train even if these contacts and settings were trained on before.")
@workspace_option
@json_option
def uplift(service: str, config: Path | None, again: bool, workspace: Workspace, as_json: bool) -> None:
    """Train the uplift of one service: what an offer changes, by customer.

    It learns from sent and held-out contacts alike, as known when they were decided. No gate is asked: a version
    serves where its Qini, on contacts it has not seen, is above zero with its whole interval. Where it is not, the
    propensity score stays, and the version is kept all the same.
    """
    from datetime import UTC, datetime

    from features.configs import config_path
    from features.settings import load_settings
    from serving.pushes.learning import training_frame
    from serving.settings import service_settings
    from serving.state import open_state
    from training.uplift import UpliftConfig, train_uplift

    settings = load_settings(UpliftConfig, config or config_path("uplift.yaml"))
    engine = open_state(service_settings(workspace).state_url or workspace.state_url)
    try:
        with Steps(quiet=as_json) as say:
            say(f"reading what came of offers of {service}")
            trial = training_frame(workspace, engine, service, datetime.now(UTC), settings.window_days)
            made = train_uplift(workspace, trial, settings, again, say)
    finally:
        engine.dispose()
    if as_json:
        print_json({**asdict(made.trained), "ships": made.ships, "said": made.said})
        return
    how = "had been trained before on the same contacts" if made.trained.reused else "trained"
    click.echo(f"{made.trained.name} version {made.trained.version}: {how}")
    for name, value in sorted(made.trained.metrics.items()):
        click.echo(f"  {name:<24} {value:.4f}")
    click.echo(made.said)
