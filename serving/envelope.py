"""The one shape of every refusal, and the checks every keyed request passes before it is looked at."""

import logging
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from features.errors import HeadroomError, NotFoundError
from serving.intake import INTAKE_TYPES
from serving.refusals import (
    BadFieldError,
    FieldFault,
    RefusalError,
    TooLargeError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from serving.telemetry import request_id_of

__all__ = ["IntakeRoute", "KeyedRoute", "install_error_shape", "refused"]

_log = logging.getLogger("headroom.service")
_HTTP_CODES = {
    400: ("MALFORMED_BODY", "the body is not readable JSON"),
    404: ("NOT_FOUND", "there is nothing at this path"),
    405: ("METHOD_NOT_ALLOWED", "this path does not answer this method"),
}
# Where a validation error's path begins with one of these, it is FastAPI's or the discriminator's, not the client's.
_OUTER, _TAGS = ("body", "query", "path", "header"), ("nodes", "unit", "ask", "commit", "area", "place")


def refused(
    request: Request,
    status: int,
    code: str,
    message: str,
    faults: Sequence[FieldFault] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A refusal in the one shape."""
    body = {
        "code": code,
        "message": message,
        "fields": [{"field": fault.field, "message": fault.message} for fault in faults],
        "request_id": request_id_of(request.scope),
    }
    return JSONResponse({"error": body}, status_code=status, headers=headers)


def install_error_shape(app: FastAPI) -> None:
    """Give every error `app` can answer with the one shape."""

    @app.exception_handler(HeadroomError)
    async def on_known(request: Request, error: HeadroomError) -> Response:
        if isinstance(error, RefusalError):
            headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthenticatedError) else None
            return refused(request, error.status, error.code, str(error), error.faults, headers)
        if isinstance(error, NotFoundError):
            return refused(request, 404, "NOT_FOUND", str(error))
        _log.error("request=%s unavailable: %s", request_id_of(request.scope), error)
        return refused(request, 503, "UNAVAILABLE", str(error))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        errors = error.errors()
        if any(one["type"] == "json_invalid" for one in errors):
            return refused(request, 400, *_HTTP_CODES[400])
        faults = [FieldFault(_field_of(one["loc"]), one["msg"]) for one in errors]
        first = f"{faults[0].field}: {faults[0].message}"
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return refused(request, 422, "INVALID_FIELD", first + more, faults)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        code, message = _HTTP_CODES.get(error.status_code, ("REFUSED", str(error.detail)))
        return refused(request, error.status_code, code, message, headers=dict(error.headers or {}))

    @app.exception_handler(ClientDisconnect)
    async def on_gone(request: Request, _error: ClientDisconnect) -> Response:
        return refused(request, 400, "CLIENT_GONE", "the client left before its body was read")

    @app.exception_handler(Exception)
    async def on_unforeseen(request: Request, _error: Exception) -> Response:
        # The framework raises the error again after this answer, so the log has its traceback.
        request_id = request_id_of(request.scope)
        message = f"an error nobody foresaw; the service's log has it under {request_id}"
        return refused(request, 500, "INTERNAL", message, headers={"X-Request-ID": request_id})


def _field_of(location: Sequence[int | str]) -> str:
    parts = list(location)
    if parts and parts[0] in _OUTER:
        parts = parts[1:]
    if parts and parts[0] in _TAGS:
        parts = parts[1:]
    return ".".join(str(part) for part in parts) or "(body)"


class KeyedRoute(APIRoute):
    """A route behind an API key: key first, then repeated parameters, the body's type and size, then what it says."""

    async def with_body(self, request: Request) -> Request:
        """The same request with its body read; refuses a body that is too large or does not say it is JSON."""
        body = await _read_body(request, request.app.state.backend.settings.max_body_bytes)
        if body and _media_type(request) != "application/json":
            raise UnsupportedMediaTypeError("send the body as Content-Type: application/json")
        return _replayed(request, body)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def checked(request: Request) -> Response:
            backend = request.app.state.backend
            request.state.principal = await backend.authenticate(request.headers.get("authorization"))
            _refuse_repeated(request)
            if request.method in ("POST", "PUT"):
                request = await self.with_body(request)
            return await answer(request)

        return checked


class IntakeRoute(KeyedRoute):
    """A keyed route that takes rows: who may not is told before a large body is read."""

    async def with_body(self, request: Request) -> Request:
        """The same request with its body read; refuses what says it is neither NDJSON nor CSV, in UTF-8."""
        backend = request.app.state.backend
        backend.intake.admit(request.state.principal)
        if len(request.headers.getlist("idempotency-key")) > 1:
            raise BadFieldError.of("Idempotency-Key", "given more than once, and may be given once")
        body = await _read_body(request, backend.settings.max_ingest_bytes)
        packed = request.headers.get("content-encoding", "identity") != "identity"
        if _media_type(request) not in INTAKE_TYPES or packed or _charset(request) not in ("utf-8", "utf8"):
            told = " or ".join(INTAKE_TYPES)
            raise UnsupportedMediaTypeError(f"send the rows as Content-Type: {told}, in UTF-8 and not compressed")
        return _replayed(request, body)


def _refuse_repeated(request: Request) -> None:
    """No parameter may come twice: which of the two was meant is not ours to choose."""
    faults = [
        FieldFault(name, f"given {len(given)} times, and may be given once")
        for name in request.query_params
        if len(given := request.query_params.getlist(name)) > 1
    ]
    if faults:
        raise BadFieldError(f"{faults[0].field}: {faults[0].message}", faults)


async def _read_body(request: Request, limit: int) -> bytes:
    too_large = TooLargeError(f"the body is larger than {limit} bytes")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _charset(request: Request) -> str:
    """What the text of the body says it is encoded in; UTF-8 where it says nothing."""
    found = re.search(r";\s*charset\s*=\s*\"?([^\s;\"]+)", request.headers.get("content-type", ""), re.IGNORECASE)
    return found[1].lower() if found else "utf-8"


def _replayed(request: Request, body: bytes) -> Request:
    async def replay() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, replay)
