"""Offers of services: decided, listed, what came of them, and who wants none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from serving.envelope import KeyedRoute
from serving.examples import DECIDE_REQUESTS, OUTCOME_REQUESTS
from serving.messages import (
    DecideAnswer,
    DecideRequest,
    OutcomeAnswer,
    OutcomeRequest,
    PushEntry,
    PushesAnswer,
    PushesQuery,
    PushesReliefAnswer,
    PushesReliefQuery,
    ServicesAnswer,
    WishAnswer,
    WishRequest,
)
from serving.web.shared import BY_KEY, answered, faults

if TYPE_CHECKING:
    from serving.backend import Backend

__all__ = ["router"]

router = APIRouter(prefix="/v1", route_class=KeyedRoute, dependencies=BY_KEY)

_KEY = r"^[!-~]([ -~]*[!-~])?$"
_NDJSON = "application/x-ndjson"
_DecideKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=_KEY,
        description="names these offers: asked again under the same key they are made once. Needed with `commit`",
        examples=["campaign-2026-01-05"],
    ),
]
_OutcomeKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=_KEY,
        description="names this answer: sent again under the same key it is taken once",
        examples=["crm-991"],
    ),
]
_Customer = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="the account, by its surrogate")
]
_PushId = Annotated[str, Path(pattern=r"^[0-9a-f]{20}$", description="the offer", examples=["0123456789abcdef0123"])]
_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page of offers, or one offer a line.",
        "content": {_NDJSON: {"schema": {"type": "string"}}},
    }
}
_BODIES = faults(400, 401, 403, 404, 409, 413, 415, 422, 503, 504)
_READS = faults(401, 403, 404, 422, 503, 504)


@router.post("/pushes/decide", response_model=DecideAnswer, responses=_BODIES, summary="What to offer to whom, and why")
async def decide(
    request: Request,
    body: Annotated[DecideRequest, Body(openapi_examples=DECIDE_REQUESTS)],
    idempotency_key: _DecideKey = None,
) -> Response:
    """Every service for every customer asked about: an offer, or the first reason that speaks against it. `commit`
    makes the offers and holds the room they need.
    """
    who = request.state.principal
    return await answered(request, lambda b: b.pushes.decide(who, idempotency_key, body))


@router.get(
    "/pushes",
    response_model=PushesAnswer,
    responses={**_LINES, **_READS},
    summary="Offers, the newest first; as NDJSON for a CRM, too",
)
async def pushes(request: Request, query: Annotated[PushesQuery, Query()]) -> Response:
    """Those that were sent and match. Every reading is written down before it is answered."""
    who = request.state.principal
    if query.form == "json" or (query.form is None and not _wants_lines(request)):
        return await answered(request, lambda b: b.pushes.list(who, query))
    backend: Backend = request.app.state.backend
    lines: Iterator[bytes] = await backend.run(lambda: backend.pushes.lines(who, query))
    return StreamingResponse(lines, media_type=_NDJSON)


@router.get(
    "/pushes/services",
    response_model=ServicesAnswer,
    responses=faults(401, 403, 503, 504),
    summary="What may be offered",
)
async def services(request: Request) -> Response:
    """The catalogue in force: for whom, what it does to the load, what it brings and what asking costs."""
    return await answered(request, lambda b: b.pushes.services(request.state.principal))


@router.get(
    "/pushes/relief",
    response_model=PushesReliefAnswer,
    responses=_READS,
    summary="What offers would free where there is no room, and whom that would serve",
)
async def relief(request: Request, query: Annotated[PushesReliefQuery, Query()]) -> Response:
    """Of the newest publication of offers, at the nodes of the units the key sees."""
    return await answered(request, lambda b: b.pushes.relief(request.state.principal, query))


@router.get("/pushes/{push_id}", response_model=PushEntry, responses=_READS, summary="One offer")
async def push(request: Request, push_id: _PushId) -> Response:
    """What was offered, what it stands on, and what came of it."""
    return await answered(request, lambda b: b.pushes.get(request.state.principal, push_id))


@router.post("/outcomes", response_model=OutcomeAnswer, responses=_BODIES, summary="Hand in what came of an offer")
async def outcome(
    request: Request,
    idempotency_key: _OutcomeKey,
    body: Annotated[OutcomeRequest, Body(openapi_examples=OUTCOME_REQUESTS)],
) -> Response:
    """An acceptance holds in full the room that the offer held by its probability; a refusal frees it. Sent again
    under the same key nothing changes."""
    who = request.state.principal
    return await answered(request, lambda b: b.pushes.outcome(who, idempotency_key, body))


@router.get(
    "/customers/{customer_id}/do-not-contact",
    response_model=WishAnswer,
    responses=_READS,
    summary="Whether a customer wants to be left alone",
)
async def wish(request: Request, customer_id: _Customer) -> Response:
    """As it stands by the newest word of any account of the person, since when, and who handed it in."""
    return await answered(request, lambda b: b.pushes.wish(request.state.principal, customer_id))


@router.put(
    "/customers/{customer_id}/do-not-contact",
    response_model=WishAnswer,
    responses=faults(400, 401, 403, 404, 413, 415, 422, 503, 504),
    summary="A customer wants to be left alone, or no more",
)
async def do_not_contact(request: Request, customer_id: _Customer, body: WishRequest) -> Response:
    """It holds from now on, for all accounts of the person: what is open to him is withdrawn. Saying again what stands
    changes nothing."""
    return await answered(request, lambda b: b.pushes.do_not_contact(request.state.principal, customer_id, body))


def _wants_lines(request: Request) -> bool:
    accepted = [one.split(";")[0].strip().lower() for one in request.headers.get("accept", "").split(",")]
    return _NDJSON in accepted and "application/json" not in accepted
