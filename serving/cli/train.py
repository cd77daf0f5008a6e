"""`headroom train`: tune where asked to, fit, score on held-out days, log, register."""

from pathlib import Path

import click

from features.workspace import Workspace
from serving.cli.progress import Steps
from serving.cli.study import StudyOptions, TuningBar
from serving.cli.train_customers import COMMANDS
from serving.cli.train_shared import finish, origin_of, shared_options
from serving.cli.train_uplift import uplift

__all__ = ["command"]


@click.group()
def command() -> None:
    """Train a model, log the run with its metrics and plots, and register a version.

    With --trials N the settings are tuned first, on rolling origins before the held-out days. A study may be broken
    off at any moment and shared by several processes: the same command goes on where it was.

    A version waits as challenger until the gate lets it serve: by `headroom promote`, or at once with --promote. The
    runs can be looked at with `mlflow ui` on the workspace's mlflow.db.
    """


@command.command()
@click.option(
    "--held-out-days",
    default=28,
    show_default=True,
    type=click.IntRange(0, 366),
    help="Last days, unseen by study and model, to score on.",
)
@shared_options
def demand(
    workspace: Workspace,
    config: Path | None,
    trials: int | None,
    space: Path | None,
    storage: str | None,
    study: str | None,
    folds: int | None,
    timeout: float | None,
    held_out_days: int,
    again: bool,
    promote_it: bool,
    as_json: bool,
) -> None:
    """Train the demand model: load of every node up to 14 days ahead, with quantiles."""
    from features.settings import load_settings
    from training.demand import DemandConfig
    from training.jobs import train_demand

    settings = load_settings(DemandConfig, config) if config else DemandConfig()
    options = StudyOptions(trials, space, storage, study, folds, timeout)
    tuned = None
    if options.wanted():
        from training.tuning import DemandSpace, tune_stored_demand

        ranges = options.load_space(DemandSpace, "demand.space.yaml")
        with TuningBar(quiet=as_json) as bar:
            tuned = tune_stored_demand(workspace, settings, ranges, options.run(workspace, bar), held_out_days)
        settings = tuned.config
    with Steps(quiet=as_json) as say:
        trained = train_demand(workspace, settings, held_out_days, again, say, *origin_of(tuned))
    finish(workspace, trained, tuned, promote_it, as_json)


@command.command()
@click.option(
    "--held-out-days",
    default=365,
    show_default=True,
    type=click.IntRange(0, 3660),
    help="Last days that the study does not see, for the gate to judge on.",
)
@shared_options
def peak(
    workspace: Workspace,
    config: Path | None,
    trials: int | None,
    space: Path | None,
    storage: str | None,
    study: str | None,
    folds: int | None,
    timeout: float | None,
    held_out_days: int,
    again: bool,
    promote_it: bool,
    as_json: bool,
) -> None:
    """Train the peak model: how high load will climb, with factors calibrated on earlier origins."""
    from features.configs import config_path
    from features.settings import load_settings
    from training.jobs import train_peak
    from training.peak import ConnectionPolicy, PeakConfig

    settings = load_settings(PeakConfig, config or config_path("peak.yaml"))
    policy = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    options = StudyOptions(trials, space, storage, study, folds, timeout)
    tuned = None
    if options.wanted():
        from training.tuning import PeakSpace, tune_stored_peak

        ranges = options.load_space(PeakSpace, "peak.space.yaml")
        with TuningBar(quiet=as_json) as bar:
            tuned = tune_stored_peak(workspace, settings, policy, ranges, options.run(workspace, bar), held_out_days)
        settings = tuned.config
    with Steps(quiet=as_json) as say:
        trained = train_peak(workspace, settings, policy, again, say, *origin_of(tuned))
    finish(workspace, trained, tuned, promote_it, as_json)


for _one in (*COMMANDS, uplift):
    command.add_command(_one)
