"""Customers: which are meant, what is told of one, and what an inspection found."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from serving.envelope import KeyedRoute
from serving.examples import INSPECTION_REQUESTS, TAGS_EXPORT_REQUESTS, TAGS_QUERY_REQUESTS
from serving.messages import (
    CustomerTagsAnswer,
    CustomerTagsQuery,
    InspectionAnswer,
    InspectionRequest,
    PortraitAnswer,
    PortraitQuery,
    TagsAnswer,
    TagsExportRequest,
    TagsQueryAnswer,
    TagsQueryRequest,
)
from serving.web.shared import BY_KEY, answered, faults

if TYPE_CHECKING:
    from serving.backend import Backend

__all__ = ["router"]

router = APIRouter(prefix="/v1", route_class=KeyedRoute, dependencies=BY_KEY)

_Customer = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="the account, by its surrogate")
]
_InspectionKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="names this inspection: sent again under the same key it is taken once",
        examples=["visit-4711"],
    ),
]
_FORMS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, in the form that was asked for.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get(
    "/tags",
    response_model=TagsAnswer,
    responses=faults(401, 403, 503, 504),
    summary="What an expression may speak of: tags and columns",
)
async def tags(request: Request) -> Response:
    """Every tag and column that the key's role may see, with how many of the key's customers hold each tag."""
    return await answered(request, lambda b: b.customers.telling.definitions(request.state.principal))


@router.post(
    "/tags/query",
    response_model=TagsQueryAnswer,
    responses=faults(400, 401, 403, 404, 413, 415, 422, 503, 504),
    summary="Customers selected by an expression over tags, value and features",
)
async def query(
    request: Request, body: Annotated[TagsQueryRequest, Body(openapi_examples=TAGS_QUERY_REQUESTS)]
) -> Response:
    """A page of them in the order asked for, or only how many they are. Of whom the expression cannot be told, because
    something in it is not known, is not selected but counted. Every query is written down before it is answered.
    """
    return await answered(request, lambda b: b.customers.selecting.query(request.state.principal, body))


@router.post(
    "/tags/export",
    response_class=Response,
    responses={**_FILE, **faults(400, 401, 403, 404, 413, 415, 422, 503, 504)},
    summary="All customers an expression selects, as CSV or Parquet",
)
async def export(
    request: Request, body: Annotated[TagsExportRequest, Body(openapi_examples=TAGS_EXPORT_REQUESTS)]
) -> Response:
    """One row a customer; `tag:NAME` is 1 where it is held, 0 where it is not, empty where that is not known."""
    backend: Backend = request.app.state.backend
    lines: Iterator[bytes] = await backend.run(
        lambda: backend.customers.selecting.export(request.state.principal, body)
    )
    name = f'attachment; filename="customers.{body.format}"'
    return StreamingResponse(lines, media_type=_FORMS[body.format], headers={"Content-Disposition": name})


@router.get(
    "/customers/{customer_id}/tags",
    response_model=CustomerTagsAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="The tags of a customer, now or at a past moment",
)
async def customer_tags(
    request: Request, customer_id: _Customer, query: Annotated[CustomerTagsQuery, Query()]
) -> Response:
    """What he holds and what is not known of him, with the figures it stands on."""
    return await answered(request, lambda b: b.customers.telling.tags(request.state.principal, customer_id, query))


@router.get(
    "/customers/{customer_id}/portrait",
    response_model=PortraitAnswer,
    responses=faults(401, 403, 404, 422, 503, 504),
    summary="A customer at a glance, for the counter",
)
async def customer_portrait(
    request: Request, customer_id: _Customer, query: Annotated[PortraitQuery, Query()]
) -> Response:
    """Behaviour in words, value band, tags with evidence, needs, risks, applications under way, and what is open at
    his area less what was promised.
    """
    return await answered(request, lambda b: b.customers.telling.portrait(request.state.principal, customer_id, query))


@router.post(
    "/inspections",
    response_model=InspectionAnswer,
    responses=faults(400, 401, 403, 404, 409, 413, 415, 422, 503, 504),
    summary="Hand in what an inspection found",
)
async def inspection(
    request: Request,
    idempotency_key: _InspectionKey,
    body: Annotated[InspectionRequest, Body(openapi_examples=INSPECTION_REQUESTS)],
) -> Response:
    """It is in the lake when this is answered; the next training of the anomaly model learns from it."""
    who = request.state.principal
    return await answered(request, lambda b: b.customers.visits.take(who, idempotency_key, body))
