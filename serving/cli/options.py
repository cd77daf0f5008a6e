"""Options every command shares."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from features.workspace import Workspace
from serving.settings import default_root

__all__ = ["MOMENT", "json_option", "moment_of", "now_option", "print_json", "workspace_option"]

MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])
"""How a moment is given, UTC."""


def _as_workspace(_ctx: click.Context, _param: click.Parameter, value: Path) -> Workspace:
    return Workspace(value)


def workspace_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--workspace DIR`; the command receives `workspace: Workspace`."""
    return click.option(
        "--workspace",
        type=click.Path(file_okay=False, path_type=Path),
        default=default_root,
        envvar="HEADROOM_WORKSPACE",
        show_default="workspace",
        callback=_as_workspace,
        help="Folder that holds the lake, the models, the publications and the state.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`; the command receives `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")(command)


def now_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--now MOMENT`; the command receives `now: datetime | None`, without a zone: see `moment_of`."""
    told = "As of this moment, UTC (default: now); for data that ended before."
    return click.option("--now", type=MOMENT, help=told)(command)


def moment_of(said: datetime | None) -> datetime:
    """The moment an option names, or this one."""
    return datetime.now(UTC) if said is None else said.replace(tzinfo=UTC)


def print_json(document: Any) -> None:
    """Write `document` to stdout as JSON, Chinese kept readable; a figure that is not known is null."""
    click.echo(json.dumps(_known(document), ensure_ascii=False, indent=2, allow_nan=False, default=str))


def _known(value: Any) -> Any:
    """NaN and infinities are no JSON: strict readers refuse the whole document for one of them."""
    if isinstance(value, Mapping):
        return {key: _known(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
