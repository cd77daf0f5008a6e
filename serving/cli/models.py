"""`headroom models`: which versions there are, which one serves, and how it came to."""

from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    from training.registry import ModelVersion, Promotion

__all__ = ["command"]


@click.group()
def command() -> None:
    """List the registered versions, and the history of what served.

    The champion of a name is the version that serves. `headroom promote` judges a challenger and lets it serve,
    `headroom rollback` goes back; a running service takes both up by itself.
    """


@command.command("list")
@click.argument("name", required=False)
@workspace_option
@json_option
def list_models(name: str | None, workspace: Workspace, as_json: bool) -> None:
    """List every version (of the model NAME) with its metrics; the champion serves. Scores by lead are in --json."""
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
            "  ".join(f"{key} {value:.4g}" for key, value in sorted(version["metrics"].items()) if "." not in key),
        ]
        for version in versions
    ]
    show_table(f"{len(rows)} version(s)", ["name", "version", "alias", "made (UTC)", "metrics"], rows, ["version"])


@command.command()
@click.argument("name")
@workspace_option
@json_option
def history(name: str, workspace: Workspace, as_json: bool) -> None:
    """Show what served as the model NAME, oldest first: since when, on what grounds, by whose decision."""
    from serving.cli.tables import show_table
    from training.registry import promotions

    lines = [_plain_promotion(one) for one in promotions(workspace, name)]
    if as_json:
        print_json(lines)
        return
    rows = [
        [
            line["version"],
            line["promoted_at"][:16].replace("T", " "),
            line["details"].get("reason", ""),
            line["details"].get("by", ""),
            line["details"].get("why") or line["details"].get("sentence", ""),
        ]
        for line in lines
    ]
    show_table(
        f"{name}: {len(rows)} promotion(s)", ["version", "since (UTC)", "reason", "by", "why"], rows, ["version"]
    )


def _plain_promotion(one: "Promotion") -> dict[str, Any]:
    return {
        "version": one.version,
        "promoted_at": one.promoted_at.isoformat(),
        "previous": one.previous,
        "details": dict(one.details),
    }


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
