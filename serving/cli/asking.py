"""What the commands that ask share with the service: the same use cases, the same checks, no HTTP between."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from features.errors import HeadroomError
from features.workspace import Workspace

if TYPE_CHECKING:
    from serving.answers import Answers

__all__ = ["checked", "local_answers"]


def local_answers(workspace: Workspace) -> "Answers":
    """The service's use cases on a workspace, for the person who owns it."""
    from serving.answers import Answers
    from serving.holdings import Holdings
    from serving.settings import service_settings

    if not workspace.root.is_dir():
        raise HeadroomError(
            f"there is no workspace at {workspace.root}; `headroom demo` or `headroom ingest` makes one"
        )
    return Answers(Holdings(workspace, service_settings(workspace)))


def checked(request: Any, values: Mapping[str, Any]) -> Any:
    """`values` as the message type `request`; HeadroomError names every bad field."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(request).validate_python(dict(values))
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
        raise HeadroomError("; ".join(lines)) from error
