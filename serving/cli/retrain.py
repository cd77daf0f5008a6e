"""`headroom retrain`: train anew where it is needed, and say why or why not."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    from serving.retraining import Retrained

__all__ = ["command"]


@click.command()
@click.argument("name", type=click.Choice(["demand", "peak", "value", "anomaly", "prospects"]), default="demand")
@click.option("--if-needed", is_flag=True, help="Only where findings, new data or age speak for it.")
@click.option(
    "--trials", default=0, type=click.IntRange(0), help="Tune first, from the champion's settings (default: do not)."
)
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with the policy (default: configs/policy/retraining.yaml).",
)
@workspace_option
@json_option
def command(name: str, if_needed: bool, trials: int, policy: Path | None, workspace: Workspace, as_json: bool) -> None:
    """Train the model NAME anew with the champion's own settings, and let the gate judge it.

    Watches first. A broken sensor or a silent feed is a fault of the data, to be mended, and no reason to train. Exit
    code 0 whether or not a new version serves in the end: both are told with their reasons.
    """
    from serving.retraining import load_retrain_policy, retrain

    with Steps(quiet=as_json) as say:
        rules = load_retrain_policy(policy)
        found = retrain(workspace, name, if_needed=if_needed, policy=rules, trials=trials, say=say)
    if as_json:
        print_json(found.to_dict())
    else:
        _show(found)


def _show(found: "Retrained") -> None:
    decided = "is trained anew" if found.decision.needed else "is not trained anew"
    click.echo(f"{found.model} version {found.champion} {decided}:")
    for code, sentence in found.decision.reasons:
        click.echo(f"  {code}: {sentence}")
    if found.verdict is None:
        return
    verdict = found.verdict
    click.echo(f"version {found.version}: {verdict.reason.code}: {verdict.reason.sentence}")
    if verdict.promoted:
        click.echo(f"version {verdict.serving_version} serves now")
    else:
        click.echo(f"version {found.champion} goes on serving")
