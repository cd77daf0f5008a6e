"""Rows that come in."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response

from serving.envelope import IntakeRoute
from serving.examples import INGEST_ANSWER, INGEST_REQUESTS
from serving.messages import IngestAnswer
from serving.web.shared import BY_KEY, answered, example, faults

__all__ = ["router"]

router = APIRouter(prefix="/v1", route_class=IntakeRoute, dependencies=BY_KEY)

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


@router.post(
    "/ingest/{table}",
    response_model=IngestAnswer,
    responses={**example(INGEST_ANSWER), **faults(401, 403, 404, 409, 413, 415, 422, 503, 504)},
    openapi_extra=_ROWS,
    summary="Bring rows of a table in",
)
async def ingest(request: Request, table: _IngestTable, idempotency_key: _IngestKey) -> Response:
    """Rows that keep the contract are in the lake when this is answered, all at once; the others are in quarantine,
    with their reason. For keys of the whole territory that may bring rows in.
    """
    body, who = await request.body(), request.state.principal
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return await answered(request, lambda b: b.take(who, table, idempotency_key, media_type, body))
