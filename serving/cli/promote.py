"""`headroom promote`: let the challenger serve, if it holds its own against the champion."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    import pandas as pd

    from training.promotion import Force, PromotionPolicy, Verdict

__all__ = ["command", "load_policy", "show_verdict"]

_SHOWN_WORST, _SHOWN_BEST = 15, 5


@click.command()
@click.argument("name")
@click.option("--version", type=click.IntRange(1), help="Version to judge (default: the challenger).")
@click.option("--window-days", type=click.IntRange(1), help="Days to judge on, at most (default: the policy's).")
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with the rules of the gate (default: the shipped policy/promotion.yaml).",
)
@click.option("--force", is_flag=True, help="Promote whatever the gate says; needs --by and --why, which are recorded.")
@click.option("--by", help="Who promotes against the gate.")
@click.option("--why", help="For what reason.")
@workspace_option
@json_option
def command(
    name: str,
    version: int | None,
    window_days: int | None,
    policy: Path | None,
    force: bool,
    by: str | None,
    why: str | None,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Let a version of the model NAME serve, if the gate accepts it.

    Champion and challenger forecast the last days that neither has trained or tuned on, each with what was known at
    its issue. A challenger that is no worse, and either better or trained on later data, is fitted again on all data
    with the same parameters; that refit serves. The first version of a model has nobody to beat. Models of customers
    (value, anomaly, prospects) say what they expect of the same customers at origins that neither has seen.

    Exit code 0: it serves. 1: refused, with the table and the reason.
    """
    from training.promotion import promote_challenger

    against = _force(force, by, why)
    rules = load_policy(policy, window_days)
    with Steps(quiet=as_json) as say:
        verdict = promote_challenger(workspace, name, rules, version, against, say)
    if as_json:
        print_json(verdict.to_dict())
    else:
        show_verdict(verdict)
    if not verdict.promoted:
        raise click.exceptions.Exit(1)


def _force(force: bool, by: str | None, why: str | None) -> "Force | None":
    from training.promotion import Force

    if not force:
        if by or why:
            raise click.UsageError("--by and --why belong to --force")
        return None
    if not (by or "").strip() or not (why or "").strip():
        raise click.UsageError("--force needs --by WHO and --why TEXT: both are recorded")
    return Force(str(by), str(why))


def load_policy(path: Path | None = None, window_days: int | None = None) -> "PromotionPolicy":
    """The rules of the gate: the shipped ones where no file is given, over a window of so many days where asked."""
    from features.configs import config_path
    from features.settings import load_settings, parse_settings
    from training.promotion import PromotionPolicy

    policy = load_settings(PromotionPolicy, path or config_path("policy/promotion.yaml"))
    if window_days is None:
        return policy
    asked = {"window_days": window_days, "min_window_days": min(window_days, policy.min_window_days)}
    return parse_settings(PromotionPolicy, {**policy.model_dump(), **asked}, f"--window-days {window_days}")


def show_verdict(verdict: "Verdict") -> None:
    """The nodes compared, the checks, and what was decided why."""
    from serving.cli.tables import show_table

    if len(verdict.table):
        _show_nodes(verdict)
    if verdict.checks:
        rows = [[one.name, one.threshold, "yes" if one.passed else "NO", one.sentence] for one in verdict.checks]
        show_table("What is asked", ["check", "holds if", "holds", "found"], rows)
    click.echo(verdict.reason.sentence)
    if verdict.promoted:
        refit = "" if verdict.serving_version == verdict.version else f", version {verdict.version} fitted on all data"
        click.echo(f"{verdict.name} version {verdict.serving_version} serves{refit}. ({verdict.reason.code})")
    else:
        serves = f"version {verdict.serving_version} goes on serving"
        click.echo(f"{verdict.name} version {verdict.version} is refused, {serves}. ({verdict.reason.code})")


def _digits(table: "pd.DataFrame") -> int:
    """Two, or as many as losses that are shares need to be told apart."""
    return 2 if float(table["champion"].max()) >= 1 else 4


def _show_nodes(verdict: "Verdict") -> None:
    """The nodes from worst to best; of many only both ends."""
    from serving.cli.tables import number, show_table

    table = verdict.table
    left_out = len(table) - _SHOWN_WORST - _SHOWN_BEST
    places = list(range(len(table)))
    if left_out > 0:
        places = [*places[:_SHOWN_WORST], *places[-_SHOWN_BEST:]]
    rows = []
    for place in places:
        one = table.iloc[place]
        ends = f"{one['low']:+.1%} to {one['high']:+.1%}"
        losses = [number(one[side], _digits(table)) for side in ("champion", "challenger")]
        rows.append([table.index[place], *losses, f"{one['difference']:+.1%}", ends])
        if left_out > 0 and len(rows) == _SHOWN_WORST:
            rows.append([f"({left_out} more)", "", "", "", ""])
    title = f"{verdict.name} version {verdict.version} against version {verdict.judged_champion} · {verdict.window}"
    from training.customers.families import is_family

    whom, unit, loss = ("group", "", "mean loss") if is_family(verdict.name) else ("node", ", kW", "mean pinball loss")
    columns = [whom, f"champion{unit}", f"challenger{unit}", "difference", "interval"]
    show_table(f"{title} · {loss}", columns, rows, right=columns[1:])
