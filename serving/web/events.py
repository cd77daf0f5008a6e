"""What goes on at nodes, and the weekly digest of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from serving.envelope import KeyedRoute
from serving.messages import DigestAnswer, DigestQuery, EventsAnswer, EventsQuery
from serving.web.shared import BY_KEY, answered, faults

__all__ = ["router"]

router = APIRouter(prefix="/v1", route_class=KeyedRoute, dependencies=BY_KEY)


@router.get(
    "/events",
    response_model=EventsAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="Events at nodes: overload, voltage, silence, and what is seen coming",
)
async def events(request: Request, query: Annotated[EventsQuery, Query()]) -> Response:
    """What goes on, went on, or is foreseen, by org unit, period and kind; newest first."""
    return await answered(request, lambda b: b.happenings.events(request.state.principal, query))


@router.get(
    "/digest",
    response_model=DigestAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="A week of an org unit and of each unit below it",
)
async def digest(request: Request, query: Annotated[DigestQuery, Query()]) -> Response:
    """Events, applications that wait, promises and open capacity, each counted from single things of the unit."""
    return await answered(request, lambda b: b.digests.weekly(request.state.principal, query.org_unit, query.week))
