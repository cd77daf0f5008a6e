"""`headroom build`: everything that serves a workspace, in one bento."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option
from serving.cli.progress import Steps

if TYPE_CHECKING:
    from serving.bento.build import Built

__all__ = ["command"]

_MIB = 2**20
_REQUIREMENTS = "env/python/requirements.txt"


@click.command()
@click.option("--tag", help="NAME or NAME:VERSION (default: headroom, with a version made of the content).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write it to FILE.bento or to a new folder, instead of the BentoML store.",
)
@workspace_option
@json_option
def command(workspace: Workspace, tag: str | None, out: Path | None, as_json: bool) -> None:
    """Make a bento that serves the same answers as this workspace, without it.

    Inside are the code, the serving models, the publications, the lake (nothing about single customers) and the exact
    versions of the packages that serving runs on here; no key, no password, no training history. The same workspace
    and code give the same bento. It serves the workspace as it is now; with HEADROOM_WORKSPACE set where it runs, it
    serves that one instead and takes up new models and publications.
    """
    from serving.bento.build import build_bento

    began = time.perf_counter()
    with Steps(quiet=as_json) as say:
        built = build_bento(workspace, tag, out, say)
    seconds = time.perf_counter() - began
    commands = _commands(built, out)
    if as_json:
        print_json(_document(built, commands, seconds))
        return
    told = "bento" if built.fresh else "unchanged: the store holds this content already, as"
    click.echo(f"{told} {built.tag}, {built.size_bytes / _MIB:.1f} MiB, {seconds:.0f} s: {built.path}")
    for name, value in built.labels.items():
        click.echo(f"  {name:18} {value}")
    for name, line in commands.items():
        click.echo(f"{name.replace('_', ' '):13} {line}")


def _document(built: "Built", commands: dict[str, str], seconds: float) -> dict[str, Any]:
    return {
        "tag": built.tag,
        "path": str(built.path),
        "size_bytes": built.size_bytes,
        "new": built.fresh,
        "labels": built.labels,
        "commands": commands,
        "seconds": round(seconds, 1),
    }


def _commands(built: "Built", out: Path | None) -> dict[str, str]:
    """What an operator types where the bento is to run: packages, the first key, then the service."""
    if out is not None and built.path.is_file():
        requirements = f"tar -xJOf {built.path} ./{_REQUIREMENTS} > requirements.txt && pip install -r requirements.txt"
    else:
        requirements = f"pip install -r {built.path / _REQUIREMENTS}"
    steps = {"environment": requirements}
    folder, served = str(built.path), built.tag
    if out is not None and built.path.is_file():
        steps["import"] = f"bentoml import {built.path}"
        folder = f"$(bentoml get {built.tag} -o path)"
    elif out is not None:
        served = folder
    return {
        **steps,
        "first_key": f"(cd {folder}/src && python -m serving.cli keys add my-desk --role planner)",
        "serve": f"bentoml serve {served}",
    }
