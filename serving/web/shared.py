"""What all routes share: keys, documented faults, examples, and the way to a use case."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response, Security
from fastapi.security import HTTPBearer

from serving.messages import ErrorAnswer

if TYPE_CHECKING:
    from serving.backend import Backend

__all__ = ["BY_KEY", "answered", "example", "faults"]

_JSON = "application/json"
_FAULTS = {
    400: "The body is not readable JSON.",
    401: "No valid API key.",
    403: "The key's role or org unit does not allow it.",
    404: "Something nobody knows (a node, org unit, table, application, customer, offer); the message names it.",
    409: "It does not fit what is there: other rows under the same key, no room, or a promise that holds no more.",
    413: "The body is too large.",
    415: "The body does not say it is what the path takes.",
    422: "A field cannot be used; `fields` names it.",
    503: "What the answer needs is not there yet, or too many requests wait.",
    504: "The answer took longer than a request may take.",
}

BY_KEY = [Security(HTTPBearer(auto_error=False, description="an API key made by `headroom keys add`"))]


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals a route may answer with, for the published interface."""
    return {status: {"model": ErrorAnswer, "description": _FAULTS[status]} for status in statuses}


def example(answer: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """An example of the answer, for the published interface."""
    return {200: {"content": {_JSON: {"example": answer}}}}


async def answered(request: Request, use_case: Callable[["Backend"], dict[str, Any]]) -> Response:
    """What a use case returns, as JSON; it runs in a thread."""
    backend: Backend = request.app.state.backend
    return Response(await backend.answer(lambda: use_case(backend)), media_type=_JSON)
