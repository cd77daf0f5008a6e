"""Where applications connect, and which transfers make room."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from serving.envelope import KeyedRoute
from serving.examples import ALLOCATE_REQUESTS
from serving.messages import AllocateAnswer, AllocateRequest, TransfersAnswer, TransfersRequest
from serving.web.shared import BY_KEY, answered, faults

__all__ = ["router"]

router = APIRouter(prefix="/v1", route_class=KeyedRoute, dependencies=BY_KEY)


@router.post(
    "/allocate",
    response_model=AllocateAnswer,
    responses=faults(400, 401, 403, 404, 409, 413, 415, 422, 503, 504),
    summary="Where one or many applications connect",
)
async def allocate(
    request: Request, body: Annotated[AllocateRequest, Body(openapi_examples=ALLOCATE_REQUESTS)]
) -> Response:
    """Of the areas near, so that the least weighted kVA stays unserved and then at the least cost, within everything
    open and not promised at area, feeder and substation. `commit` holds it.
    """
    rows = [_row(one.model_dump(exclude_none=True)) for one in body.requests]
    return await answered(
        request, lambda b: b.connecting.allocate(request.state.principal, rows, body.commit, body.by_class)
    )


def _row(given: dict[str, object]) -> dict[str, object]:
    shares = given.pop("block_share", None)
    if isinstance(shares, list):
        given |= {f"block_share_{block}": share for block, share in enumerate(shares)}
    return given


@router.post(
    "/transfers",
    response_model=TransfersAnswer,
    responses=faults(400, 401, 403, 404, 413, 415, 422, 503, 504),
    summary="Which ties to switch so that more load fits",
)
async def transfers(request: Request, body: TransfersRequest) -> Response:
    """Exchanges of branches between tied feeders, checked by power flow: radial, every limit kept, the kVA gained."""
    return await answered(request, lambda b: b.transfers.plans(request.state.principal, body))
