"""Forecasts, open capacity, and what they are of: nodes and publications."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from serving.envelope import KeyedRoute
from serving.examples import CAPACITY_ANSWER, CAPACITY_REQUESTS, FORECAST_REQUESTS
from serving.messages import (
    CapacityAnswer,
    CapacityRequest,
    ForecastAnswer,
    ForecastRequest,
    NodesAnswer,
    NodesQuery,
    PublicationsAnswer,
    PublicationsQuery,
)
from serving.web.shared import BY_KEY, answered, example, faults

__all__ = ["router"]

router = APIRouter(prefix="/v1", route_class=KeyedRoute, dependencies=BY_KEY)


@router.post(
    "/forecast",
    response_model=ForecastAnswer,
    responses=faults(400, 401, 403, 404, 413, 415, 422, 503, 504),
    summary="Load quantiles of nodes, hours to two weeks ahead",
)
async def forecast(
    request: Request, body: Annotated[ForecastRequest, Body(openapi_examples=FORECAST_REQUESTS)]
) -> Response:
    """Quantiles of the mean load of every interval, in kW. A figure that stands on less than usual says why."""
    return await answered(request, lambda b: b.answers.forecast(request.state.principal, body))


@router.post(
    "/capacity",
    response_model=CapacityAnswer,
    responses={**example(CAPACITY_ANSWER), **faults(400, 401, 403, 404, 413, 415, 422, 503, 504)},
    summary="Open capacity of nodes, and what binds it",
)
async def capacity(
    request: Request, body: Annotated[CapacityRequest, Body(openapi_examples=CAPACITY_REQUESTS)]
) -> Response:
    """The load that may still be promised at each node, from a publication or computed now. Figures of nodes under
    one feeder share its pool: never add them up. `open_kva: null` means not known, not zero.
    """
    return await answered(request, lambda b: b.answers.capacity(request.state.principal, body))


@router.get(
    "/nodes",
    response_model=NodesAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="Nodes the key sees, page by page",
)
async def nodes(request: Request, query: Annotated[NodesQuery, Query()]) -> Response:
    """The valid nodes in order of id; `next_after` leads to the next page."""
    return await answered(request, lambda b: b.answers.nodes(request.state.principal, query))


@router.get(
    "/publications",
    response_model=PublicationsAnswer,
    responses=faults(401, 403, 422, 503, 504),
    summary="Publications of open capacity, newest first",
)
async def publications(request: Request, query: Annotated[PublicationsQuery, Query()]) -> Response:
    """What was published, when, and from which model, data and configuration."""
    return await answered(request, lambda b: b.answers.publications(request.state.principal, query))
