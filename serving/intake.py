"""The use case of bringing rows in over HTTP: who may, and what becomes of what was sent."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from features.contracts import CONTRACTS
from features.errors import ConflictError, HeadroomError, SourceError
from features.workspace import Workspace
from serving.access import Permission, Principal
from serving.refusals import (
    BadBodyError,
    FieldFault,
    KeyReusedError,
    OutOfScopeError,
    ReadOnlyError,
    TooLargeError,
    UnknownTableError,
)
from serving.settings import SNAPSHOT_RECORD, ServiceSettings

if TYPE_CHECKING:
    from features.ingest.increment import Kind

__all__ = ["INTAKE_TYPES", "Intake"]

INTAKE_TYPES: dict[str, "Kind"] = {"application/x-ndjson": "ndjson", "text/csv": "csv"}
"""Media types a body may have, and what each is."""


class Intake:
    """Rows of any table, in the contract's own columns, into the lake of a workspace."""

    def __init__(self, workspace: Workspace, settings: ServiceSettings) -> None:
        self.workspace, self.settings = workspace, settings

    def admit(self, who: Principal) -> None:
        """Refuse who may not, before the body is read; and everybody where the workspace is a packed one."""
        who.require(Permission.INGEST)
        if who.org_unit is not None:
            raise OutOfScopeError("a key of one org unit may not bring rows in: they could be of any unit")
        if (self.workspace.root / SNAPSHOT_RECORD).is_file():
            raise ReadOnlyError("this service answers from a packed snapshot, which is never written to")

    def take(self, who: Principal, table: str, key: str, media_type: str, body: bytes) -> dict[str, Any]:
        """Counts of what was accepted and refused; see `features.ingest.take`."""
        from features.ingest import Posted, TooManyRowsError, take

        self.admit(who)
        if table not in CONTRACTS:
            raise UnknownTableError(f"there is no table {table}; known: {', '.join(CONTRACTS)}")
        posted = Posted(table, body, INTAKE_TYPES[media_type], key, pd.Timestamp.now(tz="UTC").floor("us"))
        try:
            return take(self.workspace, posted, self.settings.max_ingest_rows)
        except ConflictError as error:
            raise KeyReusedError(str(error), [FieldFault("Idempotency-Key", "used for other rows")]) from error
        except TooManyRowsError as error:
            raise TooLargeError(str(error)) from error
        except SourceError as error:
            raise BadBodyError(str(error), [FieldFault("(body)", str(error))]) from error
        except OSError as error:
            # The sender may try again under the same key: nothing is in, or all of it.
            raise HeadroomError(f"the workspace cannot be written to now ({error.strerror})") from error
