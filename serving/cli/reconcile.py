"""`headroom reconcile`: the ledgers of several systems become one network, one set of customers, and work items."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    from features.reconcile import Reconciled

__all__ = ["command"]


@click.command()
@click.option(
    "--policy", type=click.Path(dir_okay=False, path_type=Path), help="Weights (configs/policy/reconcile.yaml)."
)
@click.option("--as-of", type=click.DateTime(), help="Use what was known at this moment, UTC (default: now).")
@workspace_option
@json_option
def command(policy: Path | None, as_of: datetime | None, workspace: Workspace, as_json: bool) -> None:
    """Bring together what marketing, assets, topology and collection say of one network.

    Records that mean one thing are linked, by identifiers, names, places and customers; what hangs on what is
    agreed, or told by voltages and loads where systems differ. Every link has a score and its evidence (`headroom
    links`), every disagreement becomes a work item (`headroom work-items`). Nodes, transformers, customers and
    applications are then those of the agreed network. Running it again changes nothing; after an ingest it writes
    what changed.
    """
    import pandas as pd

    from features.configs import config_path
    from features.reconcile import ReconcilePolicy, reconcile
    from features.settings import load_settings

    weights = load_settings(ReconcilePolicy, policy or config_path("policy/reconcile.yaml"))
    moment = datetime.now(UTC) if as_of is None else as_of.replace(tzinfo=as_of.tzinfo or UTC)
    done = reconcile(workspace, weights, pd.Timestamp(moment))
    if as_json:
        print_json(done.to_dict())
    else:
        _show(done)


def _show(done: "Reconciled") -> None:
    from features.contracts import CODE_LISTS
    from serving.cli.tables import number, show_table

    meaning = {one.code: one.english for name in ("link_relation", "work_item_kind") for one in CODE_LISTS[name].codes}
    rows = [
        [relation, meaning[relation], number(sum(methods.values())), _listed(methods)]
        for relation, methods in done.links.items()
    ]
    show_table("Links that hold", ["link", "says", "count", "decided by"], rows, ["count"])
    items = [
        [kind, meaning[kind], number(states.get("open", 0)), _listed(states)]
        for kind, states in done.work_items.items()
    ]
    show_table("Work items", ["kind", "what is wrong", "open", "by state"], items, ["open"])
    fates = ", ".join(f"{number(count)} {fate.replace('_', ' ')}" for fate, count in done.applications.items())
    click.echo(f"Applications: {fates}")
    written = {table: count for table, count in done.written.items() if count}
    if written:
        click.echo("Written: " + ", ".join(f"{number(count)} rows of {table}" for table, count in written.items()))
    else:
        click.echo("Nothing new: links, work items and tables are as they were.")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda one: -one[1]))
