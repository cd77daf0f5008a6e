"""`headroom monitor`: is the model that serves still fed and judged as it was, and what goes on at the nodes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.workspace import Workspace
from serving.cli.monitor_calibrate import calibrate
from serving.cli.monitor_customers import customers, show_findings
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    from serving.watching import Monitoring

__all__ = ["command"]

_SHOWN = 8
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def command() -> None:
    """Watch what serves, and the nodes themselves."""


@command.command()
@click.option(
    "--now",
    type=_MOMENT,
    help="Judge what was known at this moment, UTC (default: the newest load).",
)
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with the policy (default: configs/policy/watching.yaml).",
)
@click.option("--fail-on-alarm", is_flag=True, help="Exit with code 1 when there is an alarm.")
@workspace_option
@json_option
def models(workspace: Workspace, now: datetime | None, policy: Path | None, fail_on_alarm: bool, as_json: bool) -> None:
    """Drift of the inputs, rolling scores against the champion's backtest, level shifts, and stale nodes.

    Every figure is compared with its own past. An alarm is rare by design; a notice is a hint. The result is kept in
    the workspace and as a run of the experiment `monitoring`.
    """
    import pandas as pd

    from serving.watching import load_policy, monitor_models

    moment = None if now is None else pd.Timestamp(now.replace(tzinfo=UTC))
    with Steps(quiet=as_json) as say:
        found = monitor_models(workspace, moment, load_policy(policy), say)
    if as_json:
        print_json(found.to_dict())
    else:
        _show(found)
    if fail_on_alarm and found.watched.alarmed:
        raise click.exceptions.Exit(1)


@command.command()
@click.option("--now", type=_MOMENT, help="Judge what was known at this moment, UTC (default: the newest load).")
@click.option("--rule-set", type=click.Choice(["a", "b"]), default="a", show_default=True, help="A shipped rule set.")
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with a rule set of one's own (default: configs/policy/monitoring_a.yaml).",
)
@click.option("--fail-on-event", is_flag=True, help="Exit with code 1 when an event is open.")
@workspace_option
@json_option
def nodes(
    workspace: Workspace,
    now: datetime | None,
    rule_set: str,
    policy: Path | None,
    fail_on_event: bool,
    as_json: bool,
) -> None:
    """Heavy load, overload, voltage, reverse flow, imbalance and silence at every node.

    Brings the stored events up to date from the lake: new ones open, others go on, close, or are withdrawn where late
    readings took their ground away. `headroom events` shows them all.
    """
    import pandas as pd

    from serving.cli.events import show_events
    from serving.monitoring.run import load_policy, watch_nodes

    moment = None if now is None else pd.Timestamp(now.replace(tzinfo=UTC))
    with Steps(quiet=as_json) as say:
        say("reading the lake")
        found = watch_nodes(workspace, moment, load_policy(rule_set, policy))
    if as_json:
        print_json(found.to_dict())
    else:
        show_events(f"Open events by rule set {found.rule_set} at {found.now:%Y-%m-%d %H:%M} UTC", found.open_events)
        told = ", ".join(f"{number} {name}" for name, number in found.changes.items())
        click.echo(f"{found.nodes} nodes watched since {found.since:%Y-%m-%d %H:%M} UTC: {told}")
        aside = ", ".join(f"{number} {name}" for name, number in found.set_aside.items() if number)
        if aside:
            click.echo(f"rows not judged: {aside}")
    if fail_on_event and found.open_events:
        raise click.exceptions.Exit(1)


@command.command()
@click.option("--now", type=_MOMENT, help="By what was known at this moment, UTC (default: the newest load).")
@workspace_option
@json_option
def foresee(workspace: Workspace, now: datetime | None, as_json: bool) -> None:
    """Which nodes are likely to be heavily loaded or overloaded within seven days, and how likely.

    Stored beside the events that happened; `headroom events --foreseen` shows them. Needs `headroom monitor calibrate`
    for the demand model that serves.
    """
    import pandas as pd

    from serving.foreseen import REASONS
    from serving.monitoring.foresight import foresee_nodes
    from serving.settings import service_settings
    from serving.state import open_state

    moment = None if now is None else pd.Timestamp(now.replace(tzinfo=UTC))
    settings = service_settings(workspace)
    engine = open_state(settings.state_url or workspace.state_url)
    try:
        with Steps(quiet=as_json) as say:
            say("forecasting the coming days")
            found = foresee_nodes(workspace, engine, settings.rule_set, now=moment)
    finally:
        engine.dispose()
    if as_json:
        told = {"now": found.now.isoformat(), "reason": found.reason, "foreseen": found.foreseen}
        print_json(told | {"opened": found.opened, "ended": found.ended})
        return
    if found.reason is not None:
        click.echo(f"nothing can be foreseen ({found.reason}): {REASONS[found.reason]}")
    ended = ", ".join(f"{number} {how}" for how, number in sorted(found.ended.items())) or "none ended"
    click.echo(
        f"{found.foreseen} events foreseen at {found.now:%Y-%m-%d %H:%M} UTC, {found.opened} of them new; {ended}"
    )


command.add_command(calibrate)
command.add_command(customers)


def _show(found: "Monitoring") -> None:
    from serving.cli.tables import number, show_table

    watched = found.watched
    show_findings(found)
    if len(watched.performance):
        worst = watched.performance.sort_values("pinball_ratio", ascending=False).head(_SHOWN)
        columns = ["node", "pinball kW", "backtest", "ratio", "coverage", "backtest ", "days", "served"]
        rows = [
            [
                str(node),
                number(row["pinball_kw"], 2),
                number(row["backtest_pinball_kw"], 2),
                number(row["pinball_ratio"], 2),
                number(row["coverage"], 2),
                number(row["backtest_coverage"], 2),
                row["days"],
                row["served_days"],
            ]
            for node, row in worst.iterrows()
        ]
        show_table("Scores of the last days beside the backtest, the worst nodes", columns, rows, right=columns[1:])
    for note in watched.notes:
        click.echo(note)
