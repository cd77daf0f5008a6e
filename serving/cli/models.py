"""`headroom models`: which versions there are, and which one serves."""

from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    from training.registry import ModelVersion

__all__ = ["command"]


@click.group()
def command() -> None:
    """List the registered versions; promote one.

    The champion of a name is the version that serves; promoting another takes effect in a running service.
    """


@command.command("list")
@click.argument("name", required=False)
@workspace_option
@json_option
def list_models(name: str | None, workspace: Workspace, as_json: bool) -> None:
    """List every version (of the model NAME) with its metrics; the champion serves."""
    from serving.cli.tables import show_table
    from training.registry import list_versions

    versions = [_plain(version) for version in list_versions(workspace, name)]
    if as_json:
        print_json(versions)
        return
    rows = [
        [
            version["name"],
            version["version"],
            " ".join(version["aliases"]),
            version["created_at"][:16].replace("T", " "),
            "  ".join(f"{key} {value:.4g}" for key, value in sorted(version["metrics"].items())),
        ]
        for version in versions
    ]
    show_table(f"{len(rows)} version(s)", ["name", "version", "alias", "made (UTC)", "metrics"], rows, ["version"])


@command.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@workspace_option
@json_option
def promote(name: str, version: int, workspace: Workspace, as_json: bool) -> None:
    """Make VERSION of the model NAME the one that serves."""
    from training.registry import promote as promote_version

    made = promote_version(workspace, name, version)
    if as_json:
        print_json({"name": made.name, "version": made.version, "sha256": made.sha256, "path": str(made.path)})
    else:
        click.echo(f"{made.name} version {made.version} serves from now on")


def _plain(version: "ModelVersion") -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "aliases": list(version.aliases),
        "created_at": version.created_at.isoformat(),
        "run_id": version.run_id,
        "sha256": version.sha256,
        "metrics": dict(version.metrics),
        "params": dict(version.params),
        "tags": dict(version.tags),
    }
