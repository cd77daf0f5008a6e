"""Whether the service lives and is ready, its counters, and the page that tells what it answers."""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from serving.landing import landing_page
from serving.messages import LiveAnswer, ReadyAnswer
from serving.refusals import NotReadyError
from serving.telemetry import METRICS_TYPE
from serving.web.shared import faults

if TYPE_CHECKING:
    from serving.backend import Backend

__all__ = ["router"]

router = APIRouter(tags=["operation"])


@router.get("/livez", response_model=LiveAnswer, summary="Is the process alive")
async def livez() -> LiveAnswer:
    """Answers as long as the process can."""
    return LiveAnswer(alive=True)


@router.get(
    "/readyz", response_model=ReadyAnswer, responses=faults(503, 504), summary="Is everything there that answers need"
)
async def readyz(request: Request) -> ReadyAnswer:
    """200 when questions can be answered; 503 with what is missing, and the command that brings it, otherwise."""
    backend: Backend = request.app.state.backend
    missing = await backend.run(backend.not_ready)
    if missing:
        raise NotReadyError("; ".join(f"{fault.field}: {fault.message}" for fault in missing), missing)
    return ReadyAnswer(ready=True, notes=await backend.run(backend.notes))


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="Counters for Prometheus",
)
async def metrics(request: Request) -> Response:
    """Requests by route template, method and status, and their durations."""
    return Response(request.app.state.telemetry.render(), media_type=METRICS_TYPE)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def index(request: Request) -> HTMLResponse:
    return HTMLResponse(landing_page(request.app.openapi()))


@router.get("/docs.json", include_in_schema=False)
async def openapi_alias(request: Request) -> dict[str, Any]:
    # Where a BentoML client looks for the interface.
    document: dict[str, Any] = request.app.openapi()
    return document
