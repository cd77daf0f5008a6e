"""Applications: checked against what is open, queued, taken back."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response

from serving.envelope import KeyedRoute
from serving.examples import CHECK_ANSWER, CHECK_REQUESTS
from serving.messages import (
    ApplicationAnswer,
    ApplicationsAnswer,
    ApplicationsQuery,
    CheckAnswer,
    CheckRequest,
    QueueAnswer,
    QueuedApplication,
    QueueQuery,
    WithdrawRequest,
)
from serving.web.shared import BY_KEY, answered, example, faults

__all__ = ["router"]

router = APIRouter(prefix="/v1", route_class=KeyedRoute, dependencies=BY_KEY)

_Number = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="number of the application")
]


@router.post(
    "/applications/check",
    response_model=CheckAnswer,
    responses={**example(CHECK_ANSWER), **faults(400, 401, 403, 404, 409, 413, 415, 422, 503, 504)},
    summary="Does an application fit, and if not, what stands in the way",
)
async def check(request: Request, body: Annotated[CheckRequest, Body(openapi_examples=CHECK_REQUESTS)]) -> Response:
    """Tested against everything open and promised at the area, its feeder and its substation. One that does not fit is
    constrained and enters the queue; it is looked at again whenever anything changes, and released in order.
    """
    return await answered(request, lambda b: b.applications.check(request.state.principal, body))


@router.get(
    "/applications",
    response_model=ApplicationsAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="The queue for capacity, in its order",
)
async def applications(request: Request, query: Annotated[ApplicationsQuery, Query()]) -> Response:
    """Applications that wait, and those that did."""
    return await answered(request, lambda b: b.applications.list(request.state.principal, query))


@router.get(
    "/applications/{application_id}",
    response_model=ApplicationAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="One application and everything that happened to it",
)
async def application(request: Request, application_id: _Number) -> Response:
    """Every finding, release and end, with the figures it stood on and who did it."""
    return await answered(request, lambda b: b.applications.show(request.state.principal, application_id))


@router.post(
    "/applications/{application_id}/withdraw",
    response_model=QueuedApplication,
    responses=faults(400, 401, 403, 404, 409, 413, 415, 422, 503, 504),
    summary="Take an application out of the queue",
)
async def withdraw(request: Request, application_id: _Number, body: WithdrawRequest) -> Response:
    """What was held for it is free, and those behind it move up."""
    return await answered(request, lambda b: b.applications.withdraw(request.state.principal, application_id, body))


@router.get(
    "/queue",
    response_model=QueueAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="The queue in figures, by org unit",
)
async def queue(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
    """How many wait, for how much, for how long; units above are recomputed from single applications."""
    return await answered(request, lambda b: b.applications.statistics(request.state.principal, query))
