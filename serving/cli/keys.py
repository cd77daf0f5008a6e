"""`headroom keys`: who may ask the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from features.errors import NotFoundError
from features.workspace import Workspace
from serving.access import ROLES, Permission, known_roles
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    from serving.state import ApiKey, KeyStore

__all__ = ["command"]


def _what_roles_may() -> str:
    """One line a role for the help, made from what the service enforces."""
    lines = (f"{role}: {', '.join(one.value for one in Permission if one in ROLES[role])}" for role in known_roles())
    return "\n\n".join(("What each role may do, within its org unit:", *lines))


@click.group()
def command() -> None:
    """Add, list and revoke API keys.

    A key has a role (admin, planner, marketing, collector) and sees one org unit and the units below it, or the whole
    territory. Only its hash is stored: it is shown once, when it is made.
    """


@command.command(epilog=_what_roles_may())
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(list(known_roles())),
    default="planner",
    show_default=True,
    help="What the key may do; see below.",
)
@click.option("--org", "org_unit", default=None, help="The org unit whose nodes it sees; all of them without it.")
@workspace_option
@json_option
def add(name: str, role: str, org_unit: str | None, workspace: Workspace, as_json: bool) -> None:
    """Make a key called NAME and print it, once."""
    if org_unit is not None:
        _require_unit(workspace, org_unit)
    with _store(workspace) as store:
        made, key = store.add(name, role, org_unit)
    if as_json:
        print_json({**_shown(made), "key": key})
        return
    scope = f"org unit {org_unit}" if org_unit else "the whole territory"
    click.echo(f"key {made.key_id} for {name}: {role}, {scope}. It is shown this once:", err=True)
    click.echo(key)


@command.command("list")
@workspace_option
@json_option
def list_keys(workspace: Workspace, as_json: bool) -> None:
    """List every key, revoked ones too; never the keys themselves."""
    from serving.cli.tables import show_table

    with _store(workspace) as store:
        keys = [_shown(key) for key in store.all()]
    if as_json:
        print_json(keys)
        return
    columns = ["key_id", "name", "role", "org_unit", "created_at", "revoked_at"]
    show_table(f"{len(keys)} API key(s)", columns, [[key[column] for column in columns] for key in keys])


@command.command()
@click.argument("name_or_id")
@workspace_option
@json_option
def revoke(name_or_id: str, workspace: Workspace, as_json: bool) -> None:
    """Revoke the key of that name or id, from the next request on."""
    with _store(workspace) as store:
        revoked = _shown(store.revoke(name_or_id))
    if as_json:
        print_json(revoked)
    else:
        click.echo(f"key {revoked['key_id']} ({revoked['name']}) is revoked since {revoked['revoked_at']}")


@contextmanager
def _store(workspace: Workspace) -> Iterator["KeyStore"]:
    from serving.settings import service_settings
    from serving.state import KeyStore, open_state

    workspace.root.mkdir(parents=True, exist_ok=True)
    engine = open_state(service_settings(workspace).state_url or workspace.state_url)
    try:
        yield KeyStore(engine)
    finally:
        engine.dispose()


def _shown(key: "ApiKey") -> dict[str, Any]:
    stamps = {"created_at": key.created_at, "revoked_at": key.revoked_at}
    return {**asdict(key), **{n: None if s is None else s.isoformat(timespec="seconds") for n, s in stamps.items()}}


def _require_unit(workspace: Workspace, org_unit: str) -> None:
    from features.lake import Lake

    units = Lake(workspace.lake).read("org_unit", columns=["unit_id", "name"])
    if units.empty:
        click.echo("the lake holds no org units yet: until it does, this key sees nothing", err=True)
    elif org_unit not in set(units["unit_id"]):
        pairs = units.drop_duplicates("unit_id").head(10)
        known = ", ".join(f"{u} {n}" for u, n in zip(pairs["unit_id"], pairs["name"], strict=True))
        raise NotFoundError(f"there is no org unit {org_unit}; the first that exist: {known}")
