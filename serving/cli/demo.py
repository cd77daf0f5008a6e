"""`headroom demo`: the main job, end to end, on the embedded demo territory."""

import time
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    import pandas as pd

    from serving.mainjob import Made, Outcome

__all__ = ["command"]

_SHOWN = 8


@click.command()
@click.option("--areas", type=click.IntRange(1), help="Transformer areas (default: configs/demo.yaml).")
@click.option("--customers", type=click.IntRange(0), help="Customers with daily use.")
@click.option("--years", type=click.IntRange(2), help="Years of hourly load.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the territory; the same seed gives the same territory.")
@click.option("--trials", type=click.IntRange(0), help="Trials of the demand model's study (default: 4; 0: none).")
@workspace_option
@json_option
def command(
    areas: int | None,
    customers: int | None,
    years: int | None,
    seed: int | None,
    trials: int | None,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Generate a territory, ingest it through the gate, tune, train, publish its open capacity, and report.

    The workspace then holds everything `headroom serve` needs. Running it again on the same workspace reuses what is
    there and changes nothing.
    """
    from features.configs import config_path
    from features.demo import DemoConfig
    from features.settings import load_settings
    from serving.mainjob import TRIALS, run_main_job
    from serving.report.gather import gather
    from serving.report.page import write_report

    asked = {"areas": areas, "customers": customers, "years": years, "seed": seed}
    config = load_settings(DemoConfig, config_path("demo.yaml"))
    config = config.model_copy(update={name: value for name, value in asked.items() if value is not None})
    began = time.perf_counter()
    with Steps(quiet=as_json) as say:
        outcome = run_main_job(workspace, config, say, TRIALS if trials is None else trials)
        say("write the report")
        data = gather(workspace, outcome.publication, outcome.gate, say.done)
        page = write_report(data, workspace.root / "report.html")
    document = _document(outcome, say.done, time.perf_counter() - began, str(page))
    if as_json:
        print_json(document)
    else:
        _show(workspace, outcome, document)


def _document(outcome: "Outcome", stages: list[tuple[str, float]], seconds: float, page: str) -> dict[str, Any]:
    from serving.report.view import roomiest, summary, tightest

    return {
        "publication": outcome.publication.describe() | {"new": outcome.publication.fresh},
        "models": {made.trained.name: _model(made) for made in (outcome.demand, outcome.peak)},
        "summary": summary(outcome.capacity),
        "tightest": _rows(tightest(outcome.capacity, _SHOWN)),
        "roomiest": _rows(roomiest(outcome.capacity, _SHOWN)),
        "applications": dict(outcome.queue),
        "events": dict(outcome.events),
        "customers": _customers(outcome),
        "offers": _offers(outcome),
        "report": page,
        "stages": [{"stage": stage, "seconds": round(took, 2)} for stage, took in stages],
        "seconds": round(seconds, 1),
    }


def _customers(outcome: "Outcome") -> dict[str, Any]:
    """What the customers' part came to: models by name, and the tags with how many hold them; or why not."""
    models = {
        name: one if isinstance(one, str) else one.reason.code for name, one in sorted(outcome.customer_models.items())
    }
    if isinstance(outcome.tags, str):
        return {"models": models, "tags": {}, "note": outcome.tags}
    held = {tag: dict(one)["held"] for tag, one in outcome.tags.summary.counts.items()}
    return {"models": models, "tags": held, "snapshot": outcome.tags.snapshot.id}


def _offers(outcome: "Outcome") -> dict[str, Any]:
    """What was offered on the newest figures of both halves; or why nothing was."""
    if isinstance(outcome.offers, str):
        return {"sent": 0, "note": outcome.offers}
    run = outcome.offers.run
    told = {name: run.detail[name] for name in ("relief", "waitlist")}
    return {
        "run_id": run.run_id,
        "sent": run.sent,
        "held_out": run.held_out,
        **told,
        "path": str(outcome.offers.folder),
    }


def _told(made: "Made") -> str:
    tuned, verdict = made.tuned, made.verdict
    study = "" if tuned is None else f"best of {tuned.trials} trials, "
    served = verdict.serving_version
    refit = "" if served == made.trained.version else f" as version {served}, its refit on all data"
    return f"{made.trained.name}: {study}version {made.trained.version}: {verdict.reason.code}, serves{refit}"


def _model(made: "Made") -> dict[str, Any]:
    trained, verdict, tuned = made.trained, made.verdict, made.tuned
    study = None
    if tuned is not None:
        study = {"name": tuned.study_name, "trials": tuned.trials, "best": tuned.value, "default": tuned.default_value}
    return {
        "version": trained.version,
        "serving_version": verdict.serving_version,
        "gate": verdict.reason.code,
        "reused": trained.reused,
        "study": study,
        "metrics": dict(trained.metrics),
    }


def _rows(part: "pd.DataFrame") -> list[dict[str, Any]]:
    names = ["node_id", "name", "open_kva", "use", "reason", "why", "binding_node_id", "confidence"]
    return [{str(key): value for key, value in row.items()} for row in part[names].to_dict("records")]


def _show(workspace: Workspace, outcome: "Outcome", document: dict[str, Any]) -> None:
    from serving.cli.tables import show_table

    columns = ["node", "name", "open kVA", "P95 peak of limit", "what binds", "where", "confidence"]
    for title, rows in (("Tightest areas", document["tightest"]), ("Roomiest areas", document["roomiest"])):
        table = [
            [
                row["node_id"],
                row["name"],
                f"{row['open_kva']:,.0f}",
                f"{row['use']:.0%}",
                f"{row['reason']}: {row['why']}",
                "here" if row["binding_node_id"] == row["node_id"] else row["binding_node_id"],
                row["confidence"],
            ]
            for row in rows
        ]
        show_table(title, columns, table, columns[2:4])
    for made in (outcome.demand, outcome.peak):
        click.echo(_told(made))
    published = outcome.publication
    same = "" if published.fresh else " (the same figures were published before)"
    click.echo(f"Publication {published.id}, {published.nodes} nodes{same}; {document['seconds']:.0f} s in all.")
    queue, events = outcome.queue, outcome.events
    click.echo(f"{events['opened']} new events at nodes, {events['open']} go on: `headroom events`")
    click.echo(f"{queue['checked']} new applications checked, {queue['queued']} wait: `headroom applications list`")
    customers = document["customers"]
    click.echo("Models of customers: " + ", ".join(f"{name}: {said}" for name, said in customers["models"].items()))
    total = sum(customers["tags"].values())
    click.echo(f"{total:,} tags held by customers: `headroom tags definitions`, `headroom customers query`")
    offers = document["offers"]
    told = offers.get("note") or f"{offers['relief']:,} to relieve the grid, {offers['waitlist']:,} wait for room"
    click.echo(f"{offers['sent']:,} offers made ({told}): `headroom pushes list`")
    where = "" if str(workspace.root) == "workspace" else f" --workspace {workspace.root}"
    click.echo(f"Report:  {document['report']}")
    click.echo(f"Serve:   headroom keys add my-desk --role planner{where}   # prints the key, once")
    click.echo(f"         headroom serve{where}")
