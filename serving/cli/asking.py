"""What the commands that ask share with the service: the same use cases, the same checks, no HTTP between."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from features.errors import HeadroomError
from features.workspace import Workspace

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy import Engine

    from serving.answers import Answers
    from serving.desk.applications import Applications
    from serving.desk.digests import Digests
    from serving.desk.promises import Promises

__all__ = ["checked", "keeping", "local_answers", "local_desk", "local_digests", "validated"]

M = TypeVar("M", bound="BaseModel")


def local_answers(workspace: Workspace) -> "Answers":
    """The service's use cases on a workspace, for the person who owns it."""
    from serving.answers import Answers
    from serving.holdings import Holdings
    from serving.settings import service_settings

    if not workspace.root.is_dir():
        raise HeadroomError(
            f"there is no workspace at {workspace.root}; `headroom demo` or `headroom ingest` makes one"
        )
    answers = Answers(Holdings(workspace, service_settings(workspace)))
    answers.held = lambda: _held(answers)
    return answers


def _held(answers: "Answers") -> dict[str, tuple[int, ...]]:
    """What is promised, by the workspace's state; nothing where there is none yet."""
    from serving.desk.applications import Applications
    from serving.state import open_state

    holdings = answers.holdings
    url = holdings.settings.state_url or holdings.workspace.state_url
    if url == holdings.workspace.state_url and not (holdings.workspace.root / "state.db").is_file():
        return {}
    engine = open_state(url)
    try:
        return Applications(holdings, lambda: engine).queue().ledger.held()[1]
    finally:
        engine.dispose()


@contextmanager
def keeping(answers: "Answers") -> Iterator[None]:
    """Store the forecasts given meanwhile in the workspace's state, as the service does; said when that fails."""
    from serving.served import ServedLog
    from serving.state import open_state

    settings, workspace = answers.holdings.settings, answers.holdings.workspace
    if not settings.keep_forecasts:
        yield
        return
    opened: list[Engine] = []

    def engine() -> "Engine":
        if not opened:
            opened.append(open_state(settings.state_url or workspace.state_url))
        return opened[0]

    log = ServedLog(engine, settings.keep_queue_bytes, settings.kept_days)
    answers.keep = log.offer
    try:
        yield
    finally:
        answers.keep = None
        log.close()
        for one in opened:
            one.dispose()
        for note in log.notes():
            click.echo(note, err=True)


@contextmanager
def local_desk(workspace: Workspace) -> Iterator[tuple["Applications", "Promises"]]:
    """The use cases of applications and promises on a workspace's state, for the person who owns it."""
    from serving.desk.applications import Applications
    from serving.desk.promises import Promises
    from serving.state import open_state

    holdings = local_answers(workspace).holdings
    engine = open_state(holdings.settings.state_url or workspace.state_url)
    try:
        applications = Applications(holdings, lambda: engine)
        yield applications, Promises(applications)
    finally:
        engine.dispose()


@contextmanager
def local_digests(workspace: Workspace) -> Iterator["Digests"]:
    """The use case of weekly digests on a workspace's state, for the person who owns it."""
    from serving.desk.digests import Digests

    with local_desk(workspace) as (applications, _):
        yield Digests(applications.holdings, applications.engine)


def checked(request: Any, values: Mapping[str, Any]) -> Any:
    """`values` as the message type `request`; HeadroomError names every bad field."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(request).validate_python(dict(values))
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
        raise HeadroomError("; ".join(lines)) from error


def validated(kind: type[M], values: Mapping[str, Any]) -> M:
    """`values` as a message of one type; HeadroomError names every bad option."""
    from pydantic import ValidationError

    try:
        return kind(**values)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
        raise HeadroomError("; ".join(lines)) from error
