"""The HTTP routes: what may be asked of the service, and nothing but the way from a message to a use case."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Header, Path, Query, Request, Response, Security
from fastapi.responses import HTMLResponse
from fastapi.security import HTTPBearer

from serving.envelope import IntakeRoute, KeyedRoute, install_error_shape
from serving.examples import CAPACITY_ANSWER, CAPACITY_REQUESTS, FORECAST_REQUESTS, INGEST_ANSWER, INGEST_REQUESTS
from serving.landing import landing_page
from serving.messages import (
    CapacityAnswer,
    CapacityRequest,
    ErrorAnswer,
    ForecastAnswer,
    ForecastRequest,
    IngestAnswer,
    LiveAnswer,
    NodesAnswer,
    NodesQuery,
    PublicationsAnswer,
    PublicationsQuery,
    ReadyAnswer,
)
from serving.refusals import NotReadyError
from serving.telemetry import METRICS_TYPE, Observe, Telemetry

if TYPE_CHECKING:
    from serving.backend import Backend

__all__ = ["create_app"]

_JSON = "application/json"
_FAULTS = {
    400: "The body is not readable JSON.",
    401: "No valid API key.",
    403: "The key's role or org unit does not allow it.",
    404: "A node, org unit, publication or table that nobody knows; the message names it.",
    409: "Other rows came under the same Idempotency-Key before; nothing was changed.",
    413: "The body is too large.",
    415: "The body does not say it is what the path takes.",
    422: "A field cannot be used; `fields` names it.",
    503: "What the answer needs is not there yet, or too many requests wait.",
    504: "The answer took longer than a request may take.",
}


def _faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorAnswer, "description": _FAULTS[status]} for status in statuses}


def _example(answer: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {_JSON: {"example": answer}}}}


_BY_KEY = [Security(HTTPBearer(auto_error=False, description="an API key made by `headroom keys add`"))]
_read = APIRouter(prefix="/v1", route_class=KeyedRoute, dependencies=_BY_KEY)
_write = APIRouter(prefix="/v1", route_class=IntakeRoute, dependencies=_BY_KEY)


@_read.post(
    "/forecast",
    response_model=ForecastAnswer,
    responses=_faults(400, 401, 403, 404, 413, 415, 422, 503, 504),
    summary="Load quantiles of nodes, hours to two weeks ahead",
)
async def forecast(
    request: Request, body: Annotated[ForecastRequest, Body(openapi_examples=FORECAST_REQUESTS)]
) -> Response:
    """Quantiles of the mean load of every interval, in kW. A figure that stands on less than usual says why."""
    return await _answered(request, lambda b: b.answers.forecast(request.state.principal, body))


@_read.post(
    "/capacity",
    response_model=CapacityAnswer,
    responses={**_example(CAPACITY_ANSWER), **_faults(400, 401, 403, 404, 413, 415, 422, 503, 504)},
    summary="Open capacity of nodes, and what binds it",
)
async def capacity(
    request: Request, body: Annotated[CapacityRequest, Body(openapi_examples=CAPACITY_REQUESTS)]
) -> Response:
    """The load that may still be promised at each node, from a publication or computed now. Figures of nodes under
    one feeder share its pool: never add them up. `open_kva: null` means not known, not zero.
    """
    return await _answered(request, lambda b: b.answers.capacity(request.state.principal, body))


@_read.get(
    "/nodes",
    response_model=NodesAnswer,
    responses=_faults(401, 403, 404, 422, 503, 504),
    summary="Nodes the key sees, page by page",
)
async def nodes(request: Request, query: Annotated[NodesQuery, Query()]) -> Response:
    """The valid nodes in order of id; `next_after` leads to the next page."""
    return await _answered(request, lambda b: b.answers.nodes(request.state.principal, query))


@_read.get(
    "/publications",
    response_model=PublicationsAnswer,
    responses=_faults(401, 403, 422, 503, 504),
    summary="Publications of open capacity, newest first",
)
async def publications(request: Request, query: Annotated[PublicationsQuery, Query()]) -> Response:
    """What was published, when, and from which model, data and configuration."""
    return await _answered(request, lambda b: b.answers.publications(request.state.principal, query))


_IngestKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="names these rows: sent again under the same key they are taken once",
        examples=["scada-2026-01-01T00"],
    ),
]
_IngestTable = Annotated[
    str, Path(min_length=1, max_length=200, description="a table of the contracts", examples=["node_load"])
]
_ROWS = {
    "requestBody": {
        "required": True,
        "description": "One object, or one line below the header, for each row: the contract's own columns and units; "
        "times in ISO 8601 with their offset. Without `available_at` rows are known from now on.",
        "content": {
            kind: {"schema": {"type": "string", "minLength": 1}, "example": example}
            for kind, example in INGEST_REQUESTS.items()
        },
    }
}


@_write.post(
    "/ingest/{table}",
    response_model=IngestAnswer,
    responses={**_example(INGEST_ANSWER), **_faults(401, 403, 404, 409, 413, 415, 422, 503, 504)},
    openapi_extra=_ROWS,
    summary="Bring rows of a table in",
)
async def ingest(request: Request, table: _IngestTable, idempotency_key: _IngestKey) -> Response:
    """Rows that keep the contract are in the lake when this is answered, all at once; the others are in quarantine,
    with their reason. For keys of the whole territory that may bring rows in.
    """
    body, who = await request.body(), request.state.principal
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return await _answered(request, lambda b: b.intake.take(who, table, idempotency_key, media_type, body))


async def _answered(request: Request, use_case: Callable[["Backend"], dict[str, Any]]) -> Response:
    backend: Backend = request.app.state.backend
    return Response(await backend.answer(lambda: use_case(backend)), media_type=_JSON)


_open = APIRouter(tags=["operation"])


@_open.get("/livez", response_model=LiveAnswer, summary="Is the process alive")
async def livez() -> LiveAnswer:
    """Answers as long as the process can."""
    return LiveAnswer(alive=True)


@_open.get(
    "/readyz", response_model=ReadyAnswer, responses=_faults(503, 504), summary="Is everything there that answers need"
)
async def readyz(request: Request) -> ReadyAnswer:
    """200 when questions can be answered; 503 with what is missing, and the command that brings it, otherwise."""
    backend: Backend = request.app.state.backend
    missing = await backend.run(backend.not_ready)
    if missing:
        raise NotReadyError("; ".join(f"{fault.field}: {fault.message}" for fault in missing), missing)
    return ReadyAnswer(ready=True, notes=await backend.run(backend.notes))


@_open.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="Counters for Prometheus",
)
async def metrics(request: Request) -> Response:
    """Requests by route template, method and status, and their durations."""
    return Response(request.app.state.telemetry.render(), media_type=METRICS_TYPE)


@_open.get("/", response_class=HTMLResponse, include_in_schema=False)
async def index(request: Request) -> HTMLResponse:
    return HTMLResponse(landing_page(request.app.openapi()))


@_open.get("/docs.json", include_in_schema=False)
async def openapi_alias(request: Request) -> dict[str, Any]:
    # Where a BentoML client looks for the interface.
    document: dict[str, Any] = request.app.openapi()
    return document


def create_app(make_backend: Callable[[], "Backend"]) -> FastAPI:
    """The ASGI application; `make_backend` is called when it starts, not before."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.backend = make_backend()
        app.state.backend.served.count = app.state.telemetry.kept
        app.state.backend.start_warming()
        yield
        app.state.backend.close()

    # The usual documentation pages load scripts from elsewhere; the landing page and /openapi.json stand in for them.
    app = FastAPI(
        title="Headroom",
        version="1",
        description="Demand forecasts and open capacity of transformer areas, feeders and substations.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.telemetry = Telemetry()
    app.add_middleware(Observe, telemetry=app.state.telemetry)
    install_error_shape(app)
    app.include_router(_read)
    app.include_router(_write)
    app.include_router(_open)
    return app
