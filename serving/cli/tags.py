"""`headroom tags`: what tags there are, what a customer holds and held and why, and what every run did."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from features.errors import NotFoundError
from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    from serving.tags import HeldTag, TagStore

__all__ = ["command"]

_AT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.group()
def command() -> None:
    """Tags of customers: their definitions, who holds which, on what evidence, and how it was at any past moment."""


@command.command()
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the whole reference page (docs/tags.md).")
@json_option
def definitions(as_markdown: bool, as_json: bool) -> None:
    """List the tags in force (configs/tags/*.yaml), checked against the features and scores there are."""
    from serving.cli.tables import show_table
    from serving.tags.reference import conditions_text, markdown
    from serving.tags.shipped import load_definitions, tag_files

    if as_markdown and as_json:
        raise click.UsageError("--markdown is the whole page: it takes no --json")
    known = load_definitions()
    if as_markdown:
        click.echo(markdown(tag_files()), nl=False)
    elif as_json:
        print_json({"digest": known.digest, "tags": [one.model_dump(mode="json") for one in known.tags]})
    else:
        rows = [[one.code, one.name.chinese, one.kind, conditions_text(one), one.owner] for one in known.tags]
        show_table(f"{len(rows)} tags", ["tag", "名称", "kind", "held while", "owner"], rows)


@command.command()
@click.argument("customer_id", metavar="CUSTOMER")
@click.option("--at", type=_AT, help="As of that moment, UTC; of the newest run without it.")
@workspace_option
@json_option
def show(customer_id: str, at: datetime | None, workspace: Workspace, as_json: bool) -> None:
    """The tags CUSTOMER holds, and those that are unknown, each with what it stands on."""
    from serving.cli.tables import show_table

    with _store(workspace) as store:
        newest = store.newest()
        # Past its time to live everything is unknown: true of a service that stopped publishing, and of no use here.
        moment = _utc(at) or (newest.as_of if newest is not None else None)
        held = sorted(store.held(customer_id, moment), key=lambda one: one.status != "held")
    as_of = None if moment is None else moment.isoformat()
    if as_json:
        print_json({"customer_id": customer_id, "as_of": as_of, "tags": [_plain(one) for one in held]})
        return
    rows = [
        [one.tag, one.chinese, one.status, f"{one.since:%Y-%m-%d}", _day(one.valid_until), _evidence(one)]
        for one in held
    ]
    show_table(
        f"customer {customer_id}, as of {moment:%Y-%m-%d %H:%M} UTC",
        ["tag", "名称", "", "since", "valid until", "on"],
        rows,
    )


@command.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Most runs shown.")
@workspace_option
@json_option
def runs(limit: int, workspace: Workspace, as_json: bool) -> None:
    """The runs, newest first."""
    from serving.cli.tables import number, show_table

    with _store(workspace) as store:
        found = store.runs(limit)
    if as_json:
        print_json({"runs": [asdict(one) | _iso(as_of=one.as_of, made_at=one.made_at) for one in found]})
        return
    rows = [
        [
            one.run_id,
            f"{one.as_of:%Y-%m-%d %H:%M}",
            f"{one.made_at:%Y-%m-%d %H:%M}",
            number(one.customers),
            number(one.changes),
            one.definitions_hash,
            one.inputs_hash,
        ]
        for one in found
    ]
    columns = ["run", "as of (UTC)", "made at", "customers", "changes", "definitions", "inputs"]
    show_table(f"{len(rows)} runs", columns, rows, ["customers", "changes"])


@command.command()
@click.option("--at", type=_AT, required=True, help="The moment, UTC.")
@workspace_option
@json_option
def replay(at: datetime, workspace: Workspace, as_json: bool) -> None:
    """How many held every tag at a past moment, read back from what runs recorded."""
    from serving.cli.tables import number, show_table
    from serving.decisions.tags import HELD, UNKNOWN

    moment = _utc(at)
    with _store(workspace) as store:
        run, state = store.newest(moment), store.state(moment)
    if run is None or moment is None:
        raise NotFoundError(f"no run of tags is as of {at.isoformat()} or before")
    status = state.told(moment)
    counts: list[dict[str, Any]] = [
        {
            "tag": one.tag,
            "version": one.version,
            "english": one.english,
            "chinese": one.chinese,
            "held": int((status[:, place] == HELD).sum()),
            "unknown": int((status[:, place] == UNKNOWN).sum()),
        }
        for place, one in enumerate(state.columns)
    ]
    if as_json:
        told = {"at": moment.isoformat(), "run_id": run.run_id, "as_of": run.as_of.isoformat()}
        print_json(told | {"customers": len(state.customers), "tags": counts})
        return
    rows = [[one["tag"], one["chinese"], one["version"], number(one["held"]), number(one["unknown"])] for one in counts]
    title = f"{number(len(state.customers))} customers at {moment:%Y-%m-%d %H:%M} UTC, by run {run.run_id}"
    show_table(title, ["tag", "名称", "version", "held", "unknown"], rows, ["version", "held", "unknown"])


@contextmanager
def _store(workspace: Workspace) -> Iterator["TagStore"]:
    from serving.settings import service_settings
    from serving.state import open_state
    from serving.tags import TagStore

    url = service_settings(workspace).state_url or workspace.state_url
    if url == workspace.state_url and not (workspace.root / "state.db").is_file():
        raise NotFoundError(f"there is no state at {workspace.root} yet, so that nobody was tagged")
    engine = open_state(url)
    try:
        yield TagStore(engine)
    finally:
        engine.dispose()


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"


def _evidence(one: "HeldTag") -> str:
    return ", ".join(f"{each['input']} {'?' if each['value'] is None else each['value']}" for each in one.evidence)


def _iso(**moments: datetime | None) -> dict[str, str | None]:
    return {name: None if one is None else one.isoformat() for name, one in moments.items()}


def _plain(one: "HeldTag") -> dict[str, Any]:
    names = ("tag", "version", "status", "english", "chinese", "evidence")
    meaning = one.definition.meaning
    told = {"meaning_english": meaning.english, "meaning_chinese": meaning.chinese, "purpose": one.definition.purpose}
    times = _iso(since=one.since, valid_until=one.valid_until, assigned_as_of=one.assigned_as_of)
    return {name: getattr(one, name) for name in names} | told | times | {"audience": list(one.definition.audience)}
