"""`headroom train`: tune where asked to, fit, score on held-out days, log, register."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps
from serving.cli.promote import load_policy, show_verdict
from serving.cli.study import StudyOptions, TuningBar, show_tuned

if TYPE_CHECKING:
    from training.jobs import Trained
    from training.promotion import Verdict
    from training.tuning import Tuned

__all__ = ["command"]


@click.group()
def command() -> None:
    """Train a model, log the run with its metrics and plots, and register a version.

    With --trials N the settings are tuned first, on rolling origins before the held-out days. A study may be broken
    off at any moment and shared by several processes: the same command goes on where it was.

    A version waits as challenger until the gate lets it serve: by `headroom promote`, or at once with --promote. The
    runs can be looked at with `mlflow ui` on the workspace's mlflow.db.
    """


def _shared(job: Callable[..., Any]) -> Callable[..., Any]:
    """Options both jobs take."""
    for option in (
        json_option,
        click.option("--promote", "promote_it", is_flag=True, help="Let the gate judge the version at once."),
        click.option("--again", is_flag=True, help="Train even if this data and configuration were trained before."),
        click.option(
            "--timeout", type=click.FloatRange(0, min_open=True), help="Minutes after which no trial is begun."
        ),
        click.option("--folds", type=click.IntRange(1, 20), help="Rolling origins (default: as the space says)."),
        click.option("--study", help="Name of the study (default: made from data and settings)."),
        click.option("--storage", help="Where the study is: postgresql://…, or a journal file (default: workspace)."),
        click.option(
            "--space",
            type=click.Path(dir_okay=False, path_type=Path),
            help="YAML file with the settings to tune and their ranges (default: the shipped one).",
        ),
        click.option("--trials", type=click.IntRange(0), help="Tune first: finished trials wanted, earlier ones too."),
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
@click.option(
    "--held-out-days",
    default=28,
    show_default=True,
    type=click.IntRange(0, 366),
    help="Last days, unseen by study and model, to score on.",
)
@_shared
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
        trained = train_demand(workspace, settings, held_out_days, again, say, *_origin(tuned))
    _finish(workspace, trained, tuned, promote_it, as_json)


@command.command()
@click.option(
    "--held-out-days",
    default=365,
    show_default=True,
    type=click.IntRange(0, 3660),
    help="Last days that the study does not see, for the gate to judge on.",
)
@_shared
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
        trained = train_peak(workspace, settings, policy, again, say, *_origin(tuned))
    _finish(workspace, trained, tuned, promote_it, as_json)


def _origin(tuned: "Tuned[Any] | None") -> "tuple[dict[str, str], str | None]":
    """What the version says of the study it came from, and the run it is nested in."""
    if tuned is None:
        return {}, None
    from training.tuning import tags_of

    return tags_of(tuned), tuned.run_id


def _finish(
    workspace: Workspace, trained: "Trained", tuned: "Tuned[Any] | None", promote_it: bool, as_json: bool
) -> None:
    """Tell what came out, and let the gate judge it where asked to; exit code 1 when it refuses."""
    if not as_json:
        if tuned is not None:
            show_tuned(tuned)
        _tell(trained)
    verdict = _judge(workspace, trained, as_json) if promote_it else None
    if as_json:
        study = None if tuned is None else {**asdict(tuned), "config": tuned.config.model_dump(mode="json")}
        print_json({**asdict(trained), "study": study, "gate": None if verdict is None else verdict.to_dict()})
    elif verdict is None:
        click.echo(f"It waits for the gate: headroom promote {trained.name}")
    else:
        show_verdict(verdict)
    if verdict is not None and not verdict.promoted:
        raise click.exceptions.Exit(1)


def _judge(workspace: Workspace, trained: "Trained", quiet: bool) -> "Verdict":
    from training.promotion import promote_challenger

    with Steps(quiet=quiet) as say:
        return promote_challenger(workspace, trained.name, load_policy(), trained.version, say=say)


def _tell(trained: "Trained") -> None:
    how = "had been trained before on the same data" if trained.reused else f"trained in {trained.seconds:.0f} s"
    click.echo(f"{trained.name} version {trained.version}: {how}")
    for name, value in sorted(trained.metrics.items()):
        click.echo(f"  {name:<24} {value:.4f}")
