"""What the commands of `headroom train` share: options, what a study leaves in a version, and how it is told."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps
from serving.cli.promote import load_policy, show_verdict
from serving.cli.study import show_tuned

if TYPE_CHECKING:
    from training.promotion import Verdict
    from training.tuning import Tuned
    from training.versioning import Trained

__all__ = ["finish", "origin_of", "shared_options"]


def shared_options(job: Callable[..., Any]) -> Callable[..., Any]:
    """Options all jobs take."""
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


def origin_of(tuned: "Tuned[Any] | None") -> "tuple[dict[str, str], str | None]":
    """What the version says of the study it came from, and the run it is nested in."""
    if tuned is None:
        return {}, None
    from training.tuning import tags_of

    return tags_of(tuned), tuned.run_id


def finish(
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
    if not trained.metrics:
        click.echo("  no scores: nothing was held out")
    for name, value in sorted(trained.metrics.items()):
        click.echo(f"  {name:<24} {value:.4f}")
