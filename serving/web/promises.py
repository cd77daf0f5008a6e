"""Promises of capacity, and what halls are told."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from serving.envelope import KeyedRoute
from serving.messages import (
    ChangeRequest,
    NoticeEntry,
    NoticesAnswer,
    NoticesQuery,
    ReservationEntry,
    ReservationsAnswer,
    ReservationsQuery,
)
from serving.web.shared import BY_KEY, answered, faults

__all__ = ["router"]

router = APIRouter(prefix="/v1", route_class=KeyedRoute, dependencies=BY_KEY)

_Id = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[!-~]+$", description="id of the promise")]
_NoticeId = Annotated[int, Path(ge=1, le=2**53, description="number of the notice")]
_CHANGES = faults(400, 401, 403, 404, 409, 413, 415, 422, 503, 504)


@router.get(
    "/reservations",
    response_model=ReservationsAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="Promises of capacity, oldest first",
)
async def reservations(request: Request, query: Annotated[ReservationsQuery, Query()]) -> Response:
    """Approved applications, releases, allocations and offers; each holds its kVA at the area and at all above it."""
    return await answered(request, lambda b: b.promises.list(request.state.principal, query))


@router.post(
    "/reservations/{reservation_id}/confirm",
    response_model=ReservationEntry,
    responses=_CHANGES,
    summary="A held promise holds for good",
)
async def confirm(request: Request, reservation_id: _Id, body: ChangeRequest) -> Response:
    """It no longer runs out. Confirming again changes nothing."""
    return await answered(request, lambda b: b.promises.confirm(request.state.principal, reservation_id, body))


@router.post(
    "/reservations/{reservation_id}/cancel",
    response_model=ReservationEntry,
    responses=_CHANGES,
    summary="Free what a promise holds",
)
async def cancel(request: Request, reservation_id: _Id, body: ChangeRequest) -> Response:
    """Those that wait for it move up. Cancelling again changes nothing."""
    return await answered(request, lambda b: b.promises.cancel(request.state.principal, reservation_id, body))


@router.get(
    "/notices",
    response_model=NoticesAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="What halls are told, newest first",
)
async def notices(request: Request, query: Annotated[NoticesQuery, Query()]) -> Response:
    """That an application can be connected, or that its time ran out."""
    return await answered(request, lambda b: b.promises.notices(request.state.principal, query))


@router.post(
    "/notices/{notice_id}/read",
    response_model=NoticeEntry,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="A notice has been read",
)
async def read(request: Request, notice_id: _NoticeId) -> Response:
    """Who read it first, and when, stays."""
    return await answered(request, lambda b: b.promises.read(request.state.principal, notice_id))
