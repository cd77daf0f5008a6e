"""The use case of handing in what an inspection found: into the lake by the gate, where the next training finds it."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.errors import ConflictError, HeadroomError
from features.workspace import Workspace
from serving.access import Permission, Principal
from serving.customers.accounts import Accounts
from serving.holdings import Holdings
from serving.messages.customers import InspectionRequest
from serving.refusals import (
    BadBodyError,
    BadFieldError,
    DuplicateError,
    FieldFault,
    KeyReusedError,
    ReadOnlyError,
)
from serving.settings import SNAPSHOT_RECORD

if TYPE_CHECKING:
    from features.ingest.increment import Posted

__all__ = ["Visits"]

_TABLE = "inspection"
_FIRST_YEAR, _LAST_YEAR = 1950, 9000


class Visits:
    """Results of inspections, each under the idempotency key of who hands it in."""

    def __init__(self, holdings: Holdings, accounts: Accounts) -> None:
        self.holdings, self.accounts = holdings, accounts

    @property
    def workspace(self) -> Workspace:
        """Where the lake is."""
        return self.holdings.workspace

    def take(self, who: Principal, key: str, request: InspectionRequest) -> dict[str, Any]:
        """The batch it is in; the same again under its key changes nothing and says so."""
        who.require(Permission.INSPECT)
        if (self.workspace.root / SNAPSHOT_RECORD).is_file():
            raise ReadOnlyError("this service answers from a packed snapshot, which is never written to")
        self.accounts.require_own(who, request.customer_id)
        self._require_sound(request)
        told = self._taken(_posted(who, key, request))
        if not told["accepted"]:
            first = told["refused"][0] if told["refused"] else {"reason": "REFUSED", "column": ""}
            column = first["column"] or "(body)"
            raise BadBodyError(f"{column}: {first['reason']}", [FieldFault(column, first["reason"])])
        return {
            "inspection_id": request.inspection_id,
            "customer_id": request.customer_id,
            "batch": told["batch"],
            "repeated": told["repeated"],
        }

    def _taken(self, posted: "Posted") -> dict[str, Any]:
        from features.ingest import take

        try:
            return take(self.workspace, posted, 1)
        except ConflictError as error:
            fault = FieldFault("Idempotency-Key", "used for another inspection")
            raise KeyReusedError("another inspection came under this key before", [fault]) from error
        except OSError as error:
            # The sender may try again under the same key: it is in, or it is not.
            raise HeadroomError(f"the workspace cannot be written to now ({error.strerror})") from error

    def _require_sound(self, request: InspectionRequest) -> None:
        """Times in their order, and a number that is not another customer's."""
        for name in ("inspected_at", "fault_since"):
            at = getattr(request, name)
            # At the ends of the calendar a moment has no other zone.
            if at is not None and at.year < _FIRST_YEAR:
                raise BadFieldError.of(name, f"is before {_FIRST_YEAR}")
            if at is not None and (at.year > _LAST_YEAR or at > datetime.now(UTC)):
                raise BadFieldError.of(name, "lies ahead")
        if request.fault_since is not None and request.fault_since > request.inspected_at:
            raise BadFieldError.of("fault_since", "is later than the inspection")
        columns = ["inspection_id", "customer_id"]
        before = self.holdings.lake.read(_TABLE, columns=columns, where={"inspection_id": [request.inspection_id]})
        others = before[before["customer_id"] != request.customer_id]
        if len(others):
            raise DuplicateError(f"inspection {request.inspection_id} is of another customer")


def _posted(who: Principal, key: str, request: InspectionRequest) -> "Posted":
    from features.ingest import Posted

    values = request.model_dump(exclude_none=True)
    for name in ("inspected_at", "fault_since"):
        if name in values:
            values[name] = values[name].astimezone(UTC).isoformat()
    body = json.dumps(values, ensure_ascii=False, sort_keys=True).encode()
    # Two who hand in under the same key mean different things by it.
    return Posted(_TABLE, body, "ndjson", f"{who.key_id} {key}", pd.Timestamp.now(tz="UTC").floor("us"))
